// SPDX-License-Identifier: Apache-2.0
#include "chain.hpp"

#include "question_service.hpp"
#include "reply_options.hpp"
#include "response_service.hpp"
#include "../generation/instance.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <bit>

namespace loom::host {

namespace {

constexpr loom_verdict fail_first = LOOM_FAIL(0xFFF);
constexpr loom_verdict fail_last = LOOM_FAIL(0);

bool is_chosen_failure(loom_verdict verdict) {
    return verdict >= fail_first && verdict <= fail_last;
}

// A negative verdict: the rcode that the plugin chose, or SERVFAIL for its own error.
void take_failure(Exchange& e, loom_verdict verdict) {
    if (is_chosen_failure(verdict)) {
        set_error(e, static_cast<std::uint16_t>(fail_last - verdict));
        return;
    }
    set_error(e, dns::rcode::servfail);
    e.pipeline->details[e.stage].instance->count_error(e.worker);
}

bool is_nodata(Exchange& e) {
    if (e.response.rcode != dns::rcode::noerror) return false;
    if (e.response.form == ResponseForm::wire && !make_records(e)) return false;
    if (e.response.sections[0].count != 0) return false;
    // A referral is no denial.
    return std::ranges::none_of(e.response.sections[1].view(), [](const loom_record& record) {
        return record.type == dns::rr_type::ns;
    });
}

bool goes_on(Exchange& e, const OutcomeRules& on) {
    switch (e.response.rcode) {
    case dns::rcode::nxdomain:
        return on.nxdomain == Outcome::next;
    case dns::rcode::refused:
        return on.refused == Outcome::next;
    case dns::rcode::servfail:
        return on.servfail == Outcome::next;
    case dns::rcode::noerror:
        return on.nodata == Outcome::next && is_nodata(e);
    default:
        return false;
    }
}

bool holds_here(const Exchange& e, std::span<const dns::Name> zones) {
    if (zones.empty()) return true;
    const auto name =
        dns::NameView::from_trusted({e.qname_lower.data, e.qname_lower.size});
    return std::ranges::any_of(
        zones, [&](const dns::Name& zone) { return name.is_subdomain_of(zone); });
}

// Whether an outcome rule of the running stage sends the query on to the next one. The answer is
// kept for the case that nobody behind has a better one.
bool set_aside(Exchange& e) {
    if ((e.pipeline->rules >> e.stage & 1U) == 0) return false;
    const StageDetails& details = e.pipeline->details[e.stage];
    if (!holds_here(e, details.fallthrough) || !goes_on(e, details.on)) return false;
    leave_send_buffer(e);
    set_options_aside(e);
    if (!e.has_aside) e.aside = e.response;
    e.has_aside = true;
    e.overruled |= StageMask{1} << e.stage;
    e.response.clear();
    return true;
}

Walk go_up(Exchange& e);

// What a plugin asked of those behind it stays in their pipeline, and servers that were not told that
// they share their zones do, too.
bool may_leave(const Exchange& e) {
    return (e.is_client() || e.from_top) && e.pipeline->selects;
}

// Decides what follows a verdict on the way down. True: go on down with the next stage.
bool continues_down(Exchange& e, loom_verdict verdict, Walk& end) {
    switch (verdict) {
    case LOOM_NEXT:
        ++e.stage;
        return true;
    case LOOM_ANSWERED:
        if (e.response.form == ResponseForm::none) take_failure(e, LOOM_E_STATE);
        break;
    case LOOM_PENDING:
        if (e.suspension == Suspension::armed || e.suspension == Suspension::resumed) {
            end = Walk::pending;
            return false;
        }
        take_failure(e, LOOM_E_STATE);
        break;
    case LOOM_DROP:
        end = Walk::dropped;
        return false;
    case LOOM_ELSEWHERE:
        if (may_leave(e)) {
            end = Walk::elsewhere;
            return false;
        }
        take_failure(e, LOOM_E_STATE);
        break;
    default:
        take_failure(e, verdict);
    }
    if (e.pipeline->rules != 0 && set_aside(e)) {
        ++e.stage;
        return true;
    }
    end = go_up(e);
    return false;
}

// Sources that do not want the query's class are passed over.
StageMask passed_over(const Exchange& e) {
    return e.qclass == dns::rr_class::in ? 0 : e.pipeline->in_only;
}

Walk go_down(Exchange& e) {
    const Pipeline& pipeline = *e.pipeline;
    const Stage* const stages = pipeline.stages.data();
    const auto count = static_cast<std::uint16_t>(pipeline.stages.size());
    const StageMask skipped = passed_over(e) | pipeline.silent;
    for (std::uint16_t at = e.stage; at < count; at = e.stage) {
        if (skipped != 0 && (skipped >> at & 1U) != 0) {
            e.stage = static_cast<std::uint16_t>(at + 1);
            continue;
        }
        const Stage& stage = stages[at];
        const loom_verdict verdict = stage.on_query(stage.self, stage.worker_state, &e);
        if (verdict == LOOM_NEXT) [[likely]] {
            e.stage = static_cast<std::uint16_t>(at + 1);
            continue;
        }
        Walk end{};
        if (!continues_down(e, verdict, end)) return end;
    }
    if (e.has_aside) {
        e.response = e.aside;
        e.has_aside = false;
        take_options_back(e);
    } else {
        set_error(e, dns::rcode::refused);
    }
    return go_up(e);
}

// True: go on up.
bool continues_up(Exchange& e, loom_verdict verdict, Walk& end) {
    switch (verdict) {
    case LOOM_NEXT:
    case LOOM_ANSWERED:
        if (e.response.form == ResponseForm::none) take_failure(e, LOOM_E_STATE);
        return true;
    case LOOM_PENDING:
        if (e.suspension == Suspension::armed || e.suspension == Suspension::resumed) {
            end = Walk::pending;
            return false;
        }
        take_failure(e, LOOM_E_STATE);
        return true;
    case LOOM_DROP:
        end = Walk::dropped;
        return false;
    default:
        take_failure(e, verdict);
        return true;
    }
}

Walk go_up(Exchange& e) {
    if (e.phase == LOOM_PHASE_QUERY && e.reply_options_size != 0) [[unlikely]]
        settle_options(e);
    e.phase = LOOM_PHASE_RESPONSE;
    const auto done = [&e] {
        if (e.changed) [[unlikely]]
            restore_question(e, 0);
        return Walk::done;
    };
    // Those that it passed on the way down: from where it entered to where it was answered.
    StageMask left = e.pipeline->responders;
    if (left == 0) return done();
    left &= ~(e.overruled | passed_over(e));
    left &= e.first_stage < stages_max ? ~StageMask{0} << e.first_stage : 0;
    if (e.stage < stages_max) left &= (StageMask{1} << e.stage) - 1;
    while (left != 0) {
        const auto index = static_cast<std::uint16_t>(std::bit_width(left) - 1);
        left &= ~(StageMask{1} << index);
        e.stage = index;
        if (e.changed) [[unlikely]]
            restore_question(e, index);
        const Stage& stage = e.pipeline->stages[index];
        const loom_verdict verdict = stage.on_response(stage.self, stage.worker_state, &e);
        Walk end{};
        if (!continues_up(e, verdict, end)) return end;
    }
    return done();
}

}  // namespace

Walk walk(Exchange& e) { return go_down(e); }

void leave_pipeline(Exchange& e) {
    if (e.changed) restore_question(e, 0);
    e.stage = 0;
    e.phase = LOOM_PHASE_QUERY;
    e.overruled = 0;
    e.response.clear();
    e.has_aside = false;
    e.reply_options = nullptr;
    e.reply_options_size = 0;
    e.options_giver = Exchange::nobody;
    e.options_own = 0;
    e.options_kept = 0;
    e.aside_options = {};
    e.meta_count = 0;
    e.scratch_block = nullptr;
}

Walk walk_resumed(Exchange& e) {
    e.stage = e.wait_stage;
    e.suspension = Suspension::none;
    const Stage& stage = e.pipeline->stages[e.stage];
    const loom_plugin& plugin = *e.pipeline->details[e.stage].plugin;
    const loom_verdict verdict =
        plugin.on_resume ? plugin.on_resume(
                               stage.self, stage.worker_state, &e, e.resume_reason,
                               e.resume_argument)
                         : LOOM_E_UNSUPPORTED;
    Walk end{};
    if (e.phase == LOOM_PHASE_QUERY)
        return continues_down(e, verdict, end) ? go_down(e) : end;
    return continues_up(e, verdict, end) ? go_up(e) : end;
}

Walk walk_cancelled(Exchange& e, std::uint16_t extended_error) {
    e.stage = e.wait_stage;
    e.suspension = Suspension::none;
    const Stage& stage = e.pipeline->stages[e.stage];
    const loom_plugin& plugin = *e.pipeline->details[e.stage].plugin;
    const loom_token token =
        std::uint64_t{e.nonce} << 32U | std::uint64_t{e.worker} << 24U | e.slot;
    if (plugin.on_cancel) plugin.on_cancel(stage.self, stage.worker_state, &e, token);
    set_error(e, dns::rcode::servfail);
    add_extended_error(e, extended_error, {});
    return go_up(e);
}

}  // namespace loom::host
