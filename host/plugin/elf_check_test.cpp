// SPDX-License-Identifier: Apache-2.0
#include "elf_check.hpp"
#include "library.hpp"
#include "test_plugins/test_plugins.hpp"

#include <dnsloom/abi/plugin.h>

#include <doctest/doctest.h>

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <functional>

using namespace loom::host;

namespace {

using Octets = std::vector<std::byte>;

Result<PluginFile> check(std::span<const std::byte> octets) {
    return check_elf(MemoryOctets{octets}, "x.so");
}

std::string error_of(std::span<const std::byte> octets) {
    const auto file = check(octets);
    return file ? "" : file.error().text;
}

std::string error_of_plugin(std::string_view name) {
    const auto file = check_elf_file(test_plugin(name));
    return file ? "" : file.error().text;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

bool any_contains(const std::vector<std::string>& texts, std::string_view part) {
    return std::ranges::any_of(texts, [part](const auto& each) { return contains(each, part); });
}

Elf64_Ehdr header_of(const Octets& octets) {
    Elf64_Ehdr header{};
    std::memcpy(&header, octets.data(), sizeof header);
    return header;
}

/// plain.so with another ELF header.
Octets with_header(const std::function<void(Elf64_Ehdr&)>& edit) {
    auto octets = octets_of(test_plugin("plain"));
    auto header = header_of(octets);
    edit(header);
    std::memcpy(octets.data(), &header, sizeof header);
    return octets;
}

/// A plugin with another first segment of that type.
Octets with_segment(
    std::uint32_t type,
    const std::function<void(Elf64_Phdr&)>& edit,
    std::string_view name = "plain") {
    auto octets = octets_of(test_plugin(name));
    const auto header = header_of(octets);
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        auto* at = octets.data() + header.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment{};
        std::memcpy(&segment, at, sizeof segment);
        if (segment.p_type != type) continue;
        edit(segment);
        std::memcpy(at, &segment, sizeof segment);
        return octets;
    }
    FAIL("no such segment");
    return octets;
}

/// A plugin with another first dynamic entry of that tag.
Octets with_dynamic(
    std::int64_t tag, const std::function<void(Elf64_Dyn&)>& edit, std::string_view name) {
    Elf64_Phdr table{};
    auto octets = with_segment(
        PT_DYNAMIC, [&table](Elf64_Phdr& each) { table = each; }, name);
    for (std::uint64_t at = 0; at < table.p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry{};
        std::memcpy(&entry, octets.data() + table.p_offset + at, sizeof entry);
        if (entry.d_tag != tag) continue;
        edit(entry);
        std::memcpy(octets.data() + table.p_offset + at, &entry, sizeof entry);
        return octets;
    }
    FAIL("no such entry");
    return octets;
}

Octets with_dynamic(std::int64_t tag, std::uint64_t value, std::string_view name = "plain") {
    return with_dynamic(
        tag, [value](Elf64_Dyn& entry) { entry.d_un.d_val = value; }, name);
}

/// plain.so with another note.
Octets with_note(const std::function<void(loom_note&)>& edit) {
    auto octets = octets_of(test_plugin("plain"));
    const char name[] = "LOOM\0\0\0";
    const auto found = std::ranges::search(octets, std::as_bytes(std::span{name}));
    REQUIRE(!found.empty());
    auto* at = &*found.begin() - offsetof(loom_note, name);
    loom_note note{};
    std::memcpy(&note, at, sizeof note);
    edit(note);
    std::memcpy(at, &note, sizeof note);
    return octets;
}

/// plain.so as after `sstrip`: without section headers, so that its tail is needed by nobody.
Octets without_sections() {
    return with_header([](Elf64_Ehdr& header) {
        header.e_shoff = 0;
        header.e_shnum = 0;
    });
}

}  // namespace

TEST_CASE("plugin/elf_check: proper plugins: are described") {
    const auto plain = check_elf_file(test_plugin("plain"));
    const auto wrapped = check_elf_file(test_plugin("wrapped"));

    REQUIRE(plain);
    CHECK(plain->id == "plain");
    CHECK(plain->version == "1.0.0");
    CHECK(plain->abi_major == LOOM_ABI_MAJOR);
    CHECK(plain->abi_minor == LOOM_ABI_MINOR);
    CHECK(plain->plugin_size == sizeof(loom_plugin));
    CHECK(plain->build_id.size() == 40);
    CHECK(plain->warnings.empty());
    REQUIRE(wrapped);
    CHECK(wrapped->id == "wrapped");
    CHECK(wrapped->version == "1.2.3");
    CHECK(any_contains(wrapped->needed, "libstdc++.so."));
    CHECK(wrapped->warnings.empty());
}

TEST_CASE("plugin/elf_check: plugins with one thing wrong: are refused with the remedy") {
    CHECK(contains(error_of_plugin("no_note"), "no LOOM note; use LOOM_PLUGIN"));
    CHECK(contains(error_of_plugin("abi_major"), "this host has 0.1; update the host"));
    CHECK(contains(error_of_plugin("abi_minor"), "needs plugin ABI 0.2, this host has 0.1"));
    CHECK(contains(error_of_plugin("no_module"), "exports no loom_module_0"));
    CHECK(contains(error_of_plugin("exec_stack"), "link with -Wl,-z,noexecstack"));
    CHECK(contains(error_of_plugin("no_delete"), "NODELETE"));
    CHECK(contains(error_of_plugin("static_tls"), "static TLS"));
    CHECK(contains(error_of_plugin("unique"), "1 unique symbols (_ZN7CounterIiE5valueE)"));
    CHECK(contains(error_of_plugin("unique"), "-fno-gnu-unique"));
}

TEST_CASE("plugin/elf_check: an error: is one line that begins with the place") {
    const auto path = test_plugin("no_note");

    const auto error = check_elf_file(path).error().text;

    CHECK(error.starts_with(path.string() + ": "));
    CHECK_FALSE(contains(error, "\n"));
    CHECK(check_elf_file("/nowhere.so").error().text.starts_with("/nowhere.so: cannot be opened"));
}

TEST_CASE("plugin/elf_check: a risky plugin: is taken with warnings") {
    const auto risky = check_elf_file(test_plugin("risky"));
    const auto local = check_elf_file(test_plugin("thread_local"));

    REQUIRE(risky);
    CHECK(any_contains(risky->warnings, "signal:"));
    CHECK(any_contains(risky->warnings, "uses fork:"));
    CHECK(any_contains(risky->warnings, "uses pthread_key_create:"));
    CHECK(any_contains(risky->warnings, "needs libnowhere.so from a search path"));
    CHECK(risky->warnings.size() == 4);
    CHECK_FALSE(risky->thread_local_destructors);
    REQUIRE(local);
    CHECK(any_contains(local->warnings, "uses __cxa_thread_atexit:"));
    CHECK(local->thread_local_destructors);
}

TEST_CASE("plugin/elf_check: a library of the system: is nothing to warn of") {
    // As it is once Meson has installed it: without the search path.
    const auto octets = with_dynamic(
        DT_RUNPATH, [](Elf64_Dyn& entry) { entry.d_tag = DT_DEBUG; }, "risky");

    const auto file = check(octets);

    REQUIRE(file);
    CHECK_FALSE(any_contains(file->warnings, "libnowhere"));
    CHECK(file->starts_threads);
}

TEST_CASE("plugin/elf_check: threads: are expected of what can start them") {
    CHECK(check_elf_file(test_plugin("threaded"))->starts_threads);
    CHECK_FALSE(check_elf_file(test_plugin("plain"))->starts_threads);
    CHECK_FALSE(check_elf_file(test_plugin("wrapped"))->starts_threads);
}

TEST_CASE("plugin/elf_check: errors: tell a damaged file from one of another ABI") {
    const auto failure_of = [](std::string_view name) {
        return check_elf_file(test_plugin(name)).error().failure;
    };

    CHECK(failure_of("no_note") == Failure::plugin_damaged);
    CHECK(failure_of("abi_minor") == Failure::plugin_abi);
}

TEST_CASE("plugin/elf_check: files of another kind: are refused") {
    const std::string text(200, 'x');

    CHECK(contains(error_of({}), "is empty"));
    CHECK(contains(error_of(std::as_bytes(std::span{"#!/bin/sh\n"})), "is too short"));
    CHECK(contains(error_of(std::as_bytes(std::span{text})), "no ELF magic"));
    CHECK(contains(check_elf_file("/proc/self/exe").error().text, "no LOOM note"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_ident[EI_CLASS] = ELFCLASS32; })),
        "is not a 64-bit object"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_ident[EI_DATA] = ELFDATA2MSB; })),
        "big-endian"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_machine = EM_S390; })),
        "is built for S/390, this host runs on"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_type = ET_REL; })), "link with -shared"));
}

TEST_CASE("plugin/elf_check: headers that lie: are refused") {
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_phnum = 0; })), "program headers"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_phoff = ~0ULL - 8; })),
        "ends within its program headers"));
    CHECK(contains(
        error_of(with_header([](auto& header) { header.e_shoff += 1; })), "section headers"));
    CHECK(contains(
        error_of(with_segment(PT_LOAD, [](auto& each) { each.p_filesz = ~0ULL; })),
        "ends within a segment"));
    CHECK(contains(
        error_of(with_segment(PT_LOAD, [](auto& each) { each.p_memsz = 1; })),
        "larger in the file"));
    CHECK(contains(
        error_of(with_segment(PT_LOAD, [](auto& each) { each.p_vaddr += 1; })), "misaligned"));
    CHECK(contains(
        error_of(with_segment(PT_LOAD, [](auto& each) { each.p_memsz = 1ULL << 40U; })),
        "4 GiB of address space"));
    CHECK(contains(
        error_of(with_segment(PT_LOAD, [](auto& each) { each.p_memsz = 1ULL << 20U; })),
        "overlapping"));
    CHECK(contains(
        error_of(with_segment(PT_DYNAMIC, [](auto& each) { each.p_vaddr += 16; })), "not loaded"));
    CHECK(contains(
        error_of(with_segment(PT_DYNAMIC, [](auto& each) { each.p_type = PT_NULL; })),
        "linked statically"));
    CHECK(contains(
        error_of(with_segment(PT_GNU_STACK, [](auto& each) { each.p_type = PT_NULL; })),
        "executable stack"));
}

TEST_CASE("plugin/elf_check: dynamic tables that lie: are refused") {
    for (const std::int64_t tag : {DT_STRTAB, DT_SYMTAB, DT_GNU_HASH, DT_RELA, DT_RELASZ}) {
        CAPTURE(tag);
        CHECK_FALSE(check(with_dynamic(tag, 1ULL << 40U)));
        CHECK_FALSE(check(with_dynamic(tag, ~0ULL)));
    }
    CHECK_FALSE(check(with_dynamic(DT_STRSZ, 3)));
    CHECK_FALSE(check(with_dynamic(DT_NEEDED, 1U << 30U, "wrapped")));
}

TEST_CASE("plugin/elf_check: notes that lie: are refused") {
    const auto unterminated = [](loom_note& note) { std::memset(note.id, 'a', sizeof note.id); };

    CHECK(contains(error_of(with_note([](auto& note) { note.magic = 1; })), "without its magic"));
    CHECK(contains(error_of(with_note(unterminated)), "unusable id or version"));
    CHECK(contains(error_of(with_note([](auto& note) { note.id[0] = '/'; })), "unusable id"));
    CHECK(contains(error_of(with_note([](auto& note) { note.version[0] = 0; })), "unusable id"));
    CHECK(contains(error_of(with_note([](auto& note) { note.desc_size -= 4; })), "too short"));
    CHECK(contains(error_of(with_note([](auto& note) { note.desc_size = ~0U; })), "cut short"));
    CHECK(contains(error_of(with_note([](auto& note) { note.name_size = ~0U; })), "cut short"));
    CHECK(contains(error_of(with_note([](auto& note) { note.type = 2; })), "no LOOM note"));
}

TEST_CASE("plugin/elf_check: a file cut anywhere: is refused with a reason") {
    for (const std::string_view name : {"plain", "wrapped"}) {
        const auto octets = octets_of(test_plugin(name));
        for (std::size_t size = 0; size < octets.size(); size += 64) {
            CAPTURE(name);
            CAPTURE(size);
            const auto file = check(std::span{octets}.first(size));
            REQUIRE_FALSE(file);
            CHECK(file.error().text.size() > 20);
        }
    }
}

TEST_CASE("plugin/elf_check: a cut that is taken: only lost what the loader does not need") {
    const TemporaryFolder folder;
    const auto octets = without_sections();
    std::size_t taken = 0;
    for (std::size_t size = 0; size < octets.size(); size += 64) {
        CAPTURE(size);
        const auto file = check(std::span{octets}.first(size));
        if (!file) continue;
        const auto path = folder.path() / (std::to_string(size) + ".so");
        write_file(path, std::span{octets}.first(size));

        const auto library = Library::open(path, *file, UnloadPolicy::unmap);

        CHECK(library);
        ++taken;
    }
    CHECK(taken > 0);
}

TEST_CASE("plugin/elf_check: any octet changed: does no harm to the check") {
    const auto original = octets_of(test_plugin("plain"));
    auto octets = original;
    std::size_t refused = 0;
    for (std::size_t at = 0; at < octets.size(); ++at) {
        octets[at] ^= std::byte{0xFF};
        refused += check(octets) ? 0 : 1;
        octets[at] = original[at];
    }
    CHECK(refused > sizeof(Elf64_Ehdr) / 2);
}
