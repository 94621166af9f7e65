// SPDX-License-Identifier: Apache-2.0
// Names and messages for tests, from text and from hex.
#pragma once

#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::dns {

using Octets = std::vector<std::uint8_t>;

/// From hex digits; spaces between them are for the eye.
inline Octets octets_of(std::string_view hex) {
    std::string digits;
    for (const char c : hex) {
        if (c != ' ') digits += c;
    }
    const auto octets = decode_base(Base::hex, digits);
    REQUIRE(octets);
    return *octets;
}

inline std::string hex_of(std::span<const std::uint8_t> octets) {
    std::string out;
    append_base(Base::hex, octets, out);
    return out;
}

inline Name name_of(std::string_view text) {
    const auto name = Name::from_text(text);
    REQUIRE(name);
    return *name;
}

/// A name of `size` octets, 3 at least: `aaa.aaa.`, in labels that are as long as they may be.
inline Name name_of_size(std::size_t size) {
    const Octets octets(label_size_max, 'a');
    Name name;
    while (name.size() != size) {
        std::size_t label = std::min(label_size_max, size - name.size() - 1);
        // What is left over must have room for a label of one octet.
        if (size - name.size() - 1 - label == 1) --label;
        REQUIRE(name.append_label(std::span{octets}.first(label)));
    }
    return name;
}

}  // namespace loom::dns
