// SPDX-License-Identifier: Apache-2.0
#include "elf_image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

namespace loom::host {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t host_machine = EM_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint16_t host_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t host_machine = EM_PPC64;
#else
#error "name the ELF machine of this architecture"
#endif
static_assert(std::endian::native == std::endian::little, "plugins are read as little-endian ELF");

constexpr std::string_view incomplete =
    ": the file is not complete; put it in place with install(1) or mv";
constexpr std::string_view damaged = ": the file is damaged; build or copy it again";

std::unexpected<Error> objection(std::string_view what, std::string_view remedy = {}) {
    return std::unexpected{
        Error{std::string{what} + std::string{remedy}, Failure::plugin_damaged}};
}

template <class T>
std::span<std::byte> octets_of(std::vector<T>& values) {
    return std::as_writable_bytes(std::span{values});
}

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) {
    return offset <= whole && size <= whole - offset;
}

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
    case EM_386:
        return "x86 (32-bit)";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "ARM (32-bit)";
    case EM_AARCH64:
        return "AArch64";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "PowerPC 64";
    case EM_S390:
        return "S/390";
    default:
        return "ELF machine " + std::to_string(machine);
    }
}

Result<void> check_identification(const Elf64_Ehdr& header) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return objection("is not a shared object (no ELF magic); give the .so file");
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        return objection(
            "is not a 64-bit object; build it for " + machine_name(host_machine) + " with -m64");
    }
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return objection(
            "is built for a big-endian machine; build it for " + machine_name(host_machine));
    }
    if (header.e_machine != host_machine) {
        return objection(
            "is built for " + machine_name(header.e_machine) + ", this host runs on " +
            machine_name(host_machine) + "; build it for that");
    }
    if (header.e_type != ET_DYN) {
        return objection("is not a shared object but another kind of ELF file; link with -shared");
    }
    return {};
}

/// Of `load`, which follows `before` (null: nothing) in the file.
Result<void> check_load(const Elf64_Phdr& load, const Elf64_Phdr* before) {
    const std::uint64_t align = std::max<std::uint64_t>(load.p_align, 1);
    if (!std::has_single_bit(align) || (load.p_vaddr - load.p_offset) % align != 0) {
        return objection("has a misaligned segment", damaged);
    }
    if (load.p_memsz < load.p_filesz) {
        return objection("has a segment larger in the file than in memory", damaged);
    }
    if (!inside(load.p_vaddr, load.p_memsz, elf_memory_size_max)) {
        return objection("wants more than 4 GiB of address space", damaged);
    }
    if (before != nullptr && load.p_vaddr < before->p_vaddr + before->p_memsz) {
        return objection("has overlapping segments", damaged);
    }
    return {};
}

/// Takes the notes out of one PT_NOTE segment.
Result<void>
parse_notes(std::span<const std::byte> octets, std::size_t align, std::vector<ElfNote>& notes) {
    const auto padded = [align](std::uint64_t size) { return (size + align - 1) / align * align; };
    while (octets.size() >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr header{};
        std::memcpy(&header, octets.data(), sizeof header);
        const std::uint64_t description_at = padded(sizeof header + header.n_namesz);
        if (!inside(description_at, header.n_descsz, octets.size())) {
            return objection("has a note that is cut short", damaged);
        }
        const auto name = octets.subspan(sizeof header, header.n_namesz);
        const auto description = octets.subspan(description_at, header.n_descsz);
        std::string owner{reinterpret_cast<const char*>(name.data()), name.size()};
        owner.erase(std::ranges::find(owner, '\0'), owner.end());
        notes.push_back(
            {std::move(owner), header.n_type, {description.begin(), description.end()}});
        const auto end = padded(description_at + header.n_descsz);
        octets = octets.subspan(std::min<std::uint64_t>(end, octets.size()));
    }
    return {};
}

}  // namespace

Result<ElfImage> ElfImage::read(const OctetSource& octets) {
    ElfImage image{octets};
    if (auto done = image.read_header(); !done) return std::unexpected{done.error()};
    if (auto done = image.read_segments(); !done) return std::unexpected{done.error()};
    if (auto done = image.check_sections(); !done) return std::unexpected{done.error()};
    if (auto done = image.read_dynamic(); !done) return std::unexpected{done.error()};
    if (auto done = image.check_dynamic_tables(); !done) return std::unexpected{done.error()};
    if (auto done = image.read_strings(); !done) return std::unexpected{done.error()};
    return image;
}

Result<void> ElfImage::read_header() {
    if (octets_->size() == 0) return objection("is empty", incomplete);
    if (octets_->size() < sizeof header_) {
        return objection("is too short for a shared object; give the .so file, all of it");
    }
    if (!octets_->read(0, std::as_writable_bytes(std::span{&header_, 1}))) {
        return objection("cannot be read", incomplete);
    }
    return check_identification(header_);
}

Result<void> ElfImage::read_segments() {
    if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 ||
        header_.e_phnum > elf_segments_max) {
        return objection("has no usable program headers", damaged);
    }
    segments_.resize(header_.e_phnum);
    if (!octets_->read(header_.e_phoff, octets_of(segments_))) {
        return objection("ends within its program headers", incomplete);
    }
    const Elf64_Phdr* load = nullptr;
    for (const Elf64_Phdr& each : segments_) {
        if (!inside(each.p_offset, each.p_filesz, octets_->size())) {
            return objection("ends within a segment", incomplete);
        }
        if (each.p_type != PT_LOAD) continue;
        if (auto done = check_load(each, load); !done) return done;
        load = &each;
    }
    if (load == nullptr) return objection("has nothing to load", damaged);
    return {};
}

Result<void> ElfImage::check_sections() const {
    // Stripped altogether: the loader does not need them.
    if (header_.e_shoff == 0) return {};
    if (header_.e_shnum == 0) return objection("has more than 65279 sections", damaged);
    if (header_.e_shentsize != sizeof(Elf64_Shdr)) {
        return objection("has section headers of an unknown size", damaged);
    }
    std::vector<Elf64_Shdr> sections(header_.e_shnum);
    if (!octets_->read(header_.e_shoff, octets_of(sections))) {
        return objection("ends within its section headers", incomplete);
    }
    for (const Elf64_Shdr& each : sections) {
        if (each.sh_type == SHT_NOBITS || each.sh_type == SHT_NULL) continue;
        if (!inside(each.sh_offset, each.sh_size, octets_->size())) {
            return objection("ends within a section", incomplete);
        }
    }
    return {};
}

Result<void> ElfImage::read_dynamic() {
    const Elf64_Phdr* found = segment(PT_DYNAMIC);
    if (found == nullptr) return objection("is linked statically; link with -shared");
    const std::uint64_t count = found->p_filesz / sizeof(Elf64_Dyn);
    if (count > elf_dynamic_entries_max) {
        return objection("has an oversized dynamic section", damaged);
    }
    // The loader reads it at its address: where that is not what the header names, it is damaged.
    if (file_offset(found->p_vaddr, found->p_filesz) != found->p_offset) {
        return objection("has a dynamic section that is not loaded", damaged);
    }
    dynamic_.resize(count);
    if (!octets_->read(found->p_offset, octets_of(dynamic_))) {
        return objection("ends within its dynamic section", incomplete);
    }
    const auto end = std::ranges::find(dynamic_, std::int64_t{DT_NULL}, [](const Elf64_Dyn& entry) {
        return std::int64_t{entry.d_tag};
    });
    if (end == dynamic_.end()) return objection("has a dynamic section without an end", damaged);
    dynamic_.erase(end, dynamic_.end());
    return {};
}

Result<void> ElfImage::check_dynamic_tables() const {
    struct Table {
        std::int64_t address;
        std::int64_t size;
    };
    constexpr std::array tables{
        Table{DT_STRTAB, DT_STRSZ},
        Table{DT_RELA, DT_RELASZ},
        Table{DT_JMPREL, DT_PLTRELSZ},
        Table{DT_RELR, DT_RELRSZ},
        Table{DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
        Table{DT_FINI_ARRAY, DT_FINI_ARRAYSZ}};
    for (const Table& each : tables) {
        const auto address = dynamic(each.address);
        if (!address) continue;
        if (!file_offset(*address, dynamic(each.size).value_or(0))) {
            return objection("has a dynamic table outside of what is loaded", damaged);
        }
    }
    return {};
}

Result<void> ElfImage::read_strings() {
    const auto address = dynamic(DT_STRTAB);
    const auto size = dynamic(DT_STRSZ);
    if (!address || !size || *size == 0 || *size > elf_strings_size_max) {
        return objection("has no usable string table", damaged);
    }
    const auto offset = file_offset(*address, *size);
    strings_.resize(*size);
    if (!offset || !octets_->read(*offset, std::as_writable_bytes(std::span{strings_}))) {
        return objection("ends within its string table", incomplete);
    }
    if (strings_.back() != '\0') return objection("has an open string table", damaged);
    return {};
}

const Elf64_Phdr* ElfImage::segment(std::uint32_t type) const {
    const auto found = std::ranges::find(segments_, type, &Elf64_Phdr::p_type);
    return found == segments_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> ElfImage::dynamic(std::int64_t tag) const {
    for (const Elf64_Dyn& each : dynamic_) {
        if (each.d_tag == tag) return each.d_un.d_val;
    }
    return std::nullopt;
}

Result<std::vector<std::string>> ElfImage::dynamic_strings(std::int64_t tag) const {
    std::vector<std::string> found;
    for (const Elf64_Dyn& each : dynamic_) {
        if (each.d_tag != tag) continue;
        const auto text = string_at(each.d_un.d_val);
        if (!text) return objection("has a name outside of its string table", damaged);
        found.emplace_back(*text);
    }
    return found;
}

Result<std::vector<ElfNote>> ElfImage::notes() const {
    std::vector<ElfNote> found;
    std::vector<std::byte> octets;
    for (const Elf64_Phdr& each : segments_) {
        if (each.p_type != PT_NOTE) continue;
        if (each.p_filesz > elf_notes_size_max) return objection("has oversized notes", damaged);
        octets.resize(each.p_filesz);
        if (!octets_->read(each.p_offset, octets)) return objection("lost its notes", incomplete);
        const std::size_t align = each.p_align == 8 ? 8 : 4;
        if (auto done = parse_notes(octets, align, found); !done) {
            return std::unexpected{done.error()};
        }
    }
    return found;
}

Result<void> ElfImage::each_symbol(const std::function<void(const ElfSymbol&)>& visit) const {
    constexpr std::size_t chunk = 1024;
    const auto count = symbol_count();
    if (!count) return std::unexpected{count.error()};
    const auto table = file_offset(dynamic(DT_SYMTAB).value_or(0), *count * sizeof(Elf64_Sym));
    if (!table) return objection("has a symbol table outside of what is loaded", damaged);

    std::vector<Elf64_Sym> symbols;
    for (std::uint64_t done = 0; done < *count; done += symbols.size()) {
        symbols.resize(std::min<std::uint64_t>(chunk, *count - done));
        if (!octets_->read(*table + done * sizeof(Elf64_Sym), octets_of(symbols))) {
            return objection("ends within its symbol table", incomplete);
        }
        for (const Elf64_Sym& each : symbols) {
            const auto name = string_at(each.st_name);
            if (!name) return objection("has a symbol without a name", damaged);
            const bool unique = ELF64_ST_BIND(each.st_info) == STB_GNU_UNIQUE;
            visit({*name, each.st_shndx != SHN_UNDEF, unique});
        }
    }
    return {};
}

std::optional<std::uint64_t>
ElfImage::file_offset(std::uint64_t address, std::uint64_t size) const {
    for (const Elf64_Phdr& each : segments_) {
        if (each.p_type != PT_LOAD || address < each.p_vaddr) continue;
        const std::uint64_t within = address - each.p_vaddr;
        if (inside(within, size, each.p_filesz)) return each.p_offset + within;
    }
    return std::nullopt;
}

Result<std::uint64_t> ElfImage::symbol_count() const {
    // Only the hash tables tell how many symbols there are.
    if (const auto address = dynamic(DT_GNU_HASH)) return gnu_hash_symbol_count(*address);
    std::array<std::uint32_t, 2> bucket_and_chain{};
    const auto offset = file_offset(dynamic(DT_HASH).value_or(0), sizeof bucket_and_chain);
    if (!dynamic(DT_HASH) || !offset ||
        !octets_->read(*offset, std::as_writable_bytes(std::span{bucket_and_chain}))) {
        return objection("has no symbol hash table", damaged);
    }
    if (bucket_and_chain[1] > elf_symbols_max) return objection("has too many symbols", damaged);
    return bucket_and_chain[1];
}

Result<std::uint64_t> ElfImage::gnu_hash_symbol_count(std::uint64_t address) const {
    struct Header {
        std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    } header{};
    const auto at = file_offset(address, sizeof header);
    if (!at || !octets_->read(*at, std::as_writable_bytes(std::span{&header, 1})) ||
        header.buckets > elf_symbols_max || header.first_symbol > elf_symbols_max) {
        return objection("has a damaged symbol hash table", damaged);
    }
    std::uint64_t next = *at + sizeof header + std::uint64_t{header.bloom_words} * 8;
    if (!inside(next, std::uint64_t{header.buckets} * 4, octets_->size())) {
        return objection("ends within its symbol hash table", incomplete);
    }
    std::vector<std::uint32_t> buckets(header.buckets);
    if (!octets_->read(next, octets_of(buckets))) {
        return objection("ends within its symbol hash table", incomplete);
    }
    next += buckets.size() * 4;
    std::uint64_t last = buckets.empty() ? 0 : std::ranges::max(buckets);
    if (last < header.first_symbol) return header.first_symbol;

    // The chain of the highest bucket ends, with its lowest bit set, at the last symbol.
    std::array<std::uint32_t, 256> chain{};
    while (last < elf_symbols_max) {
        const std::uint64_t offset = next + (last - header.first_symbol) * 4;
        const auto whole = octets_->size();
        const auto rest = offset < whole ? (whole - offset) / 4 : 0;
        const auto part = std::span{chain}.first(std::min<std::uint64_t>(rest, chain.size()));
        if (part.empty() || !octets_->read(offset, std::as_writable_bytes(part))) break;
        const auto end = std::ranges::find_if(part, [](std::uint32_t hash) { return hash & 1U; });
        last += static_cast<std::uint64_t>(end - part.begin());
        if (end != part.end()) return last + 1;
    }
    return objection("has a symbol hash table without an end", damaged);
}

std::optional<std::string_view> ElfImage::string_at(std::uint64_t offset) const {
    if (offset >= strings_.size()) return std::nullopt;
    const char* text = strings_.data() + offset;
    return std::string_view{text, ::strnlen(text, elf_name_size_max)};
}

}  // namespace loom::host
