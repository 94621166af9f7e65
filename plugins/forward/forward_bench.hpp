// SPDX-License-Identifier: Apache-2.0
// The plugin in the harness with scripted upstreams, and the steps that all tests of it take.
#pragma once

#include "scripted_upstream.hpp"
#include "test_message.hpp"

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace loom::forward::test {

using harness::Answer;
using harness::Flight;
using harness::Harness;
using harness::List;
using harness::Question;
using harness::Table;

/// `to` names the upstreams; asked in their order unless the test says something else.
inline Table
settings_for(std::initializer_list<const ScriptedUpstream*> upstreams, const Table& more = {}) {
    List to;
    for (const auto* upstream : upstreams) to.emplace_back(upstream->endpoint());
    Table settings{{"to", std::move(to)}, {"policy", "sequential"}};
    for (const auto& setting : more) {
        std::erase_if(settings, [&](const auto& old) { return old.key == setting.key; });
        settings.push_back(setting);
    }
    return settings;
}

/// Runs the plugin until its next query is there.
inline Datagram receive(Harness& h, ScriptedUpstream& upstream) {
    std::optional<Datagram> got;
    h.run_ready();
    const bool there = h.run_until([&] { return (got = upstream.take()).has_value(); });
    REQUIRE(there);
    return *got;
}

/// Whether the plugin has sent nothing.
inline bool is_quiet(Harness& h, ScriptedUpstream& upstream) {
    h.run_ready();
    return !upstream.take();
}

/// Runs the plugin until it connects.
inline TcpPeer accept(Harness& h, ScriptedUpstream& upstream) {
    std::optional<TcpPeer> got;
    h.run_ready();
    const bool there = h.run_until([&] { return (got = upstream.accept()).has_value(); });
    REQUIRE(there);
    return std::move(*got);
}

inline Message receive(Harness& h, TcpPeer& peer) {
    std::optional<Message> got;
    h.run_ready();
    const bool there = h.run_until([&] { return (got = peer.take()).has_value(); });
    REQUIRE(there);
    return *got;
}

/// Runs the plugin until the question is answered.
inline Answer answer_of(Harness& h, const Flight& flight) {
    h.run_ready();
    const bool ended = h.run_until([&] { return !h.result(flight).pending; });
    REQUIRE(ended);
    return h.result(flight);
}

inline double ignored(const Harness& h, std::string_view reason) {
    return h.metric("dnsloom_forward_ignored_replies_total", {{"reason", std::string{reason}}});
}

/// A metric of one upstream.
inline double metric(const Harness& h, std::string_view name, const ScriptedUpstream& upstream) {
    return h.metric("dnsloom_forward_" + std::string{name}, {{"to", upstream.endpoint()}});
}

}  // namespace loom::forward::test
