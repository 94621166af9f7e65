// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>

namespace loom::dns {
namespace {

Label label_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

NameErrc text_error(std::string_view text, NameView origin = {}) {
    const auto name = Name::from_text(text, origin);
    REQUIRE_FALSE(name);
    return name.error();
}

}  // namespace

TEST_CASE("dns/name: check: takes a name and leaves what follows it") {
    const Octets octets = octets_of("0161 0362 2E63 00 FFFF");

    const auto name = NameView::check(octets);

    REQUIRE(name);
    CHECK(name->size() == 7);
    CHECK(name->label_count() == 2);
    CHECK(name->data() == octets.data());
}

TEST_CASE("dns/name: check: refuses what is no uncompressed name") {
    struct Row {
        const char* octets;
        NameErrc error;
        const char* reason;
    };
    const Row rows[] = {
        {"", NameErrc::truncated, "nothing"},
        {"01", NameErrc::truncated, "a length alone"},
        {"036162", NameErrc::truncated, "a label cut off"},
        {"0161", NameErrc::truncated, "no root"},
        {"C000", NameErrc::compressed, "a pointer"},
        {"0161C000", NameErrc::compressed, "a pointer behind a label"},
        {"FF00", NameErrc::compressed, "a pointer with all bits"},
        {"4000", NameErrc::bad_label_type, "01: extended labels"},
        {"8000", NameErrc::bad_label_type, "10: nothing yet"},
        {"7F00", NameErrc::bad_label_type, "the longest of 01"},
        {"0161BF00", NameErrc::bad_label_type, "the longest of 10"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const Octets octets = octets_of(row.octets);
        const auto name = NameView::check(octets);
        REQUIRE_FALSE(name);
        CHECK(name.error() == row.error);
    }
}

TEST_CASE("dns/name: check: 255 octets are a name, 256 are not") {
    Octets octets;
    for (int i = 0; i != 127; ++i) octets.insert(octets.end(), {1, 'a'});
    octets.push_back(0);
    REQUIRE(octets.size() == 255);
    CHECK(NameView::check(octets).value().label_count() == labels_max);

    octets.erase(octets.begin(), octets.begin() + 2);
    octets.insert(octets.begin(), {2, 'b', 'b'});
    REQUIRE(octets.size() == 256);
    CHECK(NameView::check(octets).error() == NameErrc::name_too_long);

    octets.resize(255);
    CHECK(NameView::check(octets).error() == NameErrc::truncated);
}

TEST_CASE("dns/name: check: 63 octets are a label, 64 are not") {
    Octets octets(65, 'a');
    octets[0] = 63;
    octets[64] = 0;
    CHECK(NameView::check(octets).has_value());

    octets.push_back(0);
    octets[64] = 'a';
    octets[0] = 64;
    CHECK(NameView::check(octets).error() == NameErrc::bad_label_type);
}

TEST_CASE("dns/name: walk: gives the labels from left to right") {
    const Name name = name_of("www.example.org.");

    std::string text;
    for (const Label label : name.view()) text += std::string(label.begin(), label.end()) + '/';

    CHECK(text == "www/example/org/");
    CHECK(name.label_count() == 3);
    CHECK(NameView{}.begin() == NameView{}.end());
}

TEST_CASE("dns/name: parent and without_labels: stop at the root") {
    const Name name = name_of("a.b.c.");
    CHECK(name.view().parent().to_string() == "b.c.");
    CHECK(NameView{}.parent().is_root());
    CHECK(name.view().without_labels(0).to_string() == "a.b.c.");
    CHECK(name.view().without_labels(2).to_string() == "c.");
    CHECK(name.view().without_labels(3).is_root());
    CHECK(name.view().without_labels(99).is_root());
}

TEST_CASE("dns/name: is_wildcard: only a first label that is * alone") {
    CHECK(name_of("*.a.").view().is_wildcard());
    CHECK(name_of("*.").view().is_wildcard());
    CHECK_FALSE(name_of("**.a.").view().is_wildcard());
    CHECK_FALSE(name_of("a.*.").view().is_wildcard());
    CHECK_FALSE(NameView{}.is_wildcard());
}

TEST_CASE("dns/name: equals: case of ASCII letters does not count, nothing else is the same") {
    for (unsigned a = 0; a != 256; ++a) {
        for (unsigned b = 0; b != 256; ++b) {
            // Nine octets of label: one word of eight, and the rest.
            const Octets left{9, 0, 1, 2, 3, static_cast<std::uint8_t>(a), 5, 6, 7, 8, 0};
            const Octets right{9, 0, 1, 2, 3, static_cast<std::uint8_t>(b), 5, 6, 7, 8, 0};
            const auto lower = [](unsigned c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
            const NameView view = NameView::from_trusted(left);
            const NameView other = NameView::from_trusted(right);
            const bool same = lower(a) == lower(b);
            if ((view == other) != same || (view.hash(7) == other.hash(7)) != same) {
                FAIL(a << " and " << b);
            }
        }
    }
}

TEST_CASE("dns/name: equals and hash: every octet counts, at every size") {
    for (std::size_t size = 3; size != 80; ++size) {
        Name name = name_of_size(size);
        const Name upper = [&] {
            Octets octets{name.octets().begin(), name.octets().end()};
            for (auto& octet : octets) octet = octet == 'a' ? 'A' : octet;
            return Name{NameView::from_trusted(octets)};
        }();
        CHECK(name.equals(upper));
        CHECK(name.view().hash() == upper.view().hash());
        CHECK(name.view().hash(1) != name.view().hash(2));
        for (std::size_t i = 0; i != size; ++i) {
            if (name.octets()[i] != 'a') continue;
            Octets octets{name.octets().begin(), name.octets().end()};
            octets[i] = 'b';
            const NameView other = NameView::from_trusted(octets);
            CAPTURE(size);
            CAPTURE(i);
            CHECK_FALSE(name.equals(other));
            CHECK(name.view().hash() != other.hash());
        }
    }
}

TEST_CASE("dns/name: equals: where labels begin counts") {
    CHECK_FALSE(name_of("a.b.").equals(name_of("a\\.b.")));
    CHECK_FALSE(name_of("ab.c.").equals(name_of("a.bc.")));
}

TEST_CASE("dns/name: hash: spreads the names of a zone over the low bits") {
    std::set<std::uint64_t> slots;
    for (int i = 0; i != 4096; ++i) {
        slots.insert(name_of("h" + std::to_string(i) + ".example.").view().hash(3) % 65536);
    }
    // 3969 are expected of a perfect hash.
    CHECK(slots.size() > 3850);
}

TEST_CASE("dns/name: is_subdomain_of: itself and what is below, at label boundaries") {
    const Name zone = name_of("Example.org.");
    CHECK(name_of("example.ORG.").is_subdomain_of(zone));
    CHECK(name_of("a.b.example.org.").is_subdomain_of(zone));
    CHECK(zone.is_subdomain_of(NameView{}));
    CHECK(NameView{}.is_subdomain_of(NameView{}));
    CHECK_FALSE(name_of("org.").is_subdomain_of(zone));
    CHECK_FALSE(NameView{}.is_subdomain_of(zone));
    CHECK_FALSE(name_of("notexample.org.").is_subdomain_of(zone));
    CHECK_FALSE(name_of("example.net.").is_subdomain_of(zone));
    // The octets end in those of the zone, but inside a label.
    CHECK_FALSE(name_of("x\\007example\\003org.").is_subdomain_of(zone));
}

TEST_CASE("dns/name: common_labels: counts from the root") {
    const auto common = [](std::string_view a, std::string_view b) {
        const Name one = name_of(a);
        const Name other = name_of(b);
        CHECK(other.view().common_labels(one) == one.view().common_labels(other));
        return one.view().common_labels(other);
    };
    CHECK(common(".", "a.") == 0);
    CHECK(common("a.", "b.") == 0);
    CHECK(common("a.b.C.", "x.b.c.") == 2);
    CHECK(common("a.b.c.", "b.c.") == 2);
    CHECK(common("a.b.", "a.b.") == 2);
    CHECK(common("a.x.c.", "a.b.c.") == 1);
}

TEST_CASE("dns/name: compare: the order of RFC 4034 section 6.1") {
    // The root is not in the example of the RFC.
    const char* sorted[] = {
        ".",
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.",
        "zABC.a.EXAMPLE.",
        "z.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
    };
    for (std::size_t i = 0; i != std::size(sorted); ++i) {
        for (std::size_t j = 0; j != std::size(sorted); ++j) {
            CAPTURE(sorted[i]);
            CAPTURE(sorted[j]);
            const auto order = name_of(sorted[i]).view() <=> name_of(sorted[j]).view();
            CHECK((order < 0) == (i < j));
            CHECK((order == 0) == (i == j));
        }
    }
    CHECK((name_of("A.b.").view() <=> name_of("a.B.").view()) == 0);
}

TEST_CASE("dns/name: text: both ways, in the canonical spelling") {
    struct Row {
        const char* text;
        const char* printed;
        const char* reason;
    };
    const Row rows[] = {
        {".", ".", "the root"},
        {"a.", "a.", "one label"},
        {"Www.Example.ORG.", "Www.Example.ORG.", "case is kept"},
        {"a\\.b.c.", "a\\.b.c.", "a dot in a label"},
        {"a\\046b.", "a\\.b.", "a dot by its number"},
        {"\\097.", "a.", "a letter by its number"},
        {"\\a\\b.", "ab.", "needless escapes"},
        {"a\\\\b.", "a\\\\b.", "a backslash"},
        {"\\000\\255\\127.", "\\000\\255\\127.", "not printable"},
        {"\\032.", "\\032.", "a space"},
        {"\\ .", "\\032.", "a space, escaped"},
        {"\\@.", "\\@.", "at sign"},
        {"\\\"\\;\\(\\)\\$.", "\\\"\\;\\(\\)\\$.", "special in zone files"},
        {"_dmarc.*.-.", "_dmarc.*.-.", "not special"},
        {"a", "a.example.", "relative"},
        {"@", "example.", "the origin"},
    };
    const Name origin = name_of("example.");
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const auto name = Name::from_text(row.text, origin);
        REQUIRE(name);
        CHECK(name->to_string() == row.printed);
        CHECK(name_of(name->to_string()).equals(*name));
    }
}

TEST_CASE("dns/name: from_text: refuses what is no name") {
    const std::string label(63, 'a');
    CHECK(text_error("") == NameErrc::empty_label);
    CHECK(text_error("..") == NameErrc::empty_label);
    CHECK(text_error(".a") == NameErrc::empty_label);
    CHECK(text_error("a..b") == NameErrc::empty_label);
    CHECK(text_error("a..") == NameErrc::empty_label);
    CHECK(text_error("\\") == NameErrc::bad_escape);
    CHECK(text_error("a\\2") == NameErrc::bad_escape);
    CHECK(text_error("a\\25x") == NameErrc::bad_escape);
    CHECK(text_error("a\\256") == NameErrc::bad_escape);
    CHECK(Name::from_text(label).has_value());
    CHECK(text_error(label + "a") == NameErrc::label_too_long);
    CHECK(text_error(label + "a.") == NameErrc::label_too_long);
}

TEST_CASE("dns/name: from_text: 255 octets are a name, with the origin or without") {
    const std::string three(3, 'x');
    for (std::size_t size = 250; size <= 255; ++size) {
        const Name name = name_of_size(size);
        CHECK(name.size() == size);
        CHECK(name_of(name.to_string()).octets().size() == size);
    }
    const Name origin = name_of_size(251);
    CHECK(Name::from_text(three, origin)->size() == 255);
    CHECK(text_error(three + "x", origin) == NameErrc::name_too_long);
    CHECK(text_error(name_of_size(255).to_string() + "a.") == NameErrc::name_too_long);
}

TEST_CASE("dns/name: concatenate: up to 255 octets") {
    const auto joined = Name::concatenate(name_of("www."), name_of("example.org."));
    REQUIRE(joined);
    CHECK(joined->to_string() == "www.example.org.");
    CHECK(Name::concatenate(NameView{}, NameView{})->is_root());
    CHECK(Name::concatenate(name_of("a."), name_of_size(253))->size() == 255);
    CHECK(Name::concatenate(name_of("aa."), name_of_size(253)).error() == NameErrc::name_too_long);
}

TEST_CASE("dns/name: append and prepend: put labels at the ends") {
    Name name = name_of("b.");
    REQUIRE(name.append_label(label_of("c")));
    REQUIRE(name.prepend_label(label_of("a.")));
    CHECK(name.to_string() == "a\\..b.c.");

    // Of the name itself.
    REQUIRE(name.prepend_label(*std::next(name.view().begin())));
    REQUIRE(name.append_label(*name.view().begin()));
    CHECK(name.to_string() == "b.a\\..b.c.b.");
}

TEST_CASE("dns/name: append and prepend: refuse bad labels and leave the name") {
    const std::string long_label(64, 'x');
    Name name = name_of("a.");
    CHECK(name.append_label({}).error() == NameErrc::empty_label);
    CHECK(name.prepend_label({}).error() == NameErrc::empty_label);
    CHECK(name.append_label(label_of(long_label)).error() == NameErrc::label_too_long);
    CHECK(name.prepend_label(label_of(long_label)).error() == NameErrc::label_too_long);
    CHECK(name.to_string() == "a.");

    Name full = name_of_size(253);
    CHECK(full.append_label(label_of("xx")).error() == NameErrc::name_too_long);
    CHECK(full.prepend_label(label_of("xx")).error() == NameErrc::name_too_long);
    CHECK(full.equals(name_of_size(253)));
    CHECK(full.append_label(label_of("x")).has_value());
    CHECK(full.size() == 255);
}

TEST_CASE("dns/name: lower: changes ASCII letters only") {
    Name name = name_of("ABCXYZ\\@[`{.\\193\\218.Zz\\091\\064.AbCdEfGh.");
    name.lower();
    CHECK(name.to_string() == "abcxyz\\@[`{.\\193\\218.zz[\\@.abcdefgh.");
}

}  // namespace loom::dns
