// SPDX-License-Identifier: Apache-2.0
// One query in flight: what plugins see of it, its response so far, and where it stands.
#pragma once

#include "arena.hpp"
#include "name_hash.hpp"
#include "pipeline.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/response.h>

#include <array>
#include <cstdint>
#include <span>

#include <netinet/in.h>

namespace loom::host {

class Worker;
class TcpSession;
class UdpListener;

struct SavedQuestion;

/// A section of a response in records form; the array is in the arena.
struct RecordList {
    loom_record* first = nullptr;
    std::uint32_t count = 0;
    std::uint32_t capacity = 0;

    std::span<const loom_record> view() const { return {first, count}; }
};

enum class ResponseForm : std::uint8_t { none, wire, records };

/// What the client will get. `rcode` and `flags` hold for both forms.
struct Response {
    ResponseForm form = ResponseForm::none;
    bool in_send_buffer = false;  ///< `wire` is the room lent by the transport.
    /// `wire` answers a question that a plugin behind the running stage was asked; that stage's own is
    /// another. Looked at only by those who read the message's question.
    bool other_question = false;
    std::uint16_t rcode = 0;      ///< 12 bits.
    std::uint16_t flags = 0;      ///< LOOM_FLAG_*
    std::uint32_t wire_size = 0;
    std::uint8_t* wire = nullptr;  ///< Header, question, records; no OPT.
    std::array<RecordList, 3> sections;

    void clear() {
        form = ResponseForm::none;
        in_send_buffer = false;
        other_question = false;
        sections = {};
    }
};

/// Where the answer goes.
enum class Origin : std::uint8_t { udp, tcp, subquery, background };

/// How a query stands with suspend() and resume().
enum class Suspension : std::uint8_t {
    none,
    armed,    ///< suspend() was called, the hook has not returned yet.
    waiting,  ///< The hook said PENDING.
    resumed,  ///< resume() was called; on_resume will run.
};

inline constexpr std::size_t meta_max = 32;
inline constexpr std::uint16_t depth_max = 8;
inline constexpr std::uint16_t subqueries_max = 32;

/// Made once and used again and again; what reset_exchange() does not name keeps old values. The
/// ABI's struct is its base, so that a loom_query* is an Exchange*.
struct Exchange : loom_query {
    // Where it stands.
    const Pipeline* pipeline = nullptr;
    WorkerGeneration* generation_pin = nullptr;
    Worker* host_worker = nullptr;
    std::uint16_t stage = 0;       ///< The one running or to run next.
    std::uint16_t first_stage = 0; ///< Where the way down began: sub-queries may begin in the middle.
    Origin origin = Origin::udp;
    Suspension suspension = Suspension::none;
    bool detached = false;         ///< Suspended once: the message was copied, the slot is its own.
    bool cancelled = false;        ///< Its parent is gone: nobody waits for it.
    StageMask overruled = 0;       ///< Stages whose answer an outcome rule set aside.
    SavedQuestion* changed = nullptr;  ///< The question before the last change; see question_service.

    Response response;
    Response aside;                ///< An answer set aside by an outcome rule.
    bool has_aside = false;
    std::span<const std::uint8_t> aside_options;  ///< Its EDNS options.

    // Room for a message, lent by the transport while the query runs.
    std::uint8_t* send_buffer = nullptr;
    std::uint32_t send_size = 0;

    // EDNS options of the reply, and metadata. Arrays in the arena, made on first use.
    static constexpr std::uint16_t nobody = UINT16_MAX;
    std::uint8_t* reply_options = nullptr;
    std::uint16_t reply_options_size = 0;
    std::uint16_t options_giver = nobody;  ///< The hook that gave the last: see reply_options.
    std::uint16_t options_own = 0;         ///< Where those of that hook begin.
    std::uint16_t options_kept = 0;        ///< Up to here they are not the answer's.
    std::uint16_t meta_count = 0;
    std::uint32_t* meta_keys = nullptr;
    loom_bytes* meta_values = nullptr;
    std::uint8_t* scratch_block = nullptr;

    // Suspension.
    std::uint32_t slot = 0;
    std::uint32_t nonce = 0;
    std::int32_t resume_reason = 0;
    void* resume_argument = nullptr;
    std::uint64_t timer_id = 0;    ///< In the worker's wheel.
    std::uint64_t epoch = 0;       ///< Of the worker, when it was detached.
    std::uint16_t wait_stage = 0;

    // Where the answer goes.
    UdpListener* udp = nullptr;
    const sockaddr_in6* peer = nullptr;  ///< In the batch, or `peer_copy` when detached.
    sockaddr_in6 peer_copy{};
    TcpSession* tcp = nullptr;
    std::uint32_t listener = 0;    ///< Slot, for sub-queries from the top.
    Exchange* parent = nullptr;
    loom_token parent_token = 0;
    Exchange* children = nullptr;  ///< Ended or running sub-queries, freed with this one.
    Exchange* sibling = nullptr;   ///< In `children`.
    Exchange* next = nullptr;      ///< In a queue, or in the free list.
    bool ended = false;            ///< A sub-query with its answer.
    bool from_top = false;         ///< A sub-query that begins at routing.
    std::uint16_t subqueries = 0;  ///< Counted at the outermost query.
    void (*done)(void*, loom_query*) = nullptr;
    void* done_argument = nullptr;
    const Instance* asker = nullptr;

    loom_address client_address{};
    loom_address local_address{};
    std::uint32_t packet_interface = 0;  ///< It came in through; 0: not known.

    HashedName name;
    Arena arena;

    /// 16-aligned memory of the running stage.
    void* scratch();
    /// Copies octets into the arena; empty where there is no room.
    std::span<std::uint8_t> keep(std::span<const std::uint8_t> octets);
    /// Octets that the OPT record of the reply needs.
    std::size_t opt_size() const {
        return (flags & LOOM_QUERY_EDNS) == 0 ? 0 : std::size_t{11} + reply_options_size;
    }
    bool is_client() const { return origin == Origin::udp || origin == Origin::tcp; }
};

inline Exchange& exchange_of(loom_query* query) { return *static_cast<Exchange*>(query); }
inline const Exchange& exchange_of(const loom_query* query) {
    return *static_cast<const Exchange*>(query);
}

/// Makes the exchange ready for another query: everything but the ABI fields, addresses and name,
/// which the transport and intake fill.
inline void reset_exchange(Exchange& e) {
    e.arena.reset();
    e.stage = 0;
    e.first_stage = 0;
    e.suspension = Suspension::none;
    e.detached = false;
    e.cancelled = false;
    e.overruled = 0;
    e.changed = nullptr;
    e.response.clear();
    e.has_aside = false;
    e.reply_options = nullptr;
    e.reply_options_size = 0;
    e.aside_options = {};
    e.meta_count = 0;
    e.scratch_block = nullptr;
    e.parent = nullptr;
    e.children = nullptr;
    e.subqueries = 0;
    e.done = nullptr;
    e.ended = false;
}

}  // namespace loom::host
