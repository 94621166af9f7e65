// SPDX-License-Identifier: Apache-2.0
#include "name_hash.hpp"
#include "sample_query.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <set>

using namespace loom;
using namespace loom::host;

namespace {

Octets one_label(std::span<const std::uint8_t> label) {
    Octets out(label.size() + 2);
    out[0] = static_cast<std::uint8_t>(label.size());
    std::ranges::copy(label, out.begin() + 1);
    return out;
}

std::uint64_t hash_of(const Octets& wire) {
    return hash_name(sample_key, dns::NameView::from_trusted(wire));
}

std::span<const std::uint8_t> lower_of(const HashedName& hashed) {
    return std::span{hashed.lower}.first(hashed.size);
}

}  // namespace

TEST_CASE("host/name_hash: fold_case: changes the ASCII capitals and no other octet") {
    for (unsigned octet = 0; octet < 256; ++octet) {
        const auto folded =
            static_cast<std::uint8_t>(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet);
        for (unsigned place = 0; place < 8; ++place) {
            // The neighbours must not carry into it.
            for (const std::uint64_t around : {std::uint64_t{0}, ~std::uint64_t{0}}) {
                const std::uint64_t hole = ~(std::uint64_t{0xFF} << 8 * place);
                const std::uint64_t in = (around & hole) | std::uint64_t{octet} << 8 * place;
                const std::uint64_t out = (around & hole) | std::uint64_t{folded} << 8 * place;
                CHECK(fold_case(in) == out);
            }
        }
    }
}

TEST_CASE("host/name_hash: assign: keeps the spelling and gives the name in lower case") {
    HashedName hashed;
    const Octets wire = wire_name("WwW.ExAmple.ORG.");
    REQUIRE(hashed.assign(sample_key, wire));
    CHECK(std::ranges::equal(std::span{hashed.octets}.first(hashed.size), wire));
    CHECK(std::ranges::equal(lower_of(hashed), wire_name("www.example.org.")));
    CHECK(hashed.label_count == 3);
    CHECK(hashed.label_offset[0] == 0);
    CHECK(hashed.label_offset[1] == 4);
    CHECK(hashed.label_offset[2] == 12);
    CHECK(hashed.label_offset[3] == 16);
}

TEST_CASE("host/name_hash: assign: each suffix has the hash of the name that it is") {
    HashedName hashed;
    const Octets wire = wire_name("a.very-long-label-indeed.Example.co.uk.");
    REQUIRE(hashed.assign(sample_key, wire));
    for (unsigned i = 0; i <= hashed.label_count; ++i) {
        const Octets suffix{wire.begin() + hashed.label_offset[i], wire.end()};
        CHECK(hashed.suffix_hash[i] == hash_of(suffix));
    }
    CHECK(hashed.suffix_hash[hashed.label_count] == hash_root(sample_key));
}

TEST_CASE("host/name_hash: hash_label: builds the hash of a name from that of its parent") {
    Octets wire = wire_name("WWW.example.org.");
    wire.resize(wire.size() + name_slack);
    CHECK(
        hash_label(sample_key, hash_of(wire_name("example.org.")), wire.data()) ==
        hash_of(wire_name("www.example.org.")));
}

TEST_CASE("host/name_hash: hash_name: does not depend on case, for labels of every length") {
    for (std::size_t length = 1; length <= dns::label_size_max; ++length) {
        CHECK(hash_of(one_label(Octets(length, 'Q'))) == hash_of(one_label(Octets(length, 'q'))));
    }
}

TEST_CASE("host/name_hash: hash_name: tells octets that only look like another case apart") {
    // `@` and `` ` ``, `[` and `{`, and octets above 127 differ by the same bit as letters do.
    for (const unsigned octet : {0x40U, 0x5BU, 0x5CU, 0x5DU, 0x5EU, 0x5FU, 0xC1U, 0xDAU}) {
        const std::uint8_t as_is[] = {static_cast<std::uint8_t>(octet)};
        const std::uint8_t changed[] = {static_cast<std::uint8_t>(octet ^ 0x20U)};
        CHECK(hash_of(one_label(as_is)) != hash_of(one_label(changed)));
    }
}

TEST_CASE("host/name_hash: hash_name: depends on where labels end") {
    std::set<std::uint64_t> hashes;
    for (const auto* text :
         {"a.b.c.", "ab.c.", "a.bc.", "abc.", "c.b.a.", ".", "a.", "a.a.", "a.a.a."})
        hashes.insert(hash_of(wire_name(text)));
    CHECK(hashes.size() == 9);
}

TEST_CASE("host/name_hash: hash_name: another key gives other hashes") {
    const HashKey other{1, 3};
    CHECK(hash_name(other, name("example.org.")) != hash_name(sample_key, name("example.org.")));
}

TEST_CASE("host/name_hash: HashKey: is another one each time and has an odd factor") {
    const HashKey a = HashKey::random();
    const HashKey b = HashKey::random();
    CHECK((a.factor & 1U) == 1);
    CHECK((a.seed != b.seed || a.factor != b.factor));
}

TEST_CASE("host/name_hash: assign: octets behind the name do not matter, readable or not") {
    const Octets wire = wire_name("Host-with-17-octe.example.org.");
    auto exact = std::make_unique<HashedName>();
    auto roomy = std::make_unique<HashedName>();
    Octets padded = wire;
    padded.insert(padded.end(), name_slack, 'X');
    REQUIRE(exact->assign(sample_key, wire));
    REQUIRE(roomy->assign(sample_key, std::span{padded}.first(wire.size()), padded.size()));
    CHECK(std::ranges::equal(lower_of(*exact), lower_of(*roomy)));
    for (unsigned i = 0; i <= exact->label_count; ++i)
        CHECK(exact->suffix_hash[i] == roomy->suffix_hash[i]);
}

TEST_CASE("host/name_hash: assign: takes the longest name with the most labels") {
    Octets wire;
    for (unsigned i = 0; i < dns::labels_max; ++i) {
        wire.push_back(1);
        wire.push_back('A');
    }
    wire.push_back(0);
    REQUIRE(wire.size() == dns::name_size_max);
    HashedName hashed;
    REQUIRE(hashed.assign(sample_key, wire));
    CHECK(hashed.label_count == 127);
    CHECK(hashed.size == 255);
    CHECK(hashed.label_offset[127] == 254);
    CHECK(hashed.lower[253] == 'a');
    CHECK(hashed.suffix_hash[126] == hash_of(wire_name("a.")));
}

TEST_CASE("host/name_hash: assign: finds a name of 256 octets malformed") {
    Octets wire;
    for (unsigned i = 0; i < dns::labels_max; ++i) wire.insert(wire.end(), {1, 'a'});
    wire.insert(wire.end(), {1, 'a', 0});
    HashedName hashed;
    CHECK_FALSE(hashed.assign(sample_key, wire));
}

TEST_CASE("host/name_hash: assign: finds pointers and unknown label types malformed") {
    for (const unsigned length : {0x40U, 0x80U, 0xC0U, 0xFFU}) {
        Octets wire(300, 'a');
        wire[0] = static_cast<std::uint8_t>(length);
        HashedName hashed;
        CHECK_FALSE(hashed.assign(sample_key, wire));
    }
}

TEST_CASE("host/name_hash: assign: finds a name cut off at any octet malformed") {
    const Octets whole = wire_name("www.example.org.");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // On the heap, so that a sanitizer sees a read beyond the end.
        const Octets wire{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        HashedName hashed;
        CHECK_FALSE(hashed.assign(sample_key, wire));
    }
}

TEST_CASE("host/name_hash: assign: takes the name at the front and leaves what follows") {
    Octets wire = wire_name("example.org.");
    const std::size_t size = wire.size();
    wire.insert(wire.end(), {3, 'w', 'w', 'w', 0});
    HashedName hashed;
    REQUIRE(hashed.assign(sample_key, wire));
    CHECK(hashed.size == size);
}
