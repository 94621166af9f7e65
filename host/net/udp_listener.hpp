// SPDX-License-Identifier: Apache-2.0
// A UDP socket of one worker: datagrams in and out, many a system call.
#pragma once

#include "../pipeline/exchange.hpp"
#include "../pipeline/intake.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace loom::host {

class Worker;
enum class Turnout : std::uint8_t;

/// Receives batches, serves each message and sends the answers as a batch: two system calls for up
/// to 64 queries.
class UdpListener {
public:
    /// Takes over `fd`, a bound socket.
    UdpListener(Worker& worker, std::uint32_t slot, int fd);
    ~UdpListener();
    UdpListener(const UdpListener&) = delete;
    UdpListener& operator=(const UdpListener&) = delete;

    std::uint32_t slot() const { return slot_; }

    /// Points the exchange's send buffer at the next free place of the batch.
    void lend(Exchange& e);
    /// The reply of `size` octets stands in that place: send it when the turn ends.
    void send(Exchange& e, std::size_t size);
    void flush();

    /// Receives no more; sends what suspended queries still have.
    void retire();
    bool is_unused() const { return retired_ && held_ == 0; }
    void hold() { ++held_; }
    void let_go();

private:
    static constexpr std::size_t batch = 64;
    // Not a multiple of 4096: the first lines of all messages would share one set of the cache.
    static constexpr std::size_t message_slack = 192;
    static constexpr std::size_t message_room = 4096 + message_slack;

    struct Incoming;
    struct Outgoing;

    void wait();
    void on_readable();
    bool receive();
    void admit(std::size_t index, Turnout turnout);
    void serve(std::size_t index);
    void take_addresses(Exchange& e, std::size_t index);
    void stage(const Exchange& e, std::size_t size);
    void set_source(const Exchange& e, std::size_t index);

    Worker& worker_;
    std::uint32_t slot_;
    boost::asio::posix::stream_descriptor socket_;
    int fd_;
    bool wildcard_ = false;  // The local address comes with each datagram.
    bool ipv4_ = true;
    bool retired_ = false;
    bool unsent_ = false;
    std::uint32_t held_ = 0;
    loom_address local_{};
    std::vector<IntakeResult> taken_;  // Of the messages that are admitted.
    std::unique_ptr<Incoming> in_;
    std::unique_ptr<Outgoing> out_;
};

}  // namespace loom::host
