// SPDX-License-Identifier: Apache-2.0
// Logs why queries failed, and errors that come in crowds in one line.

#include "consolidation.hpp"
#include "failure_text.hpp"

#include <dnsloom/abi/service/meta.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/plugin.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace loom::errors {
namespace {

constexpr OptionSpec option_specs[] = {
    OptionSpec{"consolidate", LOOM_OPTION_TABLE, "Which errors are told in one line."}
        .with(consolidation_fields)
        .list(consolidations_max)};

}  // namespace

class Errors {
public:
    static constexpr Info info{
        .summary = "Logs why queries failed.",
        .roles = LOOM_ROLE_OBSERVER,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    /// The ends of the windows that this worker began.
    struct Worker {
        Worker(Errors& errors, std::uint32_t number) {
            for (const auto& each : errors.consolidations_) {
                const auto tell = [&errors, &rule = *each] { errors.end_window(rule); };
                window_ends.push_back(std::make_unique<Timer>(errors.host_, number, tell));
            }
        }
        std::vector<std::unique_ptr<Timer>> window_ends;
    };

    Errors(const Host& host, const Options& options)
        : host_{host},
          consolidations_{read_consolidations(options)},
          errors_{host.counter("dnsloom_errors_total", "Queries that failed.")},
          consolidated_{host.counter(
              "dnsloom_errors_consolidated_total", "Those that were not logged on their own.")} {
        const auto* table = &host.table();
        meta_ = static_cast<const loom_meta_1*>(table->service(table, LOOM_SERVICE_META));
        if (meta_ != nullptr) meta_->key(table, str("forward/upstream"), &upstream_key_);
    }

    loom_verdict on_response(Worker& worker, Query& query) {
        auto response = query.response();
        if (response.rcode() == dns::rcode::servfail) [[unlikely]]
            note(worker, query, failure_text(response.options(), upstream(query)));
        return LOOM_NEXT;
    }

    // No query is left: what was counted is told now.
    void stop() {
        for (const auto& each : consolidations_) end_window(*each);
    }

private:
    std::string_view upstream(const Query& query) const {
        if (meta_ == nullptr) return {};
        const Bytes value = view(meta_->get(query.raw(), upstream_key_));
        return {reinterpret_cast<const char*>(value.data()), value.size()};
    }

    void note(Worker& worker, const Query& query, const std::string& text) {
        host_.add(query->worker, errors_);
        for (std::size_t i = 0; i < consolidations_.size(); ++i) {
            Consolidation& rule = *consolidations_[i];
            if (!rule.covers(text)) continue;
            const bool is_first = rule.count.fetch_add(1) == 0;
            if (is_first) worker.window_ends[i]->arm(rule.duration);
            if (is_first && rule.show_first)
                log(rule.level, query, text);
            else
                host_.add(query->worker, consolidated_);
            return;
        }
        log(LOOM_LOG_ERROR, query, text);
    }

    void log(std::int32_t level, const Query& query, const std::string& text) const {
        host_.log(
            level,
            "query failed",
            {{"rcode", "SERVFAIL"},
             {"name", dns::NameView::from_trusted(query.name()).to_string()},
             {"type", dns::type_to_string(query->qtype)},
             {"error", text}});
    }

    void end_window(Consolidation& rule) const {
        const std::uint64_t count = rule.count.exchange(0);
        if (count == 0 || (count == 1 && rule.show_first)) return;
        const std::chrono::duration<double> seconds = rule.duration;
        host_.log(
            rule.level,
            fmt::format(
                "{} errors like '{}' occurred in last {:g}s",
                count,
                rule.pattern,
                seconds.count()));
    }

    const Host& host_;
    const Consolidations consolidations_;
    const loom_meta_1* meta_;
    std::uint32_t upstream_key_ = 0;
    const Metric errors_, consolidated_;
};

}  // namespace loom::errors

LOOM_PLUGIN(loom::errors::Errors, "errors", "1.0.0");
