// SPDX-License-Identifier: Apache-2.0
#include "send_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using loom::host::SendQueue;

namespace {

using Octets = std::vector<std::uint8_t>;

Octets numbered(std::size_t size, std::uint8_t& next) {
    Octets out(size);
    std::ranges::generate(out, [&] { return next++; });
    return out;
}

}  // namespace

TEST_CASE("host/send_queue: pending: what was appended and not taken, in order") {
    SendQueue queue;
    CHECK(queue.is_empty());
    CHECK(queue.pending().empty());
    queue.append(Octets{1, 2, 3});
    queue.append(Octets{4});
    queue.take(2);
    queue.append(Octets{5});
    CHECK(std::ranges::equal(queue.pending(), Octets{3, 4, 5}));
    queue.take(3);
    CHECK(queue.is_empty());
    queue.append(Octets{6});
    CHECK(std::ranges::equal(queue.pending(), Octets{6}));
}

TEST_CASE("host/send_queue: take: memory stays small although it never runs empty") {
    SendQueue queue;
    std::uint8_t written = 0;
    std::uint8_t read = 0;
    bool in_order = true;
    queue.append(numbered(1000, written));
    std::size_t largest = 0;
    for (int i = 0; i < 20'000; ++i) {
        queue.append(numbered(1000, written));
        for (const std::uint8_t octet : queue.pending().first(1000))
            in_order = in_order && octet == read++;
        queue.take(1000);
        largest = std::max(largest, queue.capacity());
    }
    CHECK(in_order);
    CHECK(queue.pending().size() == 1000);
    CHECK(largest <= 512 * 1024);
}

TEST_CASE("host/send_queue: take: what one large answer needed is given back") {
    SendQueue queue;
    queue.append(Octets(4 << 20));
    queue.take(4 << 20);
    CHECK(queue.capacity() <= 64 * 1024);
}
