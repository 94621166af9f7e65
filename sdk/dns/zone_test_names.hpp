// SPDX-License-Identifier: Apache-2.0
// Names for the tests of rdata and zone text.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <array>

namespace loom::dns {

/// `example.`
inline NameView test_origin() {
    static constexpr std::array<std::uint8_t, 9> octets{7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
    return NameView::from_trusted(octets);
}

}  // namespace loom::dns
