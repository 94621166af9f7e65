// SPDX-License-Identifier: Apache-2.0
// The system's socket addresses and the ABI's.
#pragma once

#include <dnsloom/abi/query.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

namespace loom::host {

/// `from` is a sockaddr_in or sockaddr_in6, as its family says.
inline void to_loom_address(const sockaddr_in6& from, loom_address& to) {
    to.reserved = 0;
    to.scope = 0;
    if (from.sin6_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
        std::memset(to.ip, 0, 10);
        to.ip[10] = to.ip[11] = 0xFF;
        std::memcpy(to.ip + 12, &v4.sin_addr, 4);
        to.port = ntohs(v4.sin_port);
        to.family = 4;
        return;
    }
    std::memcpy(to.ip, &from.sin6_addr, 16);
    to.port = ntohs(from.sin6_port);
    to.scope = from.sin6_scope_id;
    to.family = 6;
}

/// 0.0.0.0 or ::
inline bool is_wildcard(const loom_address& address) {
    const auto* first = address.ip + (address.family == 4 ? 12 : 0);
    return std::all_of(first, address.ip + 16, [](std::uint8_t octet) { return octet == 0; });
}

/// Returns the size of the address written to `to`.
inline socklen_t to_sockaddr(const loom_address& from, sockaddr_in6& to) {
    to = {};
    if (from.family == 4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(to);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(from.port);
        std::memcpy(&v4.sin_addr, from.ip + 12, 4);
        return sizeof(sockaddr_in);
    }
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(from.port);
    to.sin6_scope_id = from.scope;
    std::memcpy(&to.sin6_addr, from.ip, 16);
    return sizeof(sockaddr_in6);
}

}  // namespace loom::host
