// SPDX-License-Identifier: Apache-2.0
#include "server_conflicts.hpp"

#include "zone_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <set>
#include <utility>

namespace loom::host {
namespace {

/// One socket.
struct SocketKey {
    bool tcp = false;
    std::uint8_t family = 0;
    std::array<std::uint8_t, 16> ip{};
    std::uint32_t scope = 0;
    std::uint16_t port = 0;

    auto operator<=>(const SocketKey&) const = default;
};

struct ServerUse {
    const ReadServer* server;
    const Listen* listen;
};

using SocketMap = std::map<SocketKey, std::vector<ServerUse>>;

SocketKey socket_key(const Listen& listen, bool tcp) {
    SocketKey key{
        .tcp = tcp,
        .family = listen.address.family,
        .ip = {},
        .scope = listen.address.scope,
        .port = listen.address.port};
    std::ranges::copy(listen.address.ip, key.ip.begin());
    return key;
}

/// Adds a socket; false if the server has it already.
bool add_socket(SocketMap& sockets, const SocketKey& key, const ServerUse& use) {
    auto& users = sockets[key];
    if (!users.empty() && users.back().server == use.server) return false;
    users.push_back(use);
    return true;
}

void add_sockets(SocketMap& sockets, const ReadServer& server, Mistakes& mistakes) {
    const Place* reported = nullptr;
    for (std::size_t i = 0; i != server.config.listen.size(); ++i) {
        const Listen& listen = server.config.listen[i];
        // Port 0 is another one each time.
        if (listen.address.port == 0) continue;
        bool fresh = true;
        if (listen.has_udp())
            fresh &= add_socket(sockets, socket_key(listen, false), {&server, &listen});
        if (listen.has_tcp())
            fresh &= add_socket(sockets, socket_key(listen, true), {&server, &listen});
        // One text may stand for two addresses.
        if (fresh || reported == server.listen_places[i]) continue;
        reported = server.listen_places[i];
        mistakes.add(*reported, fmt::format("\"listen\" has {} twice", to_string(listen)));
    }
}

struct ZoneUse {
    const ReadServer* server;
    const Place* place;
};

/// Finds the zones that several servers of one socket have.
class ZoneCheck {
public:
    explicit ZoneCheck(Mistakes& mistakes) : mistakes_{mistakes} {}

    void operator()(const std::vector<ServerUse>& users) {
        // Many sockets have the same servers: those of UDP and TCP, of IPv4 and IPv6.
        std::vector<const ReadServer*> group;
        for (const ServerUse& use : users) group.push_back(use.server);
        if (group.size() < 2 || !checked_.insert(std::move(group)).second) return;
        ZoneMap<ZoneUse> seen;
        for (const ServerUse& use : users) {
            if (mistakes_.full()) return;
            add_zones(seen, use);
        }
    }

private:
    void add_zones(ZoneMap<ZoneUse>& seen, const ServerUse& use) {
        const auto& zones = use.server->config.zones;
        for (std::size_t i = 0; i != zones.size(); ++i) {
            const ZoneUse zone{use.server, use.server->zone_places[i]};
            const auto [first, fresh] = seen.emplace(zones[i], zone);
            // A zone that a server itself has twice was reported when it was read.
            if (fresh || first->second.server == use.server) continue;
            if (!reported_.emplace(first->second.place, zone.place).second) continue;
            mistakes_.add(
                *zone.place,
                fmt::format(
                    "the zone {} is served on {} already, by {} at {}; leave it out of one",
                    zones[i].to_string(),
                    to_string(*use.listen),
                    quoted(first->second.server->config.name),
                    to_string(*first->second.place)));
            if (mistakes_.full()) return;
        }
    }

    Mistakes& mistakes_;
    std::set<std::vector<const ReadServer*>> checked_;
    std::set<std::pair<const Place*, const Place*>> reported_;
};

void check_names(std::span<const ReadServer> servers, Mistakes& mistakes) {
    std::map<std::string_view, const ReadServer*> seen;
    for (const ReadServer& server : servers) {
        const auto& name = server.config.name;
        if (name.empty()) continue;
        const auto [first, fresh] = seen.emplace(name, &server);
        if (fresh) continue;
        const ReadServer& other = *first->second;
        // Then they have a zone in common on the same socket, which says more.
        const bool same_socket =
            !server.named && !other.named && server.config.listen.front().address.port != 0;
        if (same_socket) continue;
        mistakes.add(
            *server.name_place,
            fmt::format(
                "the server at {} has the name {}, too; give another",
                to_string(*other.name_place),
                quoted(name)));
    }
}

}  // namespace

void check_conflicts(std::span<const ReadServer> servers, Mistakes& mistakes) {
    check_names(servers, mistakes);
    SocketMap sockets;
    for (const ReadServer& server : servers) add_sockets(sockets, server, mistakes);
    ZoneCheck check{mistakes};
    for (const auto& [key, users] : sockets) check(users);
}

}  // namespace loom::host
