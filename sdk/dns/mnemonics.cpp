// SPDX-License-Identifier: Apache-2.0
// Mnemonics of rdata and zone text.
#include "mnemonics.hpp"

#include <dnsloom/dns/codes.hpp>

#include <array>

namespace loom::dns {
namespace {

template <typename Code>
struct Mnemonic {
    std::string_view text;
    Code code;
};

constexpr std::array<Mnemonic<std::uint8_t>, 16> algorithms{{
    {"RSAMD5", 1},
    {"DH", 2},
    {"DSA", 3},
    {"RSASHA1", 5},
    {"DSA-NSEC3-SHA1", 6},
    {"RSASHA1-NSEC3-SHA1", 7},
    {"RSASHA256", 8},
    {"RSASHA512", 10},
    {"ECC-GOST", 12},
    {"ECDSAP256SHA256", 13},
    {"ECDSAP384SHA384", 14},
    {"ED25519", 15},
    {"ED448", 16},
    {"INDIRECT", 252},
    {"PRIVATEDNS", 253},
    {"PRIVATEOID", 254},
}};

constexpr std::array<Mnemonic<std::uint16_t>, 10> cert_types{{
    {"PKIX", 1},
    {"SPKI", 2},
    {"PGP", 3},
    {"IPKIX", 4},
    {"ISPKI", 5},
    {"IPGP", 6},
    {"ACPKIX", 7},
    {"IACPKIX", 8},
    {"URI", 253},
    {"OID", 254},
}};

bool equal_in_either_case(std::string_view text, std::string_view upper) {
    if (text.size() != upper.size()) return false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c) != upper[i]) return false;
    }
    return true;
}

template <typename Code, std::size_t count>
std::optional<Code>
find_code(const std::array<Mnemonic<Code>, count>& mnemonics, std::string_view text) {
    for (const auto& mnemonic : mnemonics) {
        if (equal_in_either_case(text, mnemonic.text)) return mnemonic.code;
    }
    return std::nullopt;
}

// Up to five letters as one number, in upper case; 0 for longer text and for what is not letters.
constexpr std::uint64_t pack(std::string_view text) {
    if (text.size() > 5) return 0;
    std::uint64_t packed = 0;
    for (const char c : text) {
        const auto letter = static_cast<unsigned char>(c & ~0x20);
        if (letter < 'A' || letter > 'Z') return 0;
        packed = packed << 8U | letter;
    }
    return packed;
}

}  // namespace

std::optional<std::uint16_t> lookup_type(std::string_view text) {
    switch (pack(text)) {
    case pack("A"):
        return rr_type::a;
    case pack("NS"):
        return rr_type::ns;
    case pack("CNAME"):
        return rr_type::cname;
    case pack("PTR"):
        return rr_type::ptr;
    case pack("MX"):
        return rr_type::mx;
    case pack("TXT"):
        return rr_type::txt;
    case pack("AAAA"):
        return rr_type::aaaa;
    case pack("DS"):
        return rr_type::ds;
    case pack("RRSIG"):
        return rr_type::rrsig;
    case pack("NSEC"):
        return rr_type::nsec;
    // Classes stand where types do; most are found not to be types here.
    case pack("IN"):
    case pack("CH"):
        return std::nullopt;
    default:
        return type_from_string(text);
    }
}

void append_type_mnemonic(std::uint16_t type, std::string& out) { out += type_to_string(type); }

std::optional<std::uint16_t> lookup_class(std::string_view text) {
    return pack(text) == pack("IN") ? rr_class::in : class_from_string(text);
}

std::optional<std::uint8_t> lookup_algorithm(std::string_view text) {
    return find_code(algorithms, text);
}

std::optional<std::uint16_t> lookup_cert_type(std::string_view text) {
    return find_code(cert_types, text);
}

}  // namespace loom::dns
