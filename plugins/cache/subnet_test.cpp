// SPDX-License-Identifier: Apache-2.0
// No client gets another network's answer (RFC 7871).
#include "client_subnet.hpp"

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace loom::harness;
using loom::cache::ClientSubnet;
using loom::cache::ScopeList;

namespace {

constexpr std::uint16_t option_code = 8;
using Octets = std::vector<std::uint8_t>;

Octets ipv4(std::uint8_t source, std::uint8_t scope, const Octets& address) {
    Octets data{0, 1, source, scope};
    for (const std::uint8_t octet : address) data.push_back(octet);
    return data;
}
Question from(std::uint8_t source, const Octets& address, const char* text = "www.example.org. A") {
    return Question{text}.option(option_code, ipv4(source, 0, address));
}

/// Answers with the third octet of the client's network, for a scope of so many bits.
struct World : Harness {
    explicit World(std::uint8_t scope) : Harness{loom_module_0} {
        behind.otherwise([scope](const Asked& asked) {
            Reply reply;
            if (asked.options.size() < 8) {
                reply.answer = {"www.example.org. 60 IN A 192.0.2.99"};
                return reply;
            }
            Octets data{asked.options.begin() + 4, asked.options.end()};
            reply.answer = {
                "www.example.org. 60 IN A 192.0.2." +
                std::to_string(data.size() > 6 ? data[6] : 0)};
            data[3] = scope;
            reply.options = {{option_code, data}};
            return reply;
        });
    }
    std::size_t asked() const { return behind.asked().size(); }
};

Octets subnet_of(const Answer& answer) {
    for (const auto& option : answer.options)
        if (option.code == option_code) return option.value;
    return {};
}

}  // namespace

TEST_CASE("plugin/cache/client_subnet: read: takes what the RFC allows only") {
    CHECK(ClientSubnet::read(ipv4(24, 0, {192, 0, 2})));
    CHECK(ClientSubnet::read(ipv4(0, 0, {})));
    CHECK(ClientSubnet::read(ipv4(25, 32, {192, 0, 2, 128})));
    CHECK(ClientSubnet::read(
        Octets{0, 2, 128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
    CHECK_FALSE(ClientSubnet::read(Octets{}));
    CHECK_FALSE(ClientSubnet::read(Octets{0, 3, 0, 0}));
    CHECK_FALSE(ClientSubnet::read(ipv4(33, 0, {1, 2, 3, 4, 5})));
    CHECK_FALSE(ClientSubnet::read(ipv4(24, 33, {192, 0, 2})));
    CHECK_FALSE(ClientSubnet::read(ipv4(24, 0, {192, 0})));
    CHECK_FALSE(ClientSubnet::read(ipv4(24, 0, {192, 0, 2, 0})));
    CHECK_FALSE(ClientSubnet::read(ipv4(23, 0, {192, 0, 3})));
}

TEST_CASE("plugin/cache/client_subnet: hash: differs for networks of up to 56 bits") {
    std::set<std::uint64_t> hashes;
    std::size_t count = 0;
    for (unsigned i = 0; i < 4096; ++i) {
        const auto high = static_cast<std::uint8_t>(i >> 4U),
                   low = static_cast<std::uint8_t>(i << 4U);
        for (const std::uint8_t bits : std::array<std::uint8_t, 3>{16, 20, 24}) {
            const auto subnet = ClientSubnet::read(ipv4(24, 0, {10, high, low}))->shortened(bits);
            hashes.insert(subnet.hash());
        }
        count += 1;
    }
    CHECK(hashes.size() == count + 4096 + 256);
}

TEST_CASE("plugin/cache: client subnet: an answer is for its network only") {
    World world{24};
    CHECK(world.ask(from(24, {198, 51, 1})).answer.at(0).ends_with(".1"));
    CHECK(world.ask(from(24, {198, 51, 2})).answer.at(0).ends_with(".2"));
    CHECK(world.asked() == 2);

    const Answer hit = world.ask(from(24, {198, 51, 1}));

    CHECK(hit.source == Source::plugin);
    CHECK(hit.answer.at(0).ends_with(".1"));
    CHECK(subnet_of(hit) == ipv4(24, 24, {198, 51, 1}));
    CHECK(world.ask(from(24, {198, 51, 2})).answer.at(0).ends_with(".2"));
    CHECK(world.ask(from(32, {198, 51, 2, 77})).source == Source::plugin);
    CHECK(world.asked() == 2);
    CHECK(world.ask(from(16, {198, 51})).source == Source::behind);
    CHECK(world.ask("www.example.org. A").answer.at(0).ends_with(".99"));
    CHECK(world.ask("www.example.org. A").source == Source::plugin);
    CHECK(world.ask(from(24, {198, 51, 3})).source == Source::behind);
}

TEST_CASE("plugin/cache: client subnet: a scope of 0 is for all who tell where they are") {
    World world{0};
    world.ask(from(24, {198, 51, 1}));

    const Answer hit = world.ask(from(24, {203, 0, 113}));

    CHECK(hit.source == Source::plugin);
    CHECK(subnet_of(hit) == ipv4(24, 0, {203, 0, 113}));
    CHECK(world.ask("www.example.org. A").source == Source::behind);
}

TEST_CASE("plugin/cache: client subnet: a wide scope serves all networks within") {
    World world{16};
    world.ask(from(24, {198, 51, 1}));

    CHECK(world.ask(from(24, {198, 51, 200})).source == Source::plugin);
    CHECK(world.ask(from(24, {198, 52, 1})).source == Source::behind);
    CHECK(world.ask(from(15, {198, 50})).source == Source::behind);
}

TEST_CASE("plugin/cache: client subnet: an answer that depends on more than was told is not kept") {
    World world{32};
    world.ask(from(24, {198, 51, 1}));

    CHECK(world.ask(from(24, {198, 51, 1})).source == Source::behind);
}

TEST_CASE("plugin/cache: client subnet: those of one network wait for one answer") {
    World world{24};
    Reply late{
        .answer = {"www.example.org. 60 IN A 192.0.2.1"},
        .options = {{option_code, ipv4(24, 24, {198, 51, 1})}},
        .after = 1s};
    world.behind.push(late);
    const auto one = world.send(from(24, {198, 51, 1}));
    const auto two = world.send(from(24, {198, 51, 1}));
    const auto other = world.send(from(24, {198, 51, 2}));
    CHECK(world.asked() == 2);

    world.advance(1s);

    CHECK(world.result(*one).answer == world.result(*two).answer);
    CHECK(world.result(*other).answer.at(0).ends_with(".2"));
    CHECK(world.asked() == 2);
}

TEST_CASE("plugin/cache: client subnet: what is malformed, secret or another's is not kept") {
    World world{24};
    for (int i = 0; i < 2; ++i) {
        CHECK(world.ask(from(0, {})).source == Source::behind);
        CHECK(
            world.ask(Question{"www.example.org. A"}.option(option_code, Octets{0, 1})).source ==
            Source::behind);
    }
    for (int i = 0; i < 2; ++i) {
        world.behind.push(
            {.answer = {"www.example.org. 60 IN A 192.0.2.7"},
             .options = {{option_code, ipv4(24, 24, {10, 0, 0})}}});
        CHECK(world.ask(from(24, {198, 51, 1})).source == Source::behind);
    }
}

TEST_CASE("plugin/cache: client subnet: the kinds of scopes of one name have a limit") {
    Harness world{loom_module_0};
    std::uint8_t scope = 0;
    world.behind.otherwise([&](const Asked&) {
        return Reply{
            .answer = {"www.example.org. 60 IN A 192.0.2.1"},
            .options = {{option_code, ipv4(32, scope, {198, 51, scope, 1})}}};
    });
    const auto ask = [&] { return world.ask(from(32, {198, 51, scope, 1})).source; };
    for (scope = 32; scope > 24; --scope) CHECK(ask() == Source::behind);
    for (scope = 32; scope > 24; --scope) CHECK(ask() == Source::plugin);
    scope = 20;
    CHECK(ask() == Source::behind);
    CHECK(ask() == Source::behind);
    world.advance(60s);
    CHECK(ask() == Source::behind);
    CHECK(ask() == Source::plugin);
}

TEST_CASE("plugin/cache: client subnet: one that a plugin behind told is kept apart by addresses") {
    // As forward does with ecs = "add"; of two clients that ask at once the other one is elsewhere.
    Harness world{loom_module_0};
    const auto told = [](std::uint8_t network) {
        return Reply{
            .answer = {"www.example.org. 60 IN A 192.0.2." + std::to_string(network)},
            .options = {{option_code, ipv4(24, 24, {198, 51, network})}},
            .after = 1s};
    };
    const auto client = [](const std::string& address) {
        return Question{"www.example.org. A"}.client(address);
    };
    world.behind.push(told(1)).push(told(2));
    const auto one = world.send(client("198.51.1.7"));
    const auto near = world.send(client("198.51.1.8"));
    const auto far = world.send(client("198.51.2.7"));
    world.advance(2s);

    CHECK(world.result(*one).answer.at(0).ends_with(".1"));
    CHECK(world.result(*near).answer.at(0).ends_with(".1"));
    CHECK(world.result(*far).answer.at(0).ends_with(".2"));
    CHECK(world.behind.asked().size() == 2);
    CHECK(world.ask(client("198.51.1.9")).answer.at(0).ends_with(".1"));
    CHECK(world.ask(client("198.51.2.9")).answer.at(0).ends_with(".2"));
    CHECK(world.behind.asked().size() == 2);
    CHECK(subnet_of(world.ask(client("198.51.1.9").edns())).empty());
    world.behind.push(told(9));
    CHECK(world.ask(client("2001:db8::1")).source != Source::plugin);
}
