// SPDX-License-Identifier: Apache-2.0
// Takes queries through the plugin's hooks, down to the scripts and up again.
#pragma once

#include "flight.hpp"
#include "suspensions.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

namespace loom::harness {

/// What a host's worker does with a query. All of it runs on the test's thread.
class Conductor {
public:
    Conductor(Harness::Core& core, Script& behind, Script& top)
        : core_{core}, behind_{behind}, top_{top} {}

    std::shared_ptr<Flight> send(const Question::Data& question);

    // What plugins call. Misuse is noted at the core.
    loom_token suspend(Flight& flight, std::uint64_t timeout_ns);
    loom_status resume(loom_token token, std::int32_t reason, void* argument);
    loom_status
    ask(Flight& parent,
        loom_bytes qname,
        std::uint16_t qtype,
        std::uint16_t qclass,
        std::int32_t from,
        loom_token token);
    loom_status background(Flight& like, void (*done)(void*, loom_query*), void* argument);

    std::size_t suspended_count() const { return suspensions_.size(); }
    /// The number of the oldest query that has not ended; nothing if all have.
    std::optional<std::uint64_t> oldest() const;
    /// The number that the next query gets.
    std::uint64_t next_number() const { return last_number_ + 1; }

    /// Ends every query that does not end by itself, as a host does that shuts down.
    void drain();

private:
    using Hook = std::function<loom_verdict(loom_query*)>;

    std::shared_ptr<Flight>
    add(const Question::Data& question, Origin origin, std::uint64_t now_ns);
    std::shared_ptr<Flight> child_of(Flight& like, Origin origin, const Question::Data& question);
    void run_hook(Flight& flight, std::string_view hook, const Hook& call);
    void settle(Flight& flight, std::string_view hook, loom_verdict verdict);
    bool check_pending(Flight& flight, std::string_view hook, loom_verdict& verdict);
    void settle_query(Flight& flight, loom_verdict verdict);
    void leave(Flight& flight);
    void settle_response(Flight& flight, loom_verdict verdict);
    void fail(Flight& flight, loom_verdict verdict);
    void answer_error(Flight& flight, std::uint16_t rcode, Source source);

    void consult(Flight& flight, Script& script);
    void wait_for_reply(Flight& flight, std::optional<Reply> reply, std::uint64_t due_ns);
    void arrive(Flight& flight, const Reply& reply);
    static void adopt(ResponseStore& response, const Reply& reply);
    void give_up_waiting(Flight& flight);
    void go_up(Flight& flight);

    void continue_suspended(loom_token token, std::int32_t reason, void* argument);
    void cancel_suspended(loom_token token);
    void run_cancel_hook(Flight& flight, loom_token token);

    void finish(Flight& flight);
    void finish_background(Flight& flight);
    void end(Flight& flight);
    void stop_timer(Flight& flight);

    Harness::Core& core_;
    Script& behind_;
    Script& top_;
    Suspensions suspensions_;
    std::map<std::uint64_t, std::shared_ptr<Flight>> flights_;  // Sub-queries are their parents'.
    std::uint64_t last_number_ = 0;
    std::vector<std::unique_ptr<QueryBlock>> ended_;
};

}  // namespace loom::harness
