// SPDX-License-Identifier: Apache-2.0
#include "upstream_cookie.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace loom::forward;
using Finding = UpstreamCookie::Finding;
using Octets = std::vector<std::uint8_t>;

namespace {

constexpr UpstreamCookie::Source here{192, 0, 2, 1};
constexpr UpstreamCookie::Source there{192, 0, 2, 2};

/// What a server sends back: the client's part and `server`.
Octets reply_to(const UpstreamCookie& cookie, const Octets& server) {
    Octets data{cookie.octets().begin(), cookie.octets().begin() + 8};
    data.insert(data.end(), server.begin(), server.end());
    return data;
}

Octets sent(const UpstreamCookie& cookie) {
    return {cookie.octets().begin(), cookie.octets().end()};
}

}  // namespace

TEST_CASE("forward/upstream_cookie: the server's part: is sent from then on") {
    RandomIds ids;
    UpstreamCookie cookie;
    CHECK(cookie.octets().empty());
    cookie.use_source(here, ids);
    CHECK(cookie.octets().size() == 8);

    const auto first = reply_to(cookie, Octets(16, 1));
    CHECK(cookie.take(first, 5) == Finding::right);
    CHECK(sent(cookie) == first);
    const auto second = reply_to(cookie, Octets(8, 2));
    CHECK(cookie.take(second, 6) == Finding::right);
    CHECK(sent(cookie) == second);
}

TEST_CASE("forward/upstream_cookie: another source: another cookie") {
    RandomIds ids;
    UpstreamCookie cookie;
    cookie.use_source(here, ids);
    const auto before = sent(cookie);

    cookie.use_source(here, ids);
    CHECK(sent(cookie) == before);
    cookie.take(reply_to(cookie, Octets(16, 1)), 5);
    cookie.use_source(there, ids);
    CHECK(cookie.octets().size() == 8);
    CHECK(sent(cookie) != before);
    CHECK(cookie.take(std::nullopt, 6) == Finding::missing);
}

TEST_CASE("forward/upstream_cookie: no cookie: right until the server has sent one, then missing") {
    RandomIds ids;
    UpstreamCookie cookie;
    cookie.use_source(here, ids);

    CHECK(cookie.take(std::nullopt, 1) == Finding::right);
    // A server that sends any option back.
    CHECK(cookie.take(reply_to(cookie, {}), 2) == Finding::right);
    CHECK(cookie.take(std::nullopt, 3) == Finding::right);
    cookie.take(reply_to(cookie, Octets(8, 1)), 4);
    CHECK(cookie.take(std::nullopt, 5) == Finding::missing);
    CHECK(cookie.take(reply_to(cookie, {}), 5) == Finding::missing);
    CHECK(cookie.take(std::nullopt, 4 + UpstreamCookie::due_ns) == Finding::right);
    cookie.forget();
    CHECK(cookie.take(std::nullopt, 6) == Finding::right);
    CHECK(cookie.octets().size() == 8);
}

TEST_CASE("forward/upstream_cookie: not ours, or malformed: wrong") {
    RandomIds ids;
    UpstreamCookie cookie;
    cookie.use_source(here, ids);
    auto other = reply_to(cookie, Octets(8, 1));
    other[0] ^= 1U;

    CHECK(cookie.take(other, 1) == Finding::wrong);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{7}, std::size_t{15}, std::size_t{41}})
        CHECK(cookie.take(Octets(size, 0), 1) == Finding::wrong);
    CHECK(cookie.octets().size() == 8);
}
