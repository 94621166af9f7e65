// SPDX-License-Identifier: Apache-2.0
#include "tcp_framing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

using loom::forward::FrameReader;
using loom::forward::FrameWriter;

namespace {

std::span<const std::uint8_t> octets(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text(std::span<const std::uint8_t> message) {
    return {reinterpret_cast<const char*>(message.data()), message.size()};
}

void feed(FrameReader& reader, std::string_view stream) {
    const auto room = reader.room();
    REQUIRE(room.size() >= stream.size());
    std::ranges::copy(octets(stream), room.begin());
    reader.filled(stream.size());
}

}  // namespace

TEST_CASE("forward/tcp_framing: read: a message that comes octet by octet") {
    using namespace std::string_view_literals;
    FrameReader reader;

    for (const char c : "\0\3ab"sv) {
        feed(reader, {&c, 1});
        CHECK_FALSE(reader.next());
    }
    feed(reader, "c");

    const auto message = reader.next();
    REQUIRE(message);
    CHECK(text(*message) == "abc");
    CHECK_FALSE(reader.next());
}

TEST_CASE("forward/tcp_framing: read: several messages and the front of one more in one piece") {
    using namespace std::string_view_literals;
    FrameReader reader;
    feed(reader, "\0\1a\0\0\0\2bc\0\5d"sv);

    CHECK(text(reader.next().value()) == "a");
    CHECK(reader.next().value().empty());
    CHECK(text(reader.next().value()) == "bc");
    CHECK_FALSE(reader.next());

    feed(reader, "efgh");
    CHECK(text(reader.next().value()) == "defgh");
}

TEST_CASE("forward/tcp_framing: read: the largest message, in pieces") {
    FrameReader reader;
    feed(reader, "\xff\xff");
    const std::string piece(4095, 'x');

    for (int i = 0; i < 16; ++i) {
        CHECK_FALSE(reader.next());
        feed(reader, piece);
    }
    CHECK_FALSE(reader.next());
    feed(reader, std::string(15, 'x'));

    CHECK(reader.next().value().size() == 65535);
}

TEST_CASE("forward/tcp_framing: write: what was not sent stays, in order") {
    using namespace std::string_view_literals;
    FrameWriter writer;
    writer.add(octets("abc"));
    writer.add(octets("d"));

    CHECK(text(writer.unsent()) == "\0\3abc\0\1d"sv);
    writer.sent(4);
    CHECK(text(writer.unsent()) == "c\0\1d"sv);
    writer.add(octets("e"));
    CHECK(text(writer.unsent()) == "c\0\1d\0\1e"sv);
    writer.sent(7);
    CHECK(writer.unsent().empty());
}
