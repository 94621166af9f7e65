// SPDX-License-Identifier: Apache-2.0
// Where names stand in the rdata of types that allow or once allowed to compress them.
#pragma once

#include <dnsloom/dns/codes.hpp>

#include <cstdint>

namespace loom::dns {

/// What may be done with the names in the rdata of a type.
enum class NameUse : std::uint8_t {
    opaque,        ///< No names, or none that a message may ever compress: copy the octets.
    compressible,  ///< Types of RFC 1035: compress when writing, decompress when reading.
    expandable,    ///< Never compress, but decompress when reading (RFC 3597 section 4).
};

/// The rdata begins with `fixed_size` octets, then `strings` character strings (RFC 1035 section
/// 3.3), then `names` names. What follows the names has no names in it.
struct NameLayout {
    NameUse use = NameUse::opaque;
    std::uint8_t fixed_size = 0;
    std::uint8_t strings = 0;
    std::uint8_t names = 0;
};

/// The layout of `type`; opaque for every type that is not in RFC 3597 section 4.
[[nodiscard]] constexpr NameLayout name_layout(std::uint16_t type) {
    using enum NameUse;
    switch (type) {
    case rr_type::ns:
    case rr_type::md:
    case rr_type::mf:
    case rr_type::cname:
    case rr_type::mb:
    case rr_type::mg:
    case rr_type::mr:
    case rr_type::ptr:
        return {compressible, 0, 0, 1};
    case rr_type::soa:
    case rr_type::minfo:
        return {compressible, 0, 0, 2};
    case rr_type::mx:
        return {compressible, 2, 0, 1};
    case rr_type::rp:
        return {expandable, 0, 0, 2};
    case rr_type::afsdb:
    case rr_type::rt:
        return {expandable, 2, 0, 1};
    case rr_type::px:
        return {expandable, 2, 0, 2};
    case rr_type::sig:
        return {expandable, 18, 0, 1};
    case rr_type::nxt:
        return {expandable, 0, 0, 1};
    case rr_type::srv:
        return {expandable, 6, 0, 1};
    case rr_type::naptr:
        return {expandable, 4, 3, 1};
    default:
        return {};
    }
}

}  // namespace loom::dns
