// SPDX-License-Identifier: Apache-2.0
#include "policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

using namespace loom::acl;

namespace {

constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_any = 255;
constexpr std::uint16_t type_caa = 257;

bool contains(const Network& network, const Address& address) {
    if (network.family != address.family) return false;
    AddressBits inside = network.bits;
    AddressBits asked = address.bits;
    for (unsigned i = 0; i < network.length; ++i)
        if (inside.take(1) != asked.take(1)) return false;
    return true;
}

/// The rules tried one by one.
Decision expected(
    const std::vector<Rule>& rules,
    const std::vector<NetworkRule>& networks,
    const Address& client,
    std::uint16_t type) {
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        const auto& types = rules[i].types;
        if (!types.empty() && std::ranges::find(types, type) == types.end()) continue;
        const bool is_inside = std::ranges::any_of(networks, [&](const NetworkRule& entry) {
            return entry.rule == i && contains(entry.network, client);
        });
        if (rules[i].everywhere || is_inside) return rules[i].decision;
    }
    return {};
}

bool same(Decision a, Decision b) { return a.action == b.action && a.error == b.error; }

/// Numbers that are often alike, so that networks lie in one another.
class Source {
public:
    std::uint32_t number(std::uint32_t below) {
        return static_cast<std::uint32_t>(engine_() % below);
    }
    Network network() {
        const bool is_ipv4 = number(2) == 0;
        const Address address = this->address(is_ipv4 ? Family::ipv4 : Family::ipv6);
        const std::uint32_t length = number(is_ipv4 ? 33 : 129);
        // Through the text, which clears what is behind the prefix.
        return *Network::parse(text(address) + "/" + std::to_string(length));
    }
    Address address(Family family) {
        Address address{family, {few_bits(), family == Family::ipv6 ? few_bits() : 0}};
        if (family == Family::ipv4) address.bits.high &= 0xFFFF'FFFF'0000'0000;
        // Else it could be a mapped one.
        if (family == Family::ipv6) address.bits.high |= 0x2000'0000'0000'0000;
        return address;
    }

private:
    std::uint64_t few_bits() { return engine_() & engine_() & engine_(); }
    static std::string text(const Address& address) {
        AddressBits bits = address.bits;
        std::string out;
        for (int i = 0; i < (address.family == Family::ipv4 ? 4 : 8); ++i) {
            if (address.family == Family::ipv4) {
                out += (i > 0 ? "." : "") + std::to_string(bits.take(8));
                continue;
            }
            char group[8];
            std::snprintf(group, sizeof group, "%s%x", i > 0 ? ":" : "", bits.take(16));
            out += group;
        }
        return out;
    }

    std::mt19937_64 engine_{7};
};

}  // namespace

TEST_CASE("plugin/acl: Policy::decide: the first rule that applies, as if all were tried") {
    Source source;
    const std::uint16_t types[] = {type_a, type_any, type_caa, 28, 65280};
    for (int round = 0; round < 60; ++round) {
        std::vector<Rule> rules(1 + source.number(12));
        std::vector<NetworkRule> networks;
        for (std::uint32_t i = 0; i < rules.size(); ++i) {
            rules[i].decision = {
                static_cast<Action>(source.number(action_count)), static_cast<std::uint16_t>(i)};
            for (std::uint32_t n = source.number(3); n > 0; --n)
                rules[i].types.push_back(types[source.number(4)]);
            rules[i].everywhere = source.number(8) == 0;
            for (std::uint32_t n = source.number(12); n > 0; --n)
                networks.push_back({source.network(), i});
        }
        const Policy policy{rules, networks};
        for (int n = 0; n < 300; ++n) {
            // Half of the addresses are those of networks.
            Address client = source.address(n % 2 == 0 ? Family::ipv4 : Family::ipv6);
            if (n % 4 > 1 && !networks.empty()) {
                const Network& network =
                    networks[source.number(static_cast<std::uint32_t>(networks.size()))].network;
                client = {network.family, network.bits};
            }
            const std::uint16_t type = types[source.number(5)];
            REQUIRE(same(policy.decide(client, type), expected(rules, networks, client, type)));
        }
    }
}

TEST_CASE("plugin/acl: Policy: no network at all") {
    const Policy policy{{}, {}};
    CHECK(policy.decide({}, type_a).action == Action::allow);
}

TEST_CASE("plugin/acl: Policy: a hundred thousand networks in two rules") {
    std::vector<Rule> rules(2);
    rules[0].decision = {Action::drop, 0};
    rules[1].decision = {Action::block, 15};
    std::vector<NetworkRule> networks;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        Network network{Family::ipv4, {i << 40U, 0}, 24};
        networks.push_back({network, static_cast<std::uint32_t>(i % 2)});
    }
    const Policy policy{rules, networks};
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const Address inside{Family::ipv4, {i << 40U | std::uint64_t{0xAB} << 32U, 0}};
        REQUIRE(
            policy.decide(inside, type_a).action == (i % 2 == 0 ? Action::drop : Action::block));
    }
    CHECK(
        policy.decide({Family::ipv4, {std::uint64_t{100'000} << 40U, 0}}, 1).action ==
        Action::allow);
}
