// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"
#include "mapped.hpp"
#include "private_copy.hpp"
#include "test_plugins/test_plugins.hpp"

#include <doctest/doctest.h>

#include <dlfcn.h>

#include <latch>
#include <thread>

using namespace loom::host;
using Outcome = UnloadResult::Outcome;
namespace fs = std::filesystem;

namespace {

std::string_view view(const loom_str& text) { return {text.data, text.size}; }

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Copies files to fresh names and opens those.
struct LibraryFixture {
    TemporaryFolder folder;
    CopyFolder copies = CopyFolder::open(folder.path()).value();

    Result<Library> open(const fs::path& source, UnloadPolicy policy = UnloadPolicy::unmap) {
        auto copy = copies.copy(source, "test");
        if (!copy) return std::unexpected{copy.error()};
        const auto file = check_elf_file(copy->path());
        if (!file) return std::unexpected{file.error()};
        auto library = Library::open(copy->path(), *file, policy);
        copies.retire(std::move(*copy));
        return library;
    }

    /// Without the check that would refuse it.
    Result<Library> force_open(std::string_view name, std::string_view id) {
        auto copy = copies.copy(test_plugin(name), "test");
        REQUIRE(copy);
        PluginFile file;
        file.id = id;
        file.version = "1.0.0";
        auto library = Library::open(copy->path(), file, UnloadPolicy::unmap);
        copies.retire(std::move(*copy));
        return library;
    }
};

}  // namespace

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: gives the plugins") {
    const auto library = open(test_plugin("wrapped"));

    REQUIRE(library);
    REQUIRE(library->plugins().size() == 1);
    CHECK(view(library->plugins()[0]->id) == "wrapped");
    CHECK(library->find("wrapped") == library->plugins()[0]);
    CHECK(library->find("plain") == nullptr);
    CHECK(library->base_address() != 0);
    CHECK(library->file().version == "1.2.3");
    CHECK(mapped_segments(library->path()) > 1);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: an older plugin lacks what came later") {
    const auto library = open(test_plugin("shorter"));

    REQUIRE(library);
    const loom_plugin* plugin = library->find("plain");
    REQUIRE(plugin != nullptr);
    CHECK(static_cast<bool>(plugin->create));
    // It stands where it would be, but behind the end that the plugin tells.
    CHECK_FALSE(static_cast<bool>(plugin->prepare));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: names the symbol that is missing") {
    const auto library = open(test_plugin("missing_symbol"));

    REQUIRE_FALSE(library);
    CHECK(contains(library.error().text, "undefined symbol: function_of_nowhere"));
}

TEST_CASE_FIXTURE(
    LibraryFixture, "plugin/library: open: refuses a note that contradicts the code") {
    const auto library = open(test_plugin("other_note"));

    REQUIRE_FALSE(library);
    CHECK(contains(library.error().text, "calls itself plain 9.9.9 in its LOOM note"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: refuses a plugin of another ABI") {
    const auto library = force_open("abi_major", "plain");

    REQUIRE_FALSE(library);
    CHECK(contains(library.error().text, "needs plugin ABI 1.1"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: refuses an object without the symbol") {
    const auto library = force_open("no_module", "plain");

    REQUIRE_FALSE(library);
    CHECK(contains(library.error().text, "exports no loom_module_0"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: refuses a file that is loaded already") {
    const auto first = open(test_plugin("plain"));
    REQUIRE(first);

    const auto second = Library::open(first->path(), first->file(), UnloadPolicy::unmap);

    REQUIRE_FALSE(second);
    CHECK(contains(second.error().text, "is loaded already"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: keeps symbols from other objects") {
    const auto library = open(test_plugin("plain"));

    REQUIRE(library);
    CHECK(::dlsym(RTLD_DEFAULT, LOOM_MODULE_SYMBOL) == nullptr);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: a replaced file gives the new code") {
    const auto installed = folder.path() / "plain.so";
    fs::copy_file(test_plugin("plain"), installed);
    const auto before = open(installed);
    fs::copy_file(test_plugin("plain_v2"), folder.path() / "new");
    fs::rename(folder.path() / "new", installed);

    const auto after = open(installed);

    REQUIRE(before);
    REQUIRE(after);
    CHECK(view(before->plugins()[0]->version) == "1.0.0");
    CHECK(view(after->plugins()[0]->version) == "2.0.0");
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: open: a file written over gives the new code") {
    const auto installed = folder.path() / "plain.so";
    fs::copy_file(test_plugin("plain"), installed);
    const auto before = open(installed);
    fs::copy_file(test_plugin("plain_v2"), installed, fs::copy_options::overwrite_existing);

    const auto after = open(installed);

    REQUIRE(before);
    REQUIRE(after);
    CHECK(view(before->plugins()[0]->version) == "1.0.0");
    CHECK(view(after->plugins()[0]->version) == "2.0.0");
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: really unmaps, a hundred times") {
    for (const std::string_view name : {"plain", "wrapped"}) {
        CAPTURE(name);
        REQUIRE(open(test_plugin(name)));  // What the first one brings in stays.
        const auto before = mapped_segments();
        for (int i = 0; i < 100; ++i) {
            auto library = open(test_plugin(name));
            REQUIRE(library);
            const auto path = library->path();

            const auto result = library->close();

            REQUIRE(result.outcome == Outcome::unmapped);
            REQUIRE(mapped_segments(path) == 0);
            REQUIRE(::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD) == nullptr);
        }
        CHECK(mapped_segments() == before);
    }
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: gives the same again") {
    auto library = open(test_plugin("plain"));
    REQUIRE(library);

    CHECK(library->close().outcome == Outcome::unmapped);
    CHECK(library->close().outcome == Outcome::unmapped);
    CHECK(library->plugins().empty());
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: tells of NODELETE") {
    auto library = force_open("no_delete", "plain");
    REQUIRE(library);

    const auto result = library->close();

    CHECK(result.outcome == Outcome::pinned);
    CHECK(contains(result.reason, "NODELETE"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: tells of unique symbols") {
    auto library = force_open("unique", "unique");
    REQUIRE(library);

    const auto result = library->close();

    CHECK(result.outcome == Outcome::pinned);
    CHECK(contains(result.reason, "unique symbols"));
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: tells of a thread_local of a thread") {
    auto library = open(test_plugin("thread_local"));
    REQUIRE(library);
    const auto path = library->path();
    std::latch touched{1};
    std::latch closed{1};
    std::thread thread{[&, plugin = library->find("thread_local")] {
        plugin->extension(nullptr, "");
        touched.count_down();
        closed.wait();
    }};
    touched.wait();

    const auto result = library->close();
    closed.count_down();
    thread.join();

    CHECK(result.outcome == Outcome::pinned);
    CHECK(contains(result.reason, "thread_local"));
    CHECK(mapped_segments(path) > 0);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: keeps code that a thread still runs") {
    auto library = open(test_plugin("threaded"));
    REQUIRE(library);
    const auto path = library->path();
    const auto* plugin = library->find("threaded");
    REQUIRE(plugin->extension(nullptr, "start") != nullptr);

    const auto result = library->close();

    CHECK(result.outcome == Outcome::pinned);
    CHECK(contains(result.reason, "threads that it started still run"));
    CHECK(mapped_segments(path) > 0);
    // Would crash in code that is gone.
    CHECK(plugin->extension(nullptr, "stop") != nullptr);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: unmaps when its threads were joined") {
    for (int i = 0; i < 20; ++i) {
        auto library = open(test_plugin("threaded"));
        REQUIRE(library);
        const auto* plugin = library->find("threaded");
        REQUIRE(plugin->extension(nullptr, "start") != nullptr);
        REQUIRE(plugin->extension(nullptr, "stop") != nullptr);

        CHECK(library->close().outcome == Outcome::unmapped);
    }
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: is not held up by threads of others") {
    std::latch end{1};
    std::thread older{[&] { end.wait(); }};
    auto threaded = open(test_plugin("threaded"));
    auto plain = open(test_plugin("plain"));
    std::thread newer{[&] { end.wait(); }};
    REQUIRE(threaded);
    REQUIRE(plain);

    CHECK(plain->close().outcome == Outcome::unmapped);
    CHECK(threaded->close().outcome == Outcome::unmapped);
    end.count_down();
    newer.join();
    older.join();
}

// With a sanitizer frames have holes, in which a stack's last user may have left an address of code
// that was where the old one is now.
TEST_CASE_FIXTURE(
    LibraryFixture, "plugin/library: close: unmaps the old code while the new one's thread runs" *
                        doctest::skip(default_unload_policy == UnloadPolicy::keep)) {
    auto older = open(test_plugin("threaded"));
    auto newer = open(test_plugin("threaded"));
    REQUIRE(older);
    REQUIRE(newer);
    const auto* plugin = newer->find("threaded");
    REQUIRE(plugin->extension(nullptr, "start") != nullptr);

    const auto result = older->close();
    CAPTURE(result.reason);
    CHECK(result.outcome == Outcome::unmapped);

    REQUIRE(plugin->extension(nullptr, "stop") != nullptr);
    CHECK(newer->close().outcome == Outcome::unmapped);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: tells of another holder") {
    auto library = open(test_plugin("plain"));
    REQUIRE(library);
    void* holder = ::dlopen(library->path().c_str(), RTLD_NOW | RTLD_NOLOAD);
    REQUIRE(holder != nullptr);

    const auto result = library->close();

    CHECK(result.outcome == Outcome::pinned);
    CHECK(contains(result.reason, "something else holds the object"));
    ::dlclose(holder);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: close: keeps the code where it is told to") {
    auto library = open(test_plugin("plain"), UnloadPolicy::keep);
    REQUIRE(library);
    const auto path = library->path();

    const auto result = library->close();

    CHECK(result.outcome == Outcome::kept);
    CHECK(mapped_segments(path) > 1);
}

TEST_CASE_FIXTURE(LibraryFixture, "plugin/library: destruction: unmaps") {
    fs::path path;
    {
        const auto library = open(test_plugin("plain"));
        REQUIRE(library);
        path = library->path();
    }
    CHECK(mapped_segments(path) == 0);
}
