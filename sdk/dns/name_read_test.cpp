// SPDX-License-Identifier: Apache-2.0
// Names in messages: pointers, hostile ones above all.
#include "test_octets.hpp"

#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

namespace loom::dns {
namespace {

struct Place {
    std::string name;  // Or what is wrong with it.
    std::size_t offset;

    bool operator==(const Place&) const = default;
};

// What the octets of a test stand behind: pointers in them count from its start, offsets do not.
constexpr std::size_t header_octets = 12;

// Reads and skips, which must agree.
Place read_at(const Octets& octets, std::size_t offset) {
    Octets message(header_octets);
    message.insert(message.end(), octets.begin(), octets.end());
    std::size_t read_to = header_octets + offset;
    std::size_t skipped_to = read_to;
    const auto name = Name::read(message, read_to);
    const auto skipped = Name::skip(message, skipped_to);
    CHECK(name.has_value() == skipped.has_value());
    CHECK(read_to == skipped_to);
    if (name) return {name->to_string(), read_to - header_octets};
    CHECK(name.error() == skipped.error());
    return {std::string{describe(name.error())}, read_to - header_octets};
}

void append_pointer(Octets& message, std::size_t offset) {
    const std::size_t target = header_octets + offset;
    message.push_back(static_cast<std::uint8_t>(0xC0U | target >> 8U));
    message.push_back(static_cast<std::uint8_t>(target));
}

}  // namespace

TEST_CASE("dns/name: read: follows pointers and stays behind the name in place") {
    // At 0 `c.`, at 3 `b.c.`, at 7 `a.b.c.`, at 11 a pointer to that alone.
    const Octets message = octets_of("016300 0162C00C 0161C00F C013 FF");
    CHECK(read_at(message, 0) == Place{"c.", 3});
    CHECK(read_at(message, 3) == Place{"b.c.", 7});
    CHECK(read_at(message, 7) == Place{"a.b.c.", 11});
    CHECK(read_at(message, 11) == Place{"a.b.c.", 13});
    CHECK(read_at(message, 2) == Place{".", 3});
}

TEST_CASE("dns/name: read: refuses hostile names and leaves the offset") {
    struct Row {
        const char* message;
        std::size_t offset;
        NameErrc error;
        const char* reason;
    };
    const Row rows[] = {
        {"", 0, NameErrc::truncated, "nothing"},
        {"00", 1, NameErrc::truncated, "at the end"},
        {"00", 9, NameErrc::truncated, "behind the end"},
        {"0161", 0, NameErrc::truncated, "no root"},
        {"0561", 0, NameErrc::truncated, "a label cut off"},
        {"00C0", 1, NameErrc::truncated, "half a pointer"},
        {"C00C", 0, NameErrc::bad_pointer, "to itself"},
        {"C00E00", 0, NameErrc::bad_pointer, "forwards"},
        {"0161C00C", 0, NameErrc::bad_pointer, "to its own first label: a loop"},
        {"0161C00E", 0, NameErrc::bad_pointer, "to the pointer itself"},
        {"0161C00E", 2, NameErrc::bad_pointer, "the same, without the label"},
        {"0161C010 C00C", 4, NameErrc::bad_pointer, "backwards, then forwards to the first"},
        {"C00EC00C", 2, NameErrc::bad_pointer, "two that point at each other"},
        {"0161C00C C00D", 4, NameErrc::bad_label_type, "into a label, to what is no length"},
        {"0361C00C00", 2, NameErrc::bad_pointer, "to labels that go on over the pointer"},
        {"01C0C00D", 2, NameErrc::bad_pointer, "to half a pointer, whose end is the pointer"},
        {"00C000", 1, NameErrc::bad_pointer, "to the front of the header"},
        {"00C00B", 1, NameErrc::bad_pointer, "to the end of the header"},
        {"00FFFF", 1, NameErrc::bad_pointer, "as far as it goes"},
        {"4100", 0, NameErrc::bad_label_type, "01"},
        {"8100", 0, NameErrc::bad_label_type, "10"},
        {"4100C00C", 2, NameErrc::bad_label_type, "01 behind a pointer"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const Place place = read_at(octets_of(row.message), row.offset);
        CHECK(place == Place{std::string{describe(row.error)}, row.offset});
    }
}

TEST_CASE("dns/name: read: 255 octets are a name, however it is cut up") {
    const Name tail = name_of_size(253);
    Octets message{tail.octets().begin(), tail.octets().end()};
    message.insert(message.end(), {1, 'x'});
    append_pointer(message, 0);
    message.insert(message.end(), {2, 'x', 'x'});
    append_pointer(message, 0);

    CHECK(read_at(message, 253) == Place{"x." + tail.to_string(), 257});
    CHECK(read_at(message, 257) == Place{std::string{describe(NameErrc::name_too_long)}, 257});

    // Without any pointer.
    Octets plain = message;
    plain.insert(plain.begin(), {2, 'x', 'x'});
    CHECK(read_at(plain, 0) == Place{std::string{describe(NameErrc::name_too_long)}, 0});
}

TEST_CASE("dns/name: read: ends soon on a long chain of pointers") {
    Octets message{0};
    std::size_t target = 0;
    for (int i = 0; i != 128; ++i) {
        const std::size_t here = message.size();
        append_pointer(message, target);
        target = here;
    }
    const std::size_t last = message.size() - 2;
    CHECK(read_at(message, last - 2) == Place{".", last});
    CHECK(read_at(message, last) == Place{std::string{describe(NameErrc::bad_pointer)}, last});
}

TEST_CASE("dns/name: read: 127 labels, each with its pointer") {
    Octets message{0};
    std::size_t target = 0;
    for (std::size_t i = 0; i != labels_max; ++i) {
        const std::size_t here = message.size();
        message.insert(message.end(), {1, 'a'});
        append_pointer(message, target);
        target = here;
    }
    const Place place = read_at(message, target);
    CHECK(place.offset == target + 4);
    CHECK(name_of(place.name).size() == name_size_max);
}

}  // namespace loom::dns
