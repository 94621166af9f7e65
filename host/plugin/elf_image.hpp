// SPDX-License-Identifier: Apache-2.0
// Reads the parts of an ELF shared object that decide whether the dynamic loader can take it. Every
// offset, size and count in the file is hostile: nothing is followed before it was compared with
// the file's size, and all work is bounded by limits below.
#pragma once

#include "../config/error.hpp"
#include "octet_source.hpp"

#include <elf.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

inline constexpr std::size_t elf_segments_max = 256;
inline constexpr std::size_t elf_dynamic_entries_max = 4096;
inline constexpr std::uint64_t elf_strings_size_max = 64U << 20U;
/// Longer names are cut.
inline constexpr std::size_t elf_name_size_max = 512;
inline constexpr std::uint64_t elf_symbols_max = 4U << 20U;
inline constexpr std::uint64_t elf_notes_size_max = 64U << 10U;
inline constexpr std::uint64_t elf_memory_size_max = 4ULL << 30U;

struct ElfNote {
    std::string owner;
    std::uint32_t type = 0;
    std::vector<std::byte> description;
};

struct ElfSymbol {
    std::string_view name;  ///< Valid during the call that gets it.
    bool defined = false;   ///< Exported by this object; else wanted from another.
    bool unique = false;    ///< STB_GNU_UNIQUE.
};

/// A 64-bit shared object for this machine whose headers and tables are all inside the file.
/// Error texts are the rest of a sentence that begins with the file's name.
class ElfImage {
public:
    /// `octets` must outlive the image.
    [[nodiscard]] static Result<ElfImage> read(const OctetSource& octets);

    /// The first segment of that type, null if there is none. Of the object's.
    [[nodiscard]] const Elf64_Phdr* segment(std::uint32_t type) const;

    /// The value of a dynamic entry, as DT_FLAGS_1.
    [[nodiscard]] std::optional<std::uint64_t> dynamic(std::int64_t tag) const;

    /// The names in the dynamic entries of that kind, as DT_NEEDED.
    [[nodiscard]] Result<std::vector<std::string>> dynamic_strings(std::int64_t tag) const;

    [[nodiscard]] Result<std::vector<ElfNote>> notes() const;

    /// Calls `visit` with each dynamic symbol.
    [[nodiscard]] Result<void>
    each_symbol(const std::function<void(const ElfSymbol&)>& visit) const;

private:
    explicit ElfImage(const OctetSource& octets) : octets_{&octets} {}

    Result<void> read_header();
    Result<void> read_segments();
    Result<void> check_sections() const;
    Result<void> read_dynamic();
    Result<void> check_dynamic_tables() const;
    Result<void> read_strings();
    [[nodiscard]] std::optional<std::uint64_t>
    file_offset(std::uint64_t address, std::uint64_t size) const;
    [[nodiscard]] Result<std::uint64_t> symbol_count() const;
    [[nodiscard]] Result<std::uint64_t> gnu_hash_symbol_count(std::uint64_t address) const;
    [[nodiscard]] std::optional<std::string_view> string_at(std::uint64_t offset) const;

    const OctetSource* octets_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;
    std::vector<Elf64_Dyn> dynamic_;
    std::string strings_;  // DT_STRTAB; ends in NUL.
};

}  // namespace loom::host
