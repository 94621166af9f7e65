// SPDX-License-Identifier: Apache-2.0
// Asks addresses, again and again, whether they are up.
#pragma once

#include "health.hpp"

#include <dnsloom/abi/service/loop.h>
#include <dnsloom/host.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace loom::lb {

struct ProbeSettings {
    std::string request;        ///< What to send over HTTP; empty: a connection is enough.
    std::vector<int> statuses;  ///< Of HTTP, those that mean up.
    std::uint16_t port = 0;
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    std::uint32_t fails_max = 0;  ///< In a row; from so many on a target is down.
    std::size_t concurrency = 0;
};

/// Lives on the control thread, with non-blocking sockets: a fixed number of probes at a time, each
/// with a time limit.
class Prober {
public:
    struct Metrics {
        Metric successes, failures, targets, down;
    };

    Prober(const Host& host, ProbeSettings settings, Metrics metrics);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    void start(HealthTable& table);
    void stop();
    /// A target that is to be probed now.
    void add(Target& target);

private:
    enum class Result : std::uint8_t { up, down, unknown };

    /// One of the probes that may run at a time.
    struct Probe {
        Prober* owner = nullptr;
        Target* target = nullptr;  ///< nullptr: free.
        int fd = -1;
        bool is_connected = false;
        loom_handle watch = 0;
        loom_handle timer = 0;
        std::size_t received = 0;
        std::array<char, 12> head{};  ///< `HTTP/1.1 200`
    };

    static void on_ready(void* probe, std::uint32_t events) noexcept;
    static void on_timeout(void* probe) noexcept;

    void run_round();
    void pump();
    bool begin(Probe& probe);
    bool watch(Probe& probe, std::uint32_t events);
    template <class F>
    void guarded(F&& f) noexcept;
    void connected(Probe& probe);
    void receive(Probe& probe);
    void release(Probe& probe);
    void end(Probe& probe, Result result);
    void note(Target& target, Result result);

    const Host host_;
    const ProbeSettings settings_;
    const Metrics metrics_;
    HealthTable* table_ = nullptr;
    std::unique_ptr<Probe[]> probes_;
    std::deque<Target*> queue_;
    Timer round_;
    std::size_t down_ = 0;
};

}  // namespace loom::lb
