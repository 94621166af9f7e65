// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/compression.hpp>

#include <doctest/doctest.h>

namespace loom::dns {
namespace {

// A message being written: a header of zeros, then names.
struct Page {
    explicit Page(std::size_t size = 65535) : buffer(size), writer{buffer} {
        writer.zeros(header_size);
    }

    void write(std::string_view name) { map.write(writer, name_of(name)); }
    std::string hex() const { return hex_of(writer.written().subspan(header_size)); }
    std::string read(std::size_t offset) const {
        return Name::read(writer.written(), offset)->to_string();
    }

    static constexpr std::size_t header_size = 12;

    Octets buffer;
    Writer writer;
    CompressionMap map;
};

}  // namespace

TEST_CASE("dns/compression: write: points at the longest tail that is known") {
    Page page;
    page.write("a.example.");
    page.write("b.example.");
    page.write("a.example.");
    page.write("c.b.example.");
    page.write("example.");
    page.write("org.");
    CHECK(
        page.hex() == "0161076578616D706C6500"
                      "0162C00E"
                      "C00C"
                      "0163C017"
                      "C00E"
                      "036F726700");
    CHECK(page.map.size() == 5);
}

TEST_CASE("dns/compression: write: the root is one octet and no entry") {
    Page page;
    page.write(".");
    page.write(".");
    CHECK(page.hex() == "0000");
    CHECK(page.map.size() == 0);
}

TEST_CASE("dns/compression: write: case does not count") {
    Page page;
    page.write("Example.");
    page.write("A.eXAMPLE.");
    CHECK(page.hex() == "074578616D706C65000141C00C");
}

TEST_CASE("dns/compression: write: the same label elsewhere is another entry") {
    Page page;
    page.write("a.a.a.");
    page.write("a.b.");
    CHECK(
        page.hex() == "01610161016100"
                      "0161016200");
}

TEST_CASE("dns/compression: write: never points beyond 16383") {
    Page page;
    page.writer.zeros(0x3FFF - page.writer.size());
    // The first label can be reached, but its tail cannot: nothing of the name is of use.
    page.write("a.b.");
    CHECK(page.map.size() == 0);
    page.write("a.b.");
    CHECK(page.read(0x3FFF + 5) == "a.b.");
    CHECK(page.writer.size() == 0x3FFF + 10);

    Page other;
    other.writer.zeros(0x3FFF - other.writer.size());
    other.write("a.");
    other.write("b.a.");
    CHECK(
        hex_of(other.writer.written().last(7)) == "016100"
                                                  "0162FFFF");
}

TEST_CASE("dns/compression: write: goes on with a full map") {
    Page page;
    for (int i = 0; i != 200; ++i) page.write("n" + std::to_string(i) + ".example.");
    CHECK(page.map.size() == CompressionMap::entries_max);
    const std::size_t before = page.writer.size();
    page.write("n0.example.");    // Among those it has.
    page.write("n199.example.");  // Not: only its tail is.
    CHECK(page.writer.size() == before + 2 + 5 + 2);
    CHECK(page.read(before) == "n0.example.");
    CHECK(page.read(before + 2) == "n199.example.");
}

TEST_CASE("dns/compression: write: a name of 127 labels fills the map but for one") {
    Page page;
    std::string name;
    for (std::size_t i = 0; i != labels_max; ++i) name += "a.";
    page.write(name);
    CHECK(page.map.size() == labels_max);
    page.write(name);
    CHECK(page.hex().ends_with("00C00C"));
    page.write("x.y.");
    CHECK(page.map.size() == CompressionMap::entries_max);
    page.write("x.y.");
    CHECK(page.hex().ends_with("0178017900"
                               "0178C10F"));
}

TEST_CASE("dns/compression: write: remembers nothing of a name that did not fit") {
    Page page{Page::header_size + 5};
    page.write("abcde.");
    CHECK_FALSE(page.writer.ok());
    CHECK(page.map.size() == 0);
}

TEST_CASE("dns/compression: remember: a name that stands there already") {
    Page page;
    const Name name = name_of("a.example.");
    page.writer.bytes(name.octets());
    page.map.remember(page.writer.written(), Page::header_size, name);
    page.write("b.example.");
    CHECK(page.hex().ends_with("0162C00E"));
}

TEST_CASE("dns/compression: roll_back: forgets what came after") {
    Page page;
    page.write("example.");
    const std::size_t known = page.map.size();
    const std::size_t size = page.writer.size();
    for (int i = 0; i != 150; ++i) page.write("n" + std::to_string(i) + ".example.");

    page.map.roll_back(known);
    page.writer.roll_back(size);

    CHECK(page.map.size() == known);
    page.write("n7.example.");
    CHECK(
        page.hex() == "076578616D706C6500"
                      "026E37C00C");
    page.map.roll_back(99);
    CHECK(page.map.size() == 2);
}

}  // namespace loom::dns
