// SPDX-License-Identifier: Apache-2.0
// The plugin's metrics, defined ahead.
#pragma once

#include "settings.hpp"

#include <dnsloom/host.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace loom::forward {

/// Why a datagram or frame was thrown away.
enum class Ignored : std::uint8_t {
    malformed,
    unknown_id,
    wrong_question,
    wrong_case,
    wrong_cookie,
    no_cookie,
    wrong_subnet
};
inline constexpr std::size_t ignored_reasons = 7;

/// How a TLS handshake ended.
enum class Handshake : std::uint8_t { full, resumed, certificate, failed };
inline constexpr std::size_t handshake_results = 4;

class ForwardMetrics {
public:
    ForwardMetrics(const Host& host, const Settings& settings);

    void request(std::uint32_t worker, std::size_t upstream) const {
        host_.add(worker, upstreams_[upstream].requests);
    }
    void
    response(std::uint32_t worker, std::size_t upstream, std::uint16_t rcode, double seconds) const;
    void health_check_failed(std::uint32_t worker, std::size_t upstream) const {
        host_.add(worker, upstreams_[upstream].health_check_failures);
    }
    void health_check_broken(std::uint32_t worker) const { host_.add(worker, broken_); }
    void rejected(std::uint32_t worker) const { host_.add(worker, rejects_); }
    void hedged(std::uint32_t worker, std::size_t upstream) const {
        host_.add(worker, upstreams_[upstream].hedges);
    }
    void failed_fast(std::uint32_t worker) const { host_.add(worker, failed_fast_); }
    void ignored(std::uint32_t worker, Ignored reason) const {
        host_.add(worker, ignored_[static_cast<std::size_t>(reason)]);
    }
    void handshake(std::uint32_t worker, std::size_t upstream, Handshake result) const {
        host_.add(worker, upstreams_[upstream].handshakes[static_cast<std::size_t>(result)]);
    }
    void up(std::size_t upstream, bool is_up) const {
        host_.set(upstreams_[upstream].up, is_up ? 1.0 : 0.0);
    }

private:
    /// NOERROR .. NOTZONE and one for all others.
    static constexpr std::size_t rcodes = 12;

    struct UpstreamMetrics {
        Metric requests, duration, health_check_failures, up, hedges;
        std::array<Metric, rcodes> responses;
        std::array<Metric, handshake_results> handshakes;  // Of encrypted upstreams only.
    };

    static UpstreamMetrics define(const Host& host, const Endpoint& endpoint);

    Host host_;
    std::vector<UpstreamMetrics> upstreams_;
    Metric broken_, rejects_, failed_fast_;
    std::array<Metric, ignored_reasons> ignored_;
};

}  // namespace loom::forward
