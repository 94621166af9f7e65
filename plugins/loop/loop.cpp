// SPDX-License-Identifier: Apache-2.0
// Finds out whether what is forwarded comes back, and stops what goes in circles.
//
// A probe is asked of the plugins behind, in the background, on the occasion of a client's query.
// If it comes to the front again, there is a loop. While there is one, a question that comes while
// the same one is under way is answered with SERVFAIL: so each goes round once only, and those
// that find a way out are answered.

#include "in_flight.hpp"
#include "probe.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/abi/service/question.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace loom::loop {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t retry_ns = second_ns;
// While there is a loop, its end is looked for more often.
constexpr std::uint64_t loop_interval_ns = 10 * second_ns;
constexpr std::string_view reason = "forwarding loop";

constexpr OptionSpec option_specs[] = {
    OptionSpec{"interval", LOOM_OPTION_DURATION, "How often a probe is asked."}
        .by_default("1m")
        .between(second_ns, 24 * 3600 * second_ns),
    OptionSpec{"max_returns", LOOM_OPTION_INTEGER, "How often a probe may come back."}
        .by_default("2")
        .between(0, 100)};

std::uint64_t question_hash(const loom_query& query) {
    const std::uint64_t kind = std::uint64_t{query.qclass} << 16U | query.qtype;
    return query.suffix_hash[0] ^ (kind * 0x9E37'79B9'7F4A'7C15U);
}

// Never 0.
std::uint32_t seconds(std::uint64_t ns) { return static_cast<std::uint32_t>(ns / second_ns) + 1; }

loom_verdict refuse(Query& query) {
    auto response = query.response();
    if (response.begin(dns::rcode::servfail, 0) == LOOM_OK)
        response.extended_error(dns::ede_code::other, reason);
    return response.present() ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
}

}  // namespace

class Loop {
public:
    using Scratch = InFlight::Ticket;
    static constexpr const char* services[] = {LOOM_SERVICE_ASK, LOOM_SERVICE_QUESTION, nullptr};
    static constexpr Info info{
        .summary = "Finds forwarding loops, and stops what goes in circles.",
        .options = option_specs,
        .option_count = std::size(option_specs),
        .scratch_size = sizeof(Scratch),
        .required_services = services};

    Loop(const Host& host, const Options& options)
        : host_{host},
          ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
          interval_ns_{static_cast<std::uint64_t>(options["interval"].integer())},
          max_returns_{static_cast<std::uint64_t>(options["max_returns"].integer())},
          probe_{host, options},
          probes_{host.counter("dnsloom_loop_probes_total", "Probes asked.")},
          returns_{host.counter("dnsloom_loop_returns_total", "Probes that came back.")},
          detections_{host.counter("dnsloom_loop_detected_total", "Loops found.")},
          stopped_{host.counter("dnsloom_loop_stopped_total", "Questions that came round.")},
          looping_{host.gauge("dnsloom_loop_looping", "1 while there is a loop.")} {}

    void start() { host_.set(looping_, 0); }

    loom_verdict on_query(Query& query) {
        if (probe_.is(*query.raw())) [[unlikely]]
            return take_back(query);
        if (query->now_ns >= next_probe_ns_.load(std::memory_order_relaxed)) [[unlikely]] {
            if (const auto status = begin_round(query); status != LOOM_OK) return status;
        }
        if (is_looping_.load(std::memory_order_relaxed)) [[unlikely]]
            return pass_once(query);
        return LOOM_NEXT;
    }

    loom_verdict on_response(Query& query) {
        if (was_looping_.load(std::memory_order_relaxed)) [[unlikely]] {
            const auto& ticket = query.scratch<Scratch>();
            if (ticket.value != 0) in_flight_.leave(ticket);
        }
        return LOOM_NEXT;
    }

private:
    // One worker of those that see that it is time asks the probe. Not OK: the query has to fail.
    loom_status begin_round(Query& query) {
        // Without RD nobody would pass it on.
        if (query.has(LOOM_QUERY_SUBQUERY) || !query.has(LOOM_QUERY_RD)) return LOOM_OK;
        std::uint64_t due = next_probe_ns_.load();
        const std::uint64_t now = query->now_ns;
        if (now < due || !next_probe_ns_.compare_exchange_strong(due, now + interval()))
            return LOOM_OK;
        const dns::Name name = probe_.next_name();
        bool asked = false;
        const loom_status status = ask_probe(query, name, asked);
        if (!asked) {
            next_probe_ns_ = now + retry_ns;
            return status;
        }
        host_.add(query->worker, probes_);
        end_round(name);
        return status;
    }

    // The host asks in the background what a query asks at that moment.
    loom_status ask_probe(Query& query, const dns::Name& name, bool& asked) const {
        const auto before = dns::Name{dns::NameView::from_trusted(query.name())};
        const std::uint16_t type = query->qtype;
        const std::uint16_t klass = query->qclass;
        auto question = query.question();
        if (question.set(name.octets(), Probe::type, dns::rr_class::in) != LOOM_OK) return LOOM_OK;
        const auto done = [](void*, loom_query*) {};
        asked = ask_->background(&host_.table(), query.raw(), done, nullptr) == LOOM_OK;
        return question.set(before.octets(), type, klass);
    }

    void end_round(const dns::Name& name) {
        const std::uint64_t returned = seen_.exchange(0);
        probe_.set_current(name);
        if (returned > max_returns_ || !is_looping_.exchange(false)) return;
        host_.set(looping_, 0);
        host_.log(LOOM_LOG_INFO, "the forwarding loop is gone");
    }

    loom_verdict take_back(Query& query) {
        host_.add(query->worker, returns_);
        const std::uint64_t returned = 1 + seen_.fetch_add(1);
        if (returned <= max_returns_) return LOOM_NEXT;
        was_looping_ = true;
        if (!is_looping_.exchange(true)) {
            host_.add(query->worker, detections_);
            host_.set(looping_, 1);
            shorten_interval(query->now_ns);
            host_.log(
                LOOM_LOG_ERROR,
                "forwarding loop: what is asked of the plugins behind comes back to this server; "
                "change where they ask",
                {{"probe", dns::NameView::from_trusted(query.name()).to_string()},
                 {"returned", std::to_string(returned)}});
        }
        return refuse(query);
    }

    loom_verdict pass_once(Query& query) {
        const auto entry = in_flight_.enter(
            question_hash(*query.raw()),
            seconds(query->now_ns),
            seconds(query->deadline_ns),
            query.scratch<Scratch>());
        if (entry != InFlight::Entry::again) return LOOM_NEXT;
        host_.add(query->worker, stopped_);
        return refuse(query);
    }

    std::uint64_t interval() const {
        return is_looping_.load() ? std::min(interval_ns_, loop_interval_ns) : interval_ns_;
    }
    void shorten_interval(std::uint64_t now) {
        const std::uint64_t due = next_probe_ns_.load();
        next_probe_ns_ = std::min(due, now + interval());
    }

    const Host& host_;
    const loom_ask_1* const ask_;
    const std::uint64_t interval_ns_;
    const std::uint64_t max_returns_;
    Probe probe_;
    InFlight in_flight_;
    std::atomic<std::uint64_t> next_probe_ns_ = 0;
    std::atomic<std::uint64_t> seen_ = 0;  ///< How often this round's probe came back.
    std::atomic<bool> is_looping_ = false;
    std::atomic<bool> was_looping_ = false;  ///< Once: there may be notes to end.
    const Metric probes_, returns_, detections_, stopped_, looping_;
};

}  // namespace loom::loop

LOOM_PLUGIN(loom::loop::Loop, "loop", "1.0.0");
