// SPDX-License-Identifier: Apache-2.0
#include "elf_check.hpp"

#include "abi_rule.hpp"
#include "elf_image.hpp"

#include <dnsloom/abi/plugin.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <set>

namespace loom::host {
namespace {

constexpr std::size_t listed_max = 3;
constexpr std::uint32_t note_type = 1;
constexpr std::size_t note_header_size = offsetof(loom_note, magic);

std::unexpected<Error> objection(std::string text, Failure failure = Failure::plugin_damaged) {
    return std::unexpected{Error{std::move(text), failure}};
}

/// The libraries that every plugin may be linked with. Beginnings of names.
constexpr std::array<std::string_view, 12> usual_libraries{
    "libc.so.",
    "libm.so.",
    "libstdc++.so.",
    "libgcc_s.so.",
    "ld-linux",
    "libpthread.so.",
    "libdl.so.",
    "librt.so.",
    "libasan.so.",
    "libubsan.so.",
    "libtsan.so.",
    "liblsan.so."};

struct Import {
    std::string_view name;
    std::string_view consequence;
};

constexpr std::string_view thread_local_consequence =
    "has a thread_local with a destructor, which can keep its code mapped after a reload; "
    "keep such state in worker_init";
constexpr std::string_view handler_consequence =
    "a handler outlives the plugin's code and then crashes the host; use the host's services";
constexpr std::string_view process_consequence =
    "a child of a threaded process may hang; start processes with posix_spawn";
constexpr std::string_view thread_consequence =
    "a thread of its own that outlives destroy() keeps its code mapped; use loom.loop";

constexpr std::array risky_imports{
    Import{"__cxa_thread_atexit", thread_local_consequence},
    Import{"__cxa_thread_atexit_impl", thread_local_consequence},
    Import{
        "pthread_key_create",
        "its destructor is called at thread exit, after the code is gone; "
        "keep such state in worker_init"},
    Import{"signal", handler_consequence},
    Import{"__sysv_signal", handler_consequence},
    Import{"sigaction", handler_consequence},
    Import{"on_exit", handler_consequence},
    Import{"setitimer", handler_consequence},
    Import{"fork", process_consequence},
    Import{"vfork", process_consequence},
    Import{"system", process_consequence},
    Import{"popen", process_consequence},
    Import{"pthread_create", thread_consequence},
    Import{
        "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
        thread_consequence},
};

bool is_usual(std::string_view library) {
    return std::ranges::any_of(
        usual_libraries, [library](std::string_view each) { return library.starts_with(each); });
}

std::string hexadecimal(std::span<const std::byte> octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte each : octets) {
        text += digits[std::to_integer<std::size_t>(each >> 4)];
        text += digits[std::to_integer<std::size_t>(each & std::byte{15})];
    }
    return text;
}

bool fits_a_name(std::string_view text, std::string_view also) {
    return !text.empty() && std::ranges::all_of(text, [also](char each) {
        const auto octet = static_cast<unsigned char>(each);
        return std::isalnum(octet) != 0 || also.find(each) != std::string_view::npos;
    });
}

/// The text in a field of the note; empty if it is not terminated.
template <std::size_t size>
std::string_view text_of(const char (&field)[size]) {
    const std::size_t length = ::strnlen(field, size);
    return length == size ? std::string_view{} : std::string_view{field, length};
}

Result<void> take_note(const ElfNote& found, PluginFile& file) {
    loom_note note{};
    if (found.description.size() < sizeof note - note_header_size) {
        return objection("has a LOOM note that is too short; use LOOM_NOTE of the SDK");
    }
    std::memcpy(
        reinterpret_cast<std::byte*>(&note) + note_header_size,
        found.description.data(),
        sizeof note - note_header_size);
    if (note.magic != LOOM_NOTE_MAGIC) {
        return objection("has a LOOM note without its magic; use LOOM_NOTE of the SDK");
    }
    if (auto text = abi_objection(note.abi_major, note.abi_minor); !text.empty()) {
        return objection(std::move(text), Failure::plugin_abi);
    }
    const auto id = text_of(note.id);
    const auto version = text_of(note.version);
    if (!fits_a_name(id, "_-") || !fits_a_name(version, "._-+~")) {
        return objection(
            "has a LOOM note with an unusable id or version; use letters, digits, _ and - (in a "
            "version also . + ~)");
    }
    file.id = id;
    file.version = version;
    file.abi_major = note.abi_major;
    file.abi_minor = note.abi_minor;
    file.plugin_size = note.plugin_size;
    return {};
}

Result<void> check_notes(const ElfImage& image, PluginFile& file) {
    const auto notes = image.notes();
    if (!notes) return std::unexpected{notes.error()};
    bool described = false;
    for (const ElfNote& each : *notes) {
        if (each.owner == ELF_NOTE_GNU && each.type == NT_GNU_BUILD_ID) {
            file.build_id = hexadecimal(std::span{each.description}.first(
                std::min<std::size_t>(each.description.size(), 32)));
        }
        if (described || each.owner != "LOOM" || each.type != note_type) continue;
        if (auto done = take_note(each, file); !done) return done;
        described = true;
    }
    if (!described) {
        return objection(
            "is no dnsloom plugin: it has no LOOM note; use LOOM_PLUGIN (C++) or LOOM_NOTE (C)");
    }
    return {};
}

Result<void> check_flags(const ElfImage& image) {
    // glibc takes an object without the header to want an executable stack.
    const Elf64_Phdr* stack = image.segment(PT_GNU_STACK);
    if (stack == nullptr || (stack->p_flags & PF_X) != 0) {
        return objection("wants an executable stack; link with -Wl,-z,noexecstack");
    }
    const std::uint64_t flags = image.dynamic(DT_FLAGS).value_or(0);
    const std::uint64_t flags_1 = image.dynamic(DT_FLAGS_1).value_or(0);
    if ((flags_1 & DF_1_PIE) != 0) return objection("is an executable; link with -shared");
    if ((flags_1 & DF_1_NODELETE) != 0) {
        return objection("can never be unloaded (NODELETE); link without -Wl,-z,nodelete");
    }
    if ((flags & DF_STATIC_TLS) != 0) {
        return objection(
            "uses static TLS, which runs out after a few reloads; compile with -fPIC and without "
            "-ftls-model=initial-exec, and link no allocator");
    }
    return {};
}

const Import* risk_of(std::string_view import) {
    const auto found = std::ranges::find(risky_imports, import, &Import::name);
    return found == risky_imports.end() ? nullptr : &*found;
}

void add_warning(PluginFile& file, const Import& risk) {
    if (risk.consequence == thread_local_consequence) file.thread_local_destructors = true;
    if (risk.consequence == thread_consequence) file.starts_threads = true;
    file.warnings.push_back(
        "uses " + std::string{risk.name} + ": " + std::string{risk.consequence});
}

Result<void> check_symbols(const ElfImage& image, PluginFile& file) {
    std::string unique;
    std::size_t unique_count = 0;
    bool has_module = false;
    std::set<const Import*> risks;
    auto done = image.each_symbol([&](const ElfSymbol& symbol) {
        has_module = has_module || (symbol.defined && symbol.name == LOOM_MODULE_SYMBOL);
        const Import* risk = symbol.defined ? nullptr : risk_of(symbol.name);
        if (risk != nullptr) risks.insert(risk);
        if (!symbol.unique || !symbol.defined) return;
        if (++unique_count <= listed_max) unique += " " + printable(symbol.name);
    });
    if (!done) return done;
    if (unique_count != 0) {
        return objection(
            "can never be unloaded: " + std::to_string(unique_count) + " unique symbols (" +
            unique.substr(1) + (unique_count > listed_max ? " ..." : "") +
            "); compile with -fno-gnu-unique and link with the SDK's plugin.map "
            "(-Wl,--version-script)");
    }
    if (!has_module) {
        return objection("exports no " LOOM_MODULE_SYMBOL
                         "; use LOOM_PLUGIN and the SDK's plugin.map");
    }
    for (const Import* each : risks) add_warning(file, *each);
    return {};
}

/// A library of the system, such as OpenSSL's, is no concern of the operator's: it is one for all
/// plugins anyway, and package updates end in a restart. One that a plugin brings along is.
Result<void> check_needed(const ElfImage& image, PluginFile& file) {
    auto needed = image.dynamic_strings(DT_NEEDED);
    if (!needed) return std::unexpected{needed.error()};
    const bool brings_libraries =
        image.dynamic(DT_RUNPATH).has_value() || image.dynamic(DT_RPATH).has_value();
    for (std::string& each : *needed) {
        each = printable(each);
        if (is_usual(each)) continue;
        file.starts_threads = true;  // It may.
        if (!brings_libraries) continue;
        file.warnings.push_back(
            "needs " + each +
            " from a search path of its own (RUNPATH): all plugins share the first copy that is "
            "loaded, and a reload does not renew it; link it statically");
    }
    file.needed = std::move(*needed);
    return {};
}

Result<PluginFile> check(const OctetSource& octets) {
    const auto image = ElfImage::read(octets);
    if (!image) return std::unexpected{image.error()};
    PluginFile file;
    if (auto done = check_notes(*image, file); !done) return std::unexpected{done.error()};
    if (auto done = check_flags(*image); !done) return std::unexpected{done.error()};
    if (auto done = check_symbols(*image, file); !done) return std::unexpected{done.error()};
    if (auto done = check_needed(*image, file); !done) return std::unexpected{done.error()};
    return file;
}

}  // namespace

Result<PluginFile> check_elf(const OctetSource& octets, std::string_view place) {
    auto file = check(octets);
    if (!file) {
        return objection(
            printable(place, shown_size_max * 4) + ": " + file.error().text,
            file.error().failure);
    }
    return file;
}

Result<PluginFile> check_elf_file(const std::filesystem::path& path) {
    const auto octets = FileOctets::open(path);
    if (!octets) return std::unexpected{octets.error()};
    return check_elf(*octets, path.native());
}

}  // namespace loom::host
