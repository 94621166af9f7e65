// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include "mapped.hpp"
#include "module_check.hpp"
#include "threads.hpp"

// Saves linking Boost.Filesystem.
#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace loom::host {
namespace {

namespace fs = std::filesystem;
namespace dll = boost::dll;

std::unexpected<Error> failure(const fs::path& path, std::string_view what) {
    return std::unexpected{Error{
        fmt::format("{}: {}", printable(path.native(), 320), what), Failure::plugin_damaged}};
}

/// The loader's own words, without the path that it begins them with.
std::string loader_error(const fs::path& path) {
    const char* text = ::dlerror();
    if (text == nullptr) return "unknown error of the dynamic loader";
    std::string_view rest = text;
    const std::string place = path.native() + ": ";
    if (rest.starts_with(place)) rest.remove_prefix(place.size());
    return printable(rest, 640);
}

bool is_loaded(const fs::path& path) {
    void* handle = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (handle == nullptr) return false;
    ::dlclose(handle);
    return true;
}

std::string_view view(const loom_str& text) { return {text.data, text.size}; }

Result<void>
check_agreement(const loom_module& module, const PluginFile& file, const fs::path& path) {
    const loom_plugin& first = *module.plugins[0];
    if (view(first.id) == file.id && view(first.version) == file.version) return {};
    return failure(
        path,
        fmt::format(
            "calls itself {} {} in its LOOM note, but {} {} in loom_plugin; make them the same",
            file.id,
            file.version,
            printable(view(first.id)),
            printable(view(first.version))));
}

std::uintptr_t base_of(const dll::shared_library& file) {
    link_map* map = nullptr;
    if (::dlinfo(file.native(), RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return 0;
    return map->l_addr;
}

/// Keeps the object when all other references to it go.
void hold(const fs::path& path) {
    ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
}

/// Only looked for when it happened, so the file may be read once more.
std::string pin_reason(const fs::path& path) {
    const auto file = check_elf_file(path);
    if (!file) return file.error().text;
    if (file->thread_local_destructors) {
        return "a thread that still runs has one of its thread_local objects with a destructor; "
               "keep such state in worker_init";
    }
    if (is_loaded(path))
        return "something else holds the object: a library that needs it, or a "
               "second dlopen() of the same file";
    return "the dynamic loader did not let it go";
}

}  // namespace

struct Library::Loaded {
    fs::path path;
    PluginFile file;
    UnloadPolicy policy = UnloadPolicy::unmap;
    dll::shared_library object;
    std::uintptr_t base = 0;
    std::vector<loom_plugin> tables;  // Copies of this host's size.
    std::vector<const loom_plugin*> plugins;
    std::set<pid_t> older_threads;  // The host's own and those of plugins loaded before.
    std::optional<UnloadResult> closed;

    void take_plugins(const loom_module& module);
    /// Why some thread may run in its code; empty if none can.
    [[nodiscard]] std::string thread_objection() const;
    UnloadResult unload();
};

void Library::Loaded::take_plugins(const loom_module& module) {
    // What an older plugin does not have is NULL, so that nothing behind here asks for its size.
    for (const loom_plugin* each : std::span{module.plugins, module.plugin_count}) {
        std::memcpy(
            &tables.emplace_back(), each, std::min<std::size_t>(each->size, sizeof(loom_plugin)));
    }
    for (const loom_plugin& each : tables) plugins.push_back(&each);
}

std::string Library::Loaded::thread_objection() const {
    if (!file.starts_threads) return {};
    std::string names;
    for (const pid_t each : running_threads()) {
        if (older_threads.contains(each) || !may_run_in(each, path)) continue;
        names += fmt::format(
            "{}{} ({})", names.empty() ? "" : ", ", each, printable(thread_name(each)));
    }
    if (names.empty()) return {};
    return "threads that it started still run: " + names + "; end and join them in stop()";
}

UnloadResult Library::Loaded::unload() {
    using Outcome = UnloadResult::Outcome;
    plugins.clear();
    if (policy == UnloadPolicy::keep) {
        hold(path);
        object.unload();
        return {Outcome::kept, "plugins are kept (host.keep_plugins)"};
    }
    if (auto objection = thread_objection(); !objection.empty()) {
        hold(path);
        object.unload();
        return {Outcome::pinned, std::move(objection)};
    }
    object.unload();
    if (!is_loaded(path) && mapped_segments(path) == 0) return {Outcome::unmapped, {}};
    return {Outcome::pinned, pin_reason(path)};
}

Library::Library(std::unique_ptr<Loaded> loaded) : loaded_{std::move(loaded)} {}
Library::Library(Library&&) noexcept = default;

Library::~Library() {
    if (loaded_) close();
}

Result<Library> Library::open(const fs::path& copy, const PluginFile& file, UnloadPolicy policy) {
    std::error_code error;
    const auto path = fs::canonical(copy, error);
    if (error) return failure(copy, error.message());
    // The loader would give the old code again, whatever the file holds now.
    if (is_loaded(path)) return failure(path, "is loaded already; load a private copy of it");

    auto loaded = std::make_unique<Loaded>();
    loaded->path = path;
    loaded->file = file;
    loaded->policy = policy;
    if (file.starts_threads) loaded->older_threads = running_threads();
    // Bound at once: an incomplete plugin must fail here, not on its first query. Local: plugins
    // must not find each other's symbols.
    loaded->object.load(path, error, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    if (error) return failure(path, "cannot be loaded: " + loader_error(path));
    loaded->base = base_of(loaded->object);

    if (!loaded->object.has(LOOM_MODULE_SYMBOL)) {
        return failure(
            path, "exports no " LOOM_MODULE_SYMBOL "; link it with the SDK's plugin.map");
    }
    const auto& module = loaded->object.get<const loom_module>(LOOM_MODULE_SYMBOL);
    if (auto done = check_module(module, path.native()); !done) {
        return std::unexpected{done.error()};
    }
    if (auto done = check_agreement(module, file, path); !done) {
        return std::unexpected{done.error()};
    }
    loaded->take_plugins(module);
    return Library{std::move(loaded)};
}

std::span<const loom_plugin* const> Library::plugins() const { return loaded_->plugins; }

const loom_plugin* Library::find(std::string_view id) const {
    const auto found = std::ranges::find(
        loaded_->plugins, id, [](const loom_plugin* each) { return view(each->id); });
    return found == loaded_->plugins.end() ? nullptr : *found;
}

const fs::path& Library::path() const { return loaded_->path; }
const PluginFile& Library::file() const { return loaded_->file; }
std::uintptr_t Library::base_address() const { return loaded_->base; }

UnloadResult Library::close() {
    if (!loaded_->closed) loaded_->closed = loaded_->unload();
    return *loaded_->closed;
}

}  // namespace loom::host
