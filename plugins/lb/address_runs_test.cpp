// SPDX-License-Identifier: Apache-2.0
#include "address_runs.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace {

using loom::lb::AddressRuns;
using Octets = std::vector<std::uint8_t>;

constexpr std::size_t qname_size = 3;

/// `a. IN A` with two addresses, the second owner spelled out, and a third of another name.
Octets message() {
    return {0,    0,   0x80, 0, 0, 1, 0, 3, 0, 0,  0,  0,                      // Header.
            1,    'a', 0,    0, 1, 0, 1,                                       // Question.
            0xC0, 12,  0,    1, 0, 1, 0, 0, 0, 60, 0,  4, 192, 0,   2, 1,      // a.
            1,    'A', 0,    0, 1, 0, 1, 0, 0, 0,  60, 0, 4,   192, 0, 2, 2,   // A.
            1,    'b', 0,    0, 1, 0, 1, 0, 0, 0,  60, 0, 4,   192, 0, 2, 3};  // b.
}

}  // namespace

TEST_CASE("plugin/lb/address_runs: scan: finds RRsets whichever way their owner is written") {
    const auto runs = std::make_unique<AddressRuns>();
    REQUIRE(runs->scan(message(), qname_size));

    REQUIRE(runs->runs().size() == 1);
    const auto& run = runs->runs()[0];
    CHECK(run.count == 2);
    CHECK(run.size == 4);
    CHECK(AddressRuns::address(message(), run, runs->places(run)[1]).low == 0xFFFF'C000'0202U);
}

TEST_CASE("plugin/lb/address_runs: scan: refuses a message that ends early, wherever it ends") {
    const auto runs = std::make_unique<AddressRuns>();
    const Octets whole = message();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Octets part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        CHECK_FALSE(runs->scan(part, qname_size));
        CHECK(runs->runs().empty());
    }
}

TEST_CASE("plugin/lb/address_runs: scan: any octet may be anything") {
    const auto runs = std::make_unique<AddressRuns>();
    for (std::size_t at = 0; at < message().size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            Octets changed = message();
            changed[at] = static_cast<std::uint8_t>(value);
            if (!runs->scan(changed, qname_size)) continue;
            for (const auto& run : runs->runs())
                for (const auto place : runs->places(run))
                    CHECK(place + AddressRuns::head_size + run.size <= changed.size());
        }
    }
}
