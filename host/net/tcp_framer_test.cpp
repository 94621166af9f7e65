// SPDX-License-Identifier: Apache-2.0
#include "tcp_framer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using loom::host::TcpFramer;

namespace {

using Octets = std::vector<std::uint8_t>;

Octets framed(std::initializer_list<std::string_view> messages) {
    Octets out;
    for (const auto message : messages) {
        out.push_back(static_cast<std::uint8_t>(message.size() >> 8U));
        out.push_back(static_cast<std::uint8_t>(message.size()));
        out.insert(out.end(), message.begin(), message.end());
    }
    return out;
}

// What next() gives, as `[one][two]`.
std::string drain(TcpFramer& framer) {
    std::string out;
    while (const auto message = framer.next())
        out += '[' + std::string{message->begin(), message->end()} + ']';
    return out;
}

}  // namespace

TEST_CASE("host/tcp_framer: next: nothing when nothing came") {
    TcpFramer framer;
    CHECK_FALSE(framer.next());
    CHECK(framer.is_empty());
}

TEST_CASE("host/tcp_framer: next: many messages in one piece") {
    TcpFramer framer;
    const Octets input = framed({"one", "two", "three"});
    framer.feed(input);
    CHECK(drain(framer) == "[one][two][three]");
    CHECK(framer.is_empty());
}

TEST_CASE("host/tcp_framer: next: a message that comes octet by octet") {
    TcpFramer framer;
    std::string out;
    for (const std::uint8_t octet : framed({"hello", "world"})) {
        // On the heap: a sanitizer sees if the octets are used after they went.
        const Octets piece{octet};
        framer.feed(piece);
        out += drain(framer);
        framer.keep();
    }
    CHECK(out == "[hello][world]");
    CHECK(framer.is_empty());
}

TEST_CASE("host/tcp_framer: next: pieces of every size give the same messages") {
    const Octets input = framed({"", "a", "bc", std::string(300, 'x'), "d"});
    for (std::size_t size = 1; size <= input.size(); ++size) {
        TcpFramer framer;
        std::string out;
        for (std::size_t at = 0; at < input.size(); at += size) {
            const auto first = input.begin() + static_cast<std::ptrdiff_t>(at);
            const Octets piece{
                first, first + static_cast<std::ptrdiff_t>(std::min(size, input.size() - at))};
            framer.feed(piece);
            out += drain(framer);
            framer.keep();
        }
        CHECK(out == "[][a][bc][" + std::string(300, 'x') + "][d]");
    }
}

TEST_CASE("host/tcp_framer: next: a message of no octets is a message") {
    TcpFramer framer;
    const Octets input{0, 0};
    framer.feed(input);
    const auto message = framer.next();
    REQUIRE(message);
    CHECK(message->empty());
    CHECK_FALSE(framer.next());
}

TEST_CASE("host/tcp_framer: next: the longest message") {
    TcpFramer framer;
    const std::string text(65535, 'z');
    const Octets input = framed({text});
    framer.feed(std::span{input}.first(40000));
    CHECK_FALSE(framer.next());
    framer.keep();
    framer.feed(std::span{input}.subspan(40000));
    CHECK(drain(framer) == '[' + text + ']');
}

TEST_CASE("host/tcp_framer: keep: messages not taken yet stay") {
    TcpFramer framer;
    {
        const Octets input = framed({"one", "two", "three"});
        framer.feed(input);
        REQUIRE(framer.next());
        framer.keep();
    }
    CHECK_FALSE(framer.is_empty());
    CHECK(drain(framer) == "[two][three]");
}
