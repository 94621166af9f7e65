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
    std::size_t number;  // Of the server.
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

void add_sockets(
    SocketMap& sockets, const ReadServer& server, std::size_t number, Mistakes& mistakes) {
    const Place* reported = nullptr;
    for (std::size_t i = 0; i != server.config.listen.size(); ++i) {
        const Listen& listen = server.config.listen[i];
        // Port 0 is another one each time.
        if (listen.address.port == 0) continue;
        bool fresh = true;
        if (listen.has_udp())
            fresh &= add_socket(sockets, socket_key(listen, false), {&server, number, &listen});
        if (listen.has_tcp())
            fresh &= add_socket(sockets, socket_key(listen, true), {&server, number, &listen});
        // One text may stand for two addresses.
        if (fresh || reported == server.listen_places[i]) continue;
        reported = server.listen_places[i];
        mistakes.add(*reported, fmt::format("\"listen\" has {} twice", to_string(listen)));
    }
}

struct ZoneUse {
    const ReadServer* server;
    std::size_t number;
    const Place* place;
};

/// Finds the zones that several servers of one socket have.
class ZoneCheck {
public:
    void operator()(const std::vector<ServerUse>& users) {
        // Many sockets have the same servers: those of UDP and TCP, of IPv4 and IPv6.
        std::vector<const ReadServer*> group;
        for (const ServerUse& use : users) group.push_back(use.server);
        if (group.size() < 2 || !checked_.insert(std::move(group)).second) return;
        ZoneMap<ZoneUse> seen;
        for (const ServerUse& use : users) add_zones(seen, use);
    }

    std::vector<SharedZone> take() && { return std::move(found_); }

private:
    void add_zones(ZoneMap<ZoneUse>& seen, const ServerUse& use) {
        const auto& zones = use.server->config.zones;
        for (std::size_t i = 0; i != zones.size(); ++i) {
            const ZoneUse zone{use.server, use.number, use.server->zone_places[i]};
            const auto [entry, fresh] = seen.emplace(zones[i], zone);
            // A zone that a server itself has twice was reported when it was read.
            if (fresh || entry->second.server == use.server) continue;
            // Each server has to leave queries to the one behind it.
            const ZoneUse before = std::exchange(entry->second, zone);
            add(before, zone, use, zones[i]);
        }
    }

    void add(const ZoneUse& before, const ZoneUse& zone, const ServerUse& use, dns::NameView name) {
        auto& count = counts_[before.number];
        if (count == mistakes_max || !reported_.emplace(before.place, zone.place).second) return;
        ++count;
        found_.push_back(
            {before.number,
             Error{fmt::format(
                 "{}: the zone {} is served on {} already, by {} at {}; leave it out of one",
                 to_string(*zone.place),
                 name.to_string(),
                 to_string(*use.listen),
                 quoted(before.server->config.name),
                 to_string(*before.place))}});
    }

    std::vector<SharedZone> found_;
    std::map<std::size_t, std::size_t> counts_;  // Of what was found, by server.
    std::set<std::vector<const ReadServer*>> checked_;
    std::set<std::pair<const Place*, const Place*>> reported_;
};

using SeenNames = std::map<std::string, const ReadServer*, std::less<>>;

/// As instances get theirs: `NAME#2`.
void name_anew(ReadServer& server, SeenNames& seen) {
    for (unsigned number = 2;; ++number) {
        auto name = fmt::format("{}#{}", server.config.name, number);
        if (!seen.emplace(name, &server).second) continue;
        server.config.name = std::move(name);
        return;
    }
}

void check_names(std::span<ReadServer> servers, Mistakes& mistakes) {
    SeenNames seen;
    for (ReadServer& server : servers) {
        const auto& name = server.config.name;
        if (name.empty()) continue;
        const auto [first, fresh] = seen.emplace(name, &server);
        if (fresh) continue;
        const ReadServer& other = *first->second;
        // Then they have a zone in common on the same socket, and that may be meant.
        const bool same_socket =
            !server.named && !other.named && server.config.listen.front().address.port != 0;
        if (same_socket) {
            name_anew(server, seen);
            continue;
        }
        mistakes.add(
            *server.name_place,
            fmt::format(
                "the server at {} has the name {}, too; give another",
                to_string(*other.name_place),
                quoted(name)));
    }
}

}  // namespace

std::vector<SharedZone> check_conflicts(std::span<ReadServer> servers, Mistakes& mistakes) {
    check_names(servers, mistakes);
    SocketMap sockets;
    for (std::size_t i = 0; i < servers.size(); ++i) add_sockets(sockets, servers[i], i, mistakes);
    ZoneCheck check;
    for (const auto& [key, users] : sockets) check(users);
    return std::move(check).take();
}

}  // namespace loom::host
