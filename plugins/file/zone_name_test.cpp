// SPDX-License-Identifier: Apache-2.0
#include "denial_nsec.hpp"
#include "denial_nsec3.hpp"
#include "name_table.hpp"
#include "node_encoder.hpp"
#include "zone_name.hpp"

#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace loom::file;
using loom::Bytes;
using loom::dns::Name;

namespace {

Name name(std::string_view text) { return Name::from_text(text).value(); }

std::vector<std::uint8_t> relative(std::string_view text) {
    const Name whole = name(text);
    return {whole.octets().begin(), whole.octets().end() - 1};
}

}  // namespace

TEST_CASE("plugin/file/zone_name: relative_size: tells what is in a zone") {
    const Name apex = name("example.org.");

    CHECK(relative_size(name("www.Example.ORG.").octets(), apex.octets()) == 4U);
    CHECK(relative_size(name("example.org.").octets(), apex.octets()) == 0U);
    CHECK_FALSE(relative_size(name("org.").octets(), apex.octets()));
    CHECK_FALSE(relative_size(name("notexample.org.").octets(), apex.octets()));
    // The octets of the apex, but not at a label's begin.
    CHECK_FALSE(relative_size(name("a\\007example.org.").octets(), apex.octets()));
}

TEST_CASE("plugin/file/zone_name: is_at_or_below: goes by labels") {
    CHECK(is_at_or_below(relative("a.b."), relative("b.")));
    CHECK(is_at_or_below(relative("b."), relative("b.")));
    CHECK(is_at_or_below(relative("b."), {}));
    CHECK_FALSE(is_at_or_below(relative("b."), relative("a.b.")));
    CHECK_FALSE(is_at_or_below(relative("a\\001b."), relative("b.")));
}

TEST_CASE("plugin/file/zone_name: canonical_key and compare: keep the order of RFC 4034 6.1") {
    // Its example, below "example.".
    const char* const ordered[] = {
        "a.", "yljkjljk.a.", "z.a.", "zabc.a.", "z.", "\\001.z.", "*.z.", "\\200.z."};
    for (std::size_t i = 1; i < std::size(ordered); ++i) {
        const auto before = relative(ordered[i - 1]);
        const auto after = relative(ordered[i]);
        CAPTURE(ordered[i]);
        CHECK(compare_canonically(before, after) < 0);
        CHECK(compare_canonically(after, before) > 0);
        CHECK(canonical_key(before) <= canonical_key(after));
    }
    CHECK(compare_canonically({}, relative("a.")) < 0);
    CHECK(canonical_key({}) < canonical_key(relative("\\000.")));
}

TEST_CASE("plugin/file/zone_name: canonical_key: never contradicts compare") {
    std::mt19937 random{7};
    std::uniform_int_distribution<int> octet{0, 3};
    std::uniform_int_distribution<int> count{1, 3};
    const auto make = [&] {
        std::vector<std::uint8_t> made;
        for (int label = count(random); label > 0; --label) {
            const int size = count(random);
            made.push_back(static_cast<std::uint8_t>(size));
            for (int i = 0; i < size; ++i) made.push_back(static_cast<std::uint8_t>(octet(random)));
        }
        return made;
    };
    for (int i = 0; i < 5000; ++i) {
        const auto a = make();
        const auto b = make();
        if (compare_canonically(a, b) < 0) CHECK(canonical_key(a) <= canonical_key(b));
        if (compare_canonically(a, b) == 0) CHECK(a == b);
    }
}

TEST_CASE("plugin/file/denial_nsec3: hash: gives the hashes of RFC 5155 appendix A") {
    Nsec3Hasher hasher;
    const Nsec3Parameters parameters{12, {0xAA, 0xBB, 0xCC, 0xDD}};
    Nsec3Hash expected{};

    REQUIRE(read_nsec3_owner(relative("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom."), expected));
    CHECK(hasher.hash(parameters, name("example.").octets()) == expected);
    REQUIRE(read_nsec3_owner(relative("r53bq7cc2uvmubfu5ocmm6pers9tk9en."), expected));
    CHECK(hasher.hash(parameters, name("*.w.example.").octets()) == expected);
    CHECK_FALSE(read_nsec3_owner(relative("w."), expected));
}

TEST_CASE("plugin/file/denial_nsec3: index: finds matches and covers among many") {
    std::mt19937_64 random{7};
    for (const std::size_t count : {1U, 2U, 3U, 100U, 1000U}) {
        Nsec3Index index;
        std::vector<std::pair<Nsec3Hash, NodeRef>> list;
        for (NodeRef i = 1; i <= count; ++i) {
            Nsec3Hash hash;
            std::ranges::generate(hash, [&] { return static_cast<std::uint8_t>(random()); });
            // Clusters, which hashes do not form: the guess is wrong there.
            if (i % 3 == 0) hash[0] = hash[1] = 0;
            list.emplace_back(hash, i);
            index.add(hash, i);
        }
        index.order();
        std::ranges::sort(list);
        for (int i = 0; i < 1000; ++i) {
            Nsec3Hash hash;
            std::ranges::generate(hash, [&] { return static_cast<std::uint8_t>(random()); });
            const auto after =
                std::ranges::upper_bound(list, hash, {}, &std::pair<Nsec3Hash, NodeRef>::first);
            const auto& before = after == list.begin() ? list.back() : after[-1];
            CHECK(index.covering(hash) == before.second);
            CHECK(index.matching(hash) == 0);
        }
        for (const auto& [hash, node] : list) {
            CHECK(index.matching(hash) == node);
            CHECK(index.covering(hash) == node);
        }
    }
}

TEST_CASE("plugin/file/node_encoder: decode: gives back what encode took") {
    const Name apex = name("example.org.");
    NodeEncoder encoder{apex.octets()};
    Arena nodes{0};
    nodes.room(4);
    nodes.take(4);
    NodeRecords records;
    const std::vector<std::uint8_t> mx = [] {
        std::vector<std::uint8_t> rdata{0, 10};
        const Name target = name("mail.example.org.");
        rdata.insert(rdata.end(), target.octets().begin(), target.octets().end());
        return rdata;
    }();
    const std::vector<std::uint8_t> a{192, 0, 2, 1};
    records.add(15, 60, mx);
    records.add(1, 30, a);
    records.add(1, 20, a);

    const NodeRef ref = encoder.encode(nodes, relative("x."), records);

    const NodeView node{nodes.data() + ref * node_align};
    CHECK(node.head().rrset_count == 2);
    NodeRecords again;
    encoder.decode(node, again);
    REQUIRE(again.size() == 2);
    CHECK(again.records()[0].type == 1);
    CHECK(again.records()[0].ttl == 20);
    CHECK(std::ranges::equal(again.rdata(again.records()[1]), mx));
}
