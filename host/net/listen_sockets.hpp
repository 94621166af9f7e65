// SPDX-License-Identifier: Apache-2.0
// Opening the sockets that servers listen on, and taking over those that the service manager opened.
#pragma once

#include "../config/endpoint.hpp"
#include "../config/error.hpp"

#include <cstdint>
#include <vector>

namespace loom::host {

/// The sockets of one Listen: one of each kind for every worker. Closed with the object, unless
/// taken.
class ListenSockets {
public:
    ListenSockets() = default;
    ListenSockets(ListenSockets&& other) noexcept;
    ListenSockets& operator=(ListenSockets&& other) noexcept;
    ~ListenSockets();

    std::vector<int> udp;  ///< By worker; empty: none. Whoever takes one leaves -1.
    std::vector<int> tcp;
    loom_address bound{};  ///< With the port that the system chose where 0 was asked for.

private:
    void close_all();
};

/// Sockets handed over by the service manager (LISTEN_FDS, sd_listen_fds(3)).
class InheritedSockets {
public:
    /// Takes descriptors 3 and up if the variables are meant for this process, and clears these.
    static InheritedSockets from_environment();
    InheritedSockets() = default;
    InheritedSockets(InheritedSockets&& other) noexcept { descriptors_.swap(other.descriptors_); }
    InheritedSockets& operator=(InheritedSockets&& other) noexcept {
        descriptors_.swap(other.descriptors_);
        return *this;
    }
    ~InheritedSockets();

    /// The descriptor of that kind (SOCK_DGRAM, SOCK_STREAM) bound to `address`; -1: none.
    int take(int kind, const loom_address& address);

private:
    std::vector<int> descriptors_;
};

/// Binds everything for UDP replies of up to `udp_size` octets, or nothing with an Error that begins with the Listen.
[[nodiscard]] Result<ListenSockets> open_listen_sockets(
    const Listen& listen, std::uint32_t workers, std::uint16_t udp_size,
    InheritedSockets& inherited);

}  // namespace loom::host
