// SPDX-License-Identifier: Apache-2.0
// A server that misbehaves on purpose, so that clients can be tested.

#include "answers.hpp"
#include "sequence.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace loom::erratic {
namespace {

constexpr std::int64_t every_max = 1'000'000;
constexpr std::int64_t duration_max = std::int64_t{60} * 1'000'000'000;

constexpr OptionSpec option_specs[] = {
    OptionSpec{
        "drop",
        LOOM_OPTION_INTEGER,
        "Every how many queries one gets no reply; 2 unless truncate, delay or large is given."}
        .between(0, every_max),
    OptionSpec{
        "truncate", LOOM_OPTION_INTEGER, "Every how many queries one gets a truncated reply."}
        .by_default("0")
        .between(0, every_max),
    OptionSpec{"delay", LOOM_OPTION_INTEGER, "Every how many queries one gets a late reply."}
        .by_default("0")
        .between(0, every_max),
    OptionSpec{"duration", LOOM_OPTION_DURATION, "How late."}.by_default("100ms").between(
        1, duration_max),
    OptionSpec{"large", LOOM_OPTION_BOOLEAN, "Whether addresses come in thirties."}.by_default(
        "false")};

Sequence::Every read(const Options& options) {
    const auto number = [&](std::string_view name) {
        return static_cast<std::uint64_t>(options[name].integer());
    };
    Sequence::Every every{0, number("truncate"), number("delay")};
    const bool is_bare =
        !options["truncate"].given() && !options["delay"].given() && !options["large"].given();
    if (const auto drop = options.find("drop"))
        every.drop = static_cast<std::uint64_t>(drop->integer());
    else if (is_bare)
        every.drop = 2;
    return every;
}

}  // namespace

class Erratic {
public:
    /// A reply that waits for its time.
    struct Scratch {
        const Host* host;
        loom_token token;
        loom_handle timer;
        bool truncated;
    };
    static constexpr Info info{
        .summary = "Misbehaves on purpose, for tests of clients.",
        .roles = LOOM_ROLE_SOURCE,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .scratch_size = sizeof(Scratch)};

    Erratic(const Host& host, const Options& options)
        : sequence_{read(options)},
          duration_{options["duration"].duration()},
          large_{options["large"].boolean()},
          drops_{define(host, "drop")},
          truncations_{define(host, "truncate")},
          delays_{define(host, "delay")} {}

    loom_verdict on_query(Query& query) {
        const Treatment treatment = sequence_.next();
        const Host& host = query.host();
        if (treatment.drop) {
            host.add(query->worker, drops_);
            return LOOM_DROP;
        }
        // Over a stream there is nothing to fall back to, but a transfer may end too soon.
        const bool truncated = treatment.truncate && (!query.has(LOOM_QUERY_STREAM) ||
                                                      query->qtype == dns::rr_type::axfr);
        if (truncated) host.add(query->worker, truncations_);
        if (treatment.delay && wait(query, truncated)) {
            host.add(query->worker, delays_);
            return LOOM_PENDING;
        }
        return answer(query, {.truncated = truncated, .large = large_});
    }

    loom_verdict on_resume(Query& query, std::int32_t, void*) const {
        const bool truncated = query.scratch<Scratch>().truncated;
        return answer(query, {.truncated = truncated, .large = large_});
    }

    void on_cancel(Query& query, loom_token) const {
        const loom_handle timer = query.scratch<Scratch>().timer;
        const Host& host = query.host();
        if (timer != 0) host.loop_service()->cancel(&host.table(), timer);
    }

private:
    static Metric define(const Host& host, std::string_view kind) {
        return host.counter(
            "dnsloom_erratic_queries_total", "Queries treated badly.", {{"treatment", kind}});
    }

    // False: it cannot, and answers now.
    bool wait(Query& query, bool truncated) const {
        const Host& host = query.host();
        const loom_token token = query.suspend();
        if (token == 0) return false;
        auto& scratch = query.scratch<Scratch>();
        scratch = {&host, token, 0, truncated};
        const auto delay_ns = static_cast<std::uint64_t>(duration_.count());
        const loom_status status = host.loop_service()->timer(
            &host.table(), query->worker, delay_ns, on_time, &scratch, &scratch.timer);
        if (status != LOOM_OK) host.resume(token, 0, nullptr);
        return true;
    }

    static void on_time(void* argument) noexcept {
        auto& scratch = *static_cast<Scratch*>(argument);
        scratch.timer = 0;
        scratch.host->resume(scratch.token, 0, nullptr);
    }

    Sequence sequence_;
    const std::chrono::nanoseconds duration_;
    const bool large_;
    const Metric drops_, truncations_, delays_;
};

}  // namespace loom::erratic

LOOM_PLUGIN(loom::erratic::Erratic, "erratic", "1.0.0");
