// SPDX-License-Identifier: Apache-2.0
// Decides by client and type which questions are answered at all. The tables are built ahead
// (policy.hpp) and published by pointer, so that files of networks can change under load.

#include "rule_list.hpp"
#include "zone_list.hpp"

#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loom::acl {
namespace {

constexpr OptionSpec option_specs[] = {
    OptionSpec{"rules", LOOM_OPTION_TABLE, "The rules; the first that applies decides."}
        .with(rule_fields)
        .required()
        .list(),
    OptionSpec{"zones", LOOM_OPTION_NAME, "The zones that the rules are for; none: all."}.list(
        ZoneList::size_max)};

ZoneList read_zones(const Host& host, const Options& options) {
    ZoneList zones;
    const auto list = options.find("zones");
    for (std::uint32_t i = 0; list && i < list->size(); ++i) zones.add(host, (*list)[i].name());
    return zones;
}

std::filesystem::file_time_type time_of(const std::string& path) {
    std::error_code missing;
    return std::filesystem::last_write_time(path, missing);
}

}  // namespace

class Acl {
public:
    static constexpr Info info{
        .summary = "Allows, blocks, filters or drops questions by client and type.",
        .roles = LOOM_ROLE_POLICY,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Acl(const Host& host, const Options& options)
        : host_{host},
          watch_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
          publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
          zones_{read_zones(host, options)},
          rules_{options["rules"]},
          requests_{
              host.counter("dnsloom_acl_allowed_requests_total", "Questions passed on."),
              host.counter("dnsloom_acl_blocked_requests_total", "Questions refused."),
              host.counter("dnsloom_acl_filtered_requests_total", "Questions answered empty."),
              host.counter("dnsloom_acl_dropped_requests_total", "Questions without a reply.")},
          reloads_ok_{define_reloads("ok")},
          reloads_failed_{define_reloads("failed")} {
        for (const std::string& path : rules_.files()) files_.emplace_back(path, time_of(path));
        auto policy = rules_.compile();
        if (!policy) throw ConfigError{options["rules"], policy.error()};
        policy_ = policy->release();
    }
    Acl(const Acl&) = delete;
    Acl& operator=(const Acl&) = delete;
    ~Acl() { delete policy_.load(); }

    void start() {
        bool changed = false;
        for (const auto& [path, time] : files_) {
            loom_handle handle = 0;
            if (watch_->file(&host_.table(), str(path), on_change, this, &handle) != LOOM_OK)
                throw ConfigError{path + " cannot be watched: see what the system's log says"};
            changed |= time_of(path) != time;
        }
        if (changed) reload();
    }

    loom_verdict on_query(Query& query) const {
        if (!zones_.empty() && !zones_.contain(*query.raw())) return LOOM_NEXT;
        const Policy* const policy = policy_.load(std::memory_order_acquire);
        const Decision decision = policy->decide(Address::of(*query->client), query->qtype);
        host_.add(query->worker, requests_[static_cast<std::size_t>(decision.action)]);
        switch (decision.action) {
        case Action::allow:
            return LOOM_NEXT;
        case Action::drop:
            return LOOM_DROP;
        case Action::block:
            return answer(query, dns::rcode::refused, decision.error);
        case Action::filter:
            return answer(query, dns::rcode::noerror, decision.error);
        }
        return LOOM_FAIL(dns::rcode::servfail);
    }

private:
    Metric define_reloads(std::string_view result) const {
        return host_.counter(
            "dnsloom_acl_reload_total", "Times that files were read again.", {{"result", result}});
    }

    static loom_verdict answer(Query& query, std::uint16_t rcode, std::uint16_t error) {
        auto response = query.response();
        if (response.begin(rcode, 0) != LOOM_OK) return LOOM_FAIL(rcode);
        if (error != 0) response.extended_error(error, {});
        return LOOM_ANSWERED;
    }

    static void on_change(void* self) noexcept {
        auto& acl = *static_cast<Acl*>(self);
        try {
            acl.reload();
        } catch (const std::exception& e) {
            acl.host_.report_exception("watch", e.what());
        }
    }

    /// A file with a mistake changes nothing.
    void reload() {
        auto policy = rules_.compile();
        host_.add(LOOM_CONTROL, policy ? reloads_ok_ : reloads_failed_);
        if (!policy)
            return host_.log(
                LOOM_LOG_ERROR,
                "networks cannot be read, those of before stay",
                {{"reason", policy.error()}});
        const Policy* const old = policy_.exchange(policy->release(), std::memory_order_acq_rel);
        const auto free_fn = [](void* retired) { delete static_cast<const Policy*>(retired); };
        publish_->retire(&host_.table(), free_fn, const_cast<Policy*>(old));
        host_.log(LOOM_LOG_INFO, "networks read again");
    }

    const Host host_;
    const loom_watch_1* const watch_;
    const loom_publish_1* const publish_;
    const ZoneList zones_;
    const RuleList rules_;
    const std::array<Metric, action_count> requests_;  // By Action.
    const Metric reloads_ok_, reloads_failed_;
    std::vector<std::pair<std::string, std::filesystem::file_time_type>> files_;  // When read.
    std::atomic<const Policy*> policy_ = nullptr;
};

}  // namespace loom::acl

LOOM_PLUGIN(loom::acl::Acl, "acl", "1.0.0");
