// SPDX-License-Identifier: Apache-2.0
// One query in flight: what the plugin sees of it, what lives as long as it, and where it stands.
#pragma once

#include "query_memory.hpp"
#include "response_store.hpp"

#include <dnsloom/harness/harness.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace loom::harness {

/// The plugin's loom_query, and the way back from it. Outlives the flight, so that a query used
/// after its end is recognized.
struct QueryBlock {
    loom_query query{};
    Flight* flight = nullptr;  ///< Null when the query has ended.
    Harness::Core* core = nullptr;

    static QueryBlock& of(loom_query* query) { return *reinterpret_cast<QueryBlock*>(query); }
    static const QueryBlock& of(const loom_query* query) {
        return *reinterpret_cast<const QueryBlock*>(query);
    }
};

/// Who waits for the answer.
enum class Origin : std::uint8_t { client, subquery, background };

/// Which hook of the plugin has the query just now.
enum class InHook : std::uint8_t {
    none,
    yes,
    cancelled,  ///< on_cancel: the response is not to be touched.
    reading     ///< It has ended, and a hook of its parent or `done` reads it.
};

/// What only the conductor changes.
struct Course {
    Origin origin = Origin::client;
    InHook in_hook = InHook::none;
    bool passed_down = false;  ///< on_query said NEXT.
    bool dropped = false;
    bool awaits_reply = false;  ///< A script's, until `timer`.
    bool complete = false;      ///< Its response is final.
    Source source = Source::nobody;
    loom_verdict verdict = LOOM_NEXT;
    loom_token armed = 0;     ///< suspend() was called in the present hook.
    loom_handle timer = 0;    ///< Deadline, or the scripted answer's time.
    std::uint32_t asked = 0;  ///< Sub-queries, counted at the outermost query.

    Flight* parent = nullptr;  ///< Of a sub-query.
    loom_token parent_token = 0;
    std::vector<std::shared_ptr<Flight>> children;

    void (*done)(void*, loom_query*) = nullptr;  ///< Of a query in the background.
    void* done_argument = nullptr;
};

/// Everything of a query. The ABI struct in it does not move; see move_memory() for what does.
class Flight {
public:
    Flight(
        Harness::Core& core, const Question::Data& question, std::uint64_t now_ns, Origin origin);
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

    loom_query& query() { return block_->query; }
    const loom_query& query() const { return block_->query; }
    ResponseStore& response() { return response_; }
    const ResponseStore& response() const { return response_; }
    const Question::Data& question() const { return question_; }

    Course course;
    std::map<std::uint32_t, loom_bytes> meta;
    /// Its number, in the order of sending.
    std::uint64_t number = 0;

    /// Set when it has ended; until then it says pending.
    Answer answer;

    void* allocate(std::size_t size, std::size_t align) { return memory_.allocate(size, align); }
    /// The plugin's scratch memory; made on first use.
    void* scratch(std::size_t size);
    /// A copy that lives as long as the query, whatever the limit says.
    loom_bytes keep(std::string_view text);

    /// What the query looked like when the plugin could last change it by rightful means.
    loom_query seen{};
    /// The plugins behind see this question instead (service "loom.question/1").
    void change_question(Question::Data changed);
    /// The response comes back: the question is the client's again, and so is the response's.
    void restore_question();

    /// Gives what a plugin must not keep across a suspension another place.
    void move_memory();
    /// Frees everything a plugin can see, but for the query's address.
    std::unique_ptr<QueryBlock> release();

    Asked asked() const;

private:
    void describe_question();
    void describe_name();
    void describe_message();

    // As passed by value to a hook, a name stays where it is until the query ends.
    struct Name {
        Octets spelled;
        Octets lower;
        std::vector<std::uint64_t> hashes;
        Octets offsets;
    };

    Question::Data question_;
    std::optional<Question::Data> original_;
    std::unique_ptr<QueryBlock> block_;
    std::deque<Name> names_;
    std::unique_ptr<loom_address> client_;
    std::unique_ptr<loom_address> local_;
    Octets wire_;
    Octets options_;
    QueryMemory memory_;
    void* scratch_ = nullptr;
    ResponseStore response_;
};

/// The hash behind loom_query.suffix_hash.
std::uint64_t hash_of(std::span<const std::uint8_t> name);

/// What the test gets of a flight whose response is final. Empty text, or what the plugin did wrong.
std::string finish_answer(Flight& flight, Answer& answer);

}  // namespace loom::harness
