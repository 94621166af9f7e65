// SPDX-License-Identifier: Apache-2.0
// Lowers the UDP payload size that a client announces.

#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <iterator>

namespace {

constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{"size", LOOM_OPTION_INTEGER, "The largest UDP payload, in octets."}
        .by_default("1232")
        .between(512, 4096)};

class Bufsize {
public:
    static constexpr loom::Info info{
        .summary = "Lowers the UDP payload size that a client announces.",
        .roles = LOOM_ROLE_REWRITE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Bufsize(const loom::Host&, const loom::Options& options)
        : size_{static_cast<std::uint16_t>(options["size"].integer())} {}

    loom_verdict on_query(loom::Query& query) const {
        if (query->edns_udp_size > size_) query.question().limit_size(size_);
        return LOOM_NEXT;
    }

private:
    const std::uint16_t size_;
};

}  // namespace

LOOM_PLUGIN(Bufsize, "bufsize", "1.0.0");
