// SPDX-License-Identifier: Apache-2.0
#include "conductor.hpp"

#include "core.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace loom::harness {
namespace {

constexpr std::uint16_t rcode_max = 0xFFF;
constexpr int drain_rounds_max = 10;

/// The rcode of LOOM_FAIL, nothing for other verdicts.
std::optional<std::uint16_t> failed_rcode(loom_verdict verdict) {
    if (verdict > LOOM_FAIL(0) || verdict < LOOM_FAIL(rcode_max)) return std::nullopt;
    return static_cast<std::uint16_t>(LOOM_FAIL(0) - verdict);
}

std::vector<OwnedRecord> records_of(const std::vector<std::string>& lines) {
    std::vector<OwnedRecord> records;
    for (const auto& line : lines) records.push_back(record_from_text(line));
    return records;
}

}  // namespace

std::shared_ptr<Flight> Conductor::send(const Question::Data& question) {
    const auto flight = add(question, Origin::client, core_.loop().now_ns());
    for (const auto& [key, value] : question.meta)
        flight->meta[core_.meta_key(key)] = flight->keep(value);
    core_.loop().run_as(question.worker, [&] {
        const auto& plugin = core_.plugin();
        if (!plugin.on_query) return settle(*flight, "on_query", LOOM_NEXT);
        run_hook(*flight, "on_query", [&](loom_query* query) {
            return plugin.on_query(core_.instance(), core_.worker_state(question.worker), query);
        });
    });
    return flight;
}

std::shared_ptr<Flight>
Conductor::add(const Question::Data& question, Origin origin, std::uint64_t now_ns) {
    auto flight = std::make_shared<Flight>(core_, question, now_ns, origin);
    flight->number = ++last_number_;
    if (origin != Origin::subquery) flights_.emplace(flight->number, flight);
    return flight;
}

std::optional<std::uint64_t> Conductor::oldest() const {
    return flights_.empty() ? std::nullopt : std::optional{flights_.begin()->first};
}

// -- Hooks and their verdicts ---------------------------------------------------------------------

void Conductor::run_hook(Flight& flight, std::string_view hook, const Hook& call) {
    auto& query = flight.query();
    query.now_ns = core_.loop().now_ns();
    flight.seen = query;
    flight.course.in_hook = InHook::yes;
    const auto verdict = call(&query);
    flight.course.in_hook = InHook::none;
    if (std::memcmp(&flight.seen, &query, sizeof query) != 0)
        core_.misuse(std::string{hook} + " changed the loom_query, which is read-only");
    settle(flight, hook, verdict);
}

/// False when the query is suspended. What is wrong becomes an error of the plugin.
bool Conductor::check_pending(Flight& flight, std::string_view hook, loom_verdict& verdict) {
    const auto token = std::exchange(flight.course.armed, 0);
    if (verdict == LOOM_PENDING && token != 0) {
        flight.move_memory();
        return false;
    }
    if (verdict == LOOM_PENDING) {
        core_.misuse(std::string{hook} + " returned LOOM_PENDING without suspend()");
        verdict = LOOM_E_STATE;
    } else if (token != 0) {
        core_.misuse(std::string{hook} + " called suspend() and did not return LOOM_PENDING");
        suspensions_.take(token);
        stop_timer(flight);
    }
    return true;
}

void Conductor::settle(Flight& flight, std::string_view hook, loom_verdict verdict) {
    if (!check_pending(flight, hook, verdict)) return;
    flight.response().drop_room();
    if (verdict > LOOM_ELSEWHERE) {
        core_.misuse(
            std::string{hook} + " returned " + std::to_string(verdict) + ", which is no verdict");
        verdict = LOOM_E_STATE;
    }
    if (flight.query().phase == LOOM_PHASE_QUERY)
        settle_query(flight, verdict);
    else
        settle_response(flight, verdict);
}

void Conductor::settle_query(Flight& flight, loom_verdict verdict) {
    auto& course = flight.course;
    course.verdict = verdict;
    if (verdict == LOOM_NEXT) {
        if (flight.response().present())
            core_.misuse("a hook set a response and returned LOOM_NEXT, not LOOM_ANSWERED");
        course.passed_down = true;
        return consult(flight, behind_);
    }
    if (verdict == LOOM_ELSEWHERE) return leave(flight);
    if (verdict == LOOM_DROP) course.dropped = true;
    if (verdict < 0) return fail(flight, verdict);
    if (verdict == LOOM_ANSWERED && !flight.response().present()) {
        core_.misuse("a hook returned LOOM_ANSWERED without a response");
        return fail(flight, LOOM_E_STATE);
    }
    if (verdict == LOOM_ANSWERED) course.source = Source::plugin;
    finish(flight);
}

void Conductor::leave(Flight& flight) {
    if ((core_.plugin().roles & LOOM_ROLE_SELECTS) == 0)
        core_.misuse("a hook returned LOOM_ELSEWHERE, and the plugin has no LOOM_ROLE_SELECTS");
    flight.course.dropped = true;
    flight.course.source = Source::elsewhere;
    finish(flight);
}

void Conductor::settle_response(Flight& flight, loom_verdict verdict) {
    if (verdict == LOOM_ELSEWHERE) {
        core_.misuse("a hook returned LOOM_ELSEWHERE on the way up");
        verdict = LOOM_E_STATE;
    }
    if (verdict == LOOM_DROP) flight.course.dropped = true;
    if (verdict < 0) return fail(flight, verdict);
    finish(flight);
}

void Conductor::fail(Flight& flight, loom_verdict verdict) {
    answer_error(flight, failed_rcode(verdict).value_or(dns::rcode::servfail), Source::failure);
    finish(flight);
}

void Conductor::answer_error(Flight& flight, std::uint16_t rcode, Source source) {
    flight.response().begin(rcode, 0);
    flight.course.source = source;
}

// -- Down to the scripts and up again ---------------------------------------------------------------

void Conductor::consult(Flight& flight, Script& script) {
    auto reply = script.take(flight.asked());
    const auto now = core_.loop().now_ns();
    if (!reply) {
        answer_error(flight, dns::rcode::refused, Source::nobody);
        return go_up(flight);
    }
    if (!reply->lost && reply->after.count() <= 0) return arrive(flight, *reply);
    const auto after = static_cast<std::uint64_t>(reply->after.count());
    const auto deadline = flight.query().deadline_ns;
    if (reply->lost || after > deadline - std::min(now, deadline)) reply.reset();
    wait_for_reply(flight, reply, reply ? now + after : deadline);
}

void Conductor::wait_for_reply(Flight& flight, std::optional<Reply> reply, std::uint64_t due_ns) {
    flight.move_memory();
    flight.course.awaits_reply = true;
    flight.course.timer = core_.loop().add_timer(
        flight.query().worker,
        due_ns,
        [this, &flight, reply = std::move(reply)] {
            flight.course.timer = 0;
            flight.course.awaits_reply = false;
            return reply ? arrive(flight, *reply) : give_up_waiting(flight);
        },
        TimerOwner::harness);
}

void Conductor::arrive(Flight& flight, const Reply& reply) {
    try {
        adopt(flight.response(), reply);
    } catch (const std::invalid_argument&) {
        // The test's own mistake: it must see that, and not a query that never ends.
        fail(flight, LOOM_FAIL(dns::rcode::servfail));
        throw;
    }
    flight.course.source = Source::behind;
    go_up(flight);
}

void Conductor::adopt(ResponseStore& response, const Reply& reply) {
    ParsedMessage message;
    message.rcode = reply.rcode;
    message.flags = reply.flags;
    message.sections = {
        records_of(reply.answer), records_of(reply.authority), records_of(reply.additional)};
    response.adopt(std::move(message));
    if (reply.as_wire) {
        if (const auto wire = response.wire()) response.set_wire(*wire);
        response.set_rcode(reply.rcode);
    }
    for (const auto& [code, value] : reply.options)
        if (!response.add_option(code, value))
            throw std::invalid_argument{"a scripted reply has more options than a host keeps"};
    response.settle();
}

void Conductor::give_up_waiting(Flight& flight) {
    stop_timer(flight);
    flight.course.awaits_reply = false;
    answer_error(flight, dns::rcode::servfail, Source::deadline);
    go_up(flight);
}

void Conductor::go_up(Flight& flight) {
    flight.query().now_ns = core_.loop().now_ns();
    const auto& plugin = core_.plugin();
    flight.restore_question();
    if (flight.course.origin != Origin::client || !plugin.on_response) return finish(flight);
    flight.query().phase = LOOM_PHASE_RESPONSE;
    run_hook(flight, "on_response", [&](loom_query* query) {
        return plugin.on_response(core_.instance(), core_.worker_state(query->worker), query);
    });
}

// -- Suspension -------------------------------------------------------------------------------------

loom_token Conductor::suspend(Flight& flight, std::uint64_t timeout_ns) {
    auto& course = flight.course;
    if (course.in_hook != InHook::yes) {
        core_.misuse("suspend() was called outside the query's hooks");
        return 0;
    }
    if (course.armed != 0) {
        core_.misuse("suspend() was called twice in one hook");
        return 0;
    }
    if (!core_.plugin().on_resume) {
        core_.misuse("suspend() was called by a plugin without on_resume");
        return 0;
    }
    if (suspensions_.size() >= core_.setup().suspended_max) return 0;
    const auto& query = flight.query();
    const auto now = core_.loop().now_ns();
    const auto left = query.deadline_ns - std::min(now, query.deadline_ns);
    const auto due = now + (timeout_ns != 0 ? std::min(timeout_ns, left) : left);
    const auto token = course.armed = suspensions_.add(flight, query.worker, due);
    course.timer = core_.loop().add_timer(
        query.worker, due, [this, token] { cancel_suspended(token); }, TimerOwner::harness);
    return token;
}

loom_status Conductor::resume(loom_token token, std::int32_t reason, void* argument) {
    const auto worker = suspensions_.resume(token);
    if (!worker) return LOOM_E_STALE;
    core_.loop().post(
        *worker, [this, token, reason, argument] { continue_suspended(token, reason, argument); });
    return LOOM_OK;
}

void Conductor::continue_suspended(loom_token token, std::int32_t reason, void* argument) {
    const auto entry = suspensions_.take(token);
    if (!entry) return;
    auto& flight = *entry->flight;
    stop_timer(flight);
    run_hook(flight, "on_resume", [&](loom_query* query) {
        return core_.plugin().on_resume(
            core_.instance(), core_.worker_state(query->worker), query, reason, argument);
    });
}

void Conductor::cancel_suspended(loom_token token) {
    const auto entry = suspensions_.take_waiting(token);
    if (!entry) return;
    auto& flight = *entry->flight;
    stop_timer(flight);
    run_cancel_hook(flight, token);
    answer_error(flight, dns::rcode::servfail, Source::deadline);
    finish(flight);
}

void Conductor::run_cancel_hook(Flight& flight, loom_token token) {
    const auto& plugin = core_.plugin();
    if (!plugin.on_cancel) return;
    auto& query = flight.query();
    query.now_ns = core_.loop().now_ns();
    flight.course.in_hook = InHook::cancelled;
    plugin.on_cancel(core_.instance(), core_.worker_state(query.worker), &query, token);
    flight.course.in_hook = InHook::none;
}

// -- The end ----------------------------------------------------------------------------------------

void Conductor::finish(Flight& flight) {
    auto& course = flight.course;
    course.complete = true;
    flight.restore_question();
    if (course.origin == Origin::subquery) {
        // Stale when the parent was resumed otherwise: then nobody reads it.
        resume(course.parent_token, LOOM_REASON_ANSWER, &flight.query());
        return;
    }
    if (course.origin == Origin::background) {
        core_.loop().post(flight.query().worker, [this, &flight] { finish_background(flight); });
        return;
    }
    const auto fault = finish_answer(flight, flight.answer);
    if (!fault.empty()) core_.misuse("the plugin " + fault);
    for (const auto& [key, value] : flight.meta) {
        const auto octets = view(value);
        flight.answer.meta[core_.meta_name(key)] = {octets.begin(), octets.end()};
    }
    end(flight);
}

void Conductor::finish_background(Flight& flight) {
    flight.course.in_hook = InHook::reading;
    flight.course.done(flight.course.done_argument, &flight.query());
    flight.course.in_hook = InHook::none;
    end(flight);
}

void Conductor::end(Flight& flight) {
    for (const auto& child : flight.course.children) {
        stop_timer(*child);
        ended_.push_back(child->release());
    }
    stop_timer(flight);
    const auto node = flights_.extract(flight.number);
    ended_.push_back(flight.release());
}

void Conductor::stop_timer(Flight& flight) {
    if (flight.course.timer != 0) core_.loop().cancel(std::exchange(flight.course.timer, 0));
}

void Conductor::drain() {
    for (int round = 0; round < drain_rounds_max; ++round) {
        core_.run_ready();
        if (flights_.empty()) return;
        for (const auto token : suspensions_.tokens()) {
            const auto entry = suspensions_.find(token);
            if (entry) core_.loop().run_as(entry->worker, [&] { cancel_suspended(token); });
        }
        const auto left = flights_;
        for (const auto& [number, flight] : left) {
            if (!flight->course.awaits_reply) continue;
            core_.loop().run_as(
                flight->query().worker, [this, &late = *flight] { give_up_waiting(late); });
        }
    }
    core_.misuse("queries are suspended again and again, and the host cannot shut down");
}

}  // namespace loom::harness
