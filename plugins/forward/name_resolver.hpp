// SPDX-License-Identifier: Apache-2.0
// Looks up the addresses of one upstream's name, again and again.
#pragma once

#include "endpoint.hpp"
#include "outgoing_query.hpp"
#include "random_ids.hpp"
#include "watched_socket.hpp"

#include <dnsloom/host.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loom::forward {

/// Asks the bootstrap servers over UDP for A and AAAA, one server after the other until one has an
/// address; once more when the shortest TTL has passed, and after failures in growing intervals. What
/// was found before stays as it is meanwhile. Control thread only.
class NameResolver {
public:
    using Found = std::function<void(const std::vector<loom_address>&)>;

    static constexpr std::chrono::nanoseconds patience = std::chrono::seconds{2};
    static constexpr std::chrono::seconds ttl_min{5};
    static constexpr std::chrono::seconds ttl_max{24 * 3600};
    static constexpr std::chrono::seconds retry_min{1};
    static constexpr std::chrono::seconds retry_max{60};

    /// `name` is a host name; the addresses get `port`. Throws std::invalid_argument.
    NameResolver(
        const Host& host,
        const std::vector<loom_address>& bootstrap,
        const std::string& name,
        std::uint16_t port,
        Found found);
    ~NameResolver();

    void start() { ask(); }
    void stop();

private:
    class Socket;

    struct Lookup {
        std::uint16_t type;
        OutgoingQuery query{};
        std::uint16_t id = 0;
        bool is_done = false;
    };

    void ask();
    bool send_all();
    void receive();
    void take(std::span<const std::uint8_t> reply);
    void collect(Lookup& lookup, std::span<const std::uint8_t> reply);
    bool is_done() const;
    void end_server();
    void on_timer();
    void give_up();

    Host host_;
    std::vector<loom_address> bootstrap_;
    std::string name_;
    std::vector<std::uint8_t> wire_name_;
    std::uint16_t port_;
    Found found_;
    RandomIds ids_;
    std::array<Lookup, 2> lookups_;
    std::size_t server_ = 0;
    bool asking_ = false;
    std::vector<loom_address> addresses_;
    std::chrono::seconds ttl_{};
    std::chrono::seconds retry_ = retry_min;
    bool failing_ = false;
    std::unique_ptr<Socket> socket_;
    Timer timer_;
};

}  // namespace loom::forward
