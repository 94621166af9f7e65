// SPDX-License-Identifier: Apache-2.0
// A question that nobody else asks: whoever sees it again has been asked by itself.
#pragma once

#include <dnsloom/dns/name.hpp>
#include <dnsloom/plugin.hpp>

#include <atomic>
#include <cstdint>

namespace loom::loop {

/// `RANDOM.RANDOM.ZONE HINFO`, as CoreDNS asks. Each round has a name of its own, so that a cache
/// somewhere on the way answers none but the first. [A]
class Probe {
public:
    static constexpr std::uint16_t type = 13;  ///< HINFO.

    /// Throws ConfigError if the first of the server's zones leaves no room below it.
    Probe(const Host& host, const Options& options);

    /// A name that was not used before. Until it is set_current(), it is none that is known again.
    dns::Name next_name();
    void set_current(dns::NameView name) { hash_.store(host_.hash_name(name.octets())); }

    bool is(const loom_query& query) const {
        return query.suffix_hash[0] == hash_.load(std::memory_order_relaxed) && query.qtype == type;
    }

private:
    const Host& host_;
    dns::Name zone_;
    std::uint64_t secret_;
    std::atomic<std::uint64_t> number_ = 0;
    std::atomic<std::uint64_t> hash_ = 0;
};

}  // namespace loom::loop
