// SPDX-License-Identifier: Apache-2.0
// What came back for a question, and what the harness is told to answer in a server's stead.
#pragma once

#include <dnsloom/abi/base.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

/// An extended DNS error (RFC 8914).
struct ExtendedError {
    std::uint16_t code = 0;
    std::string text;
};

/// An EDNS option of a reply.
struct EdnsOption {
    std::uint16_t code = 0;
    std::vector<std::uint8_t> value;
};

/// Where a response came from.
enum class Source : std::uint8_t {
    plugin,   ///< The plugin under test.
    behind,   ///< The scripted plugins behind it; it said NEXT.
    nobody,   ///< It said NEXT and nothing is behind: the host's REFUSED.
    failure,  ///< It said LOOM_FAIL or an error; the host's answer.
    deadline, ///< Its time was up: the host's SERVFAIL.
    elsewhere ///< It said ELSEWHERE: what another server's plugins would say.
};

/// The end of one question. Records are text: `example.org. 30 IN A 192.0.2.1`.
struct Answer {
    bool pending = false;  ///< Still suspended; nothing else below is set.
    bool dropped = false;  ///< Nothing is sent; not by this server, after ELSEWHERE.
    /// What on_query decided, or on_resume in its stead.
    loom_verdict verdict = LOOM_NEXT;
    Source source = Source::nobody;

    std::uint16_t rcode = 0;  ///< All 12 bits.
    std::uint16_t flags = 0;  ///< LOOM_FLAG_*
    std::vector<std::string> answer;
    std::vector<std::string> authority;
    std::vector<std::string> additional;
    std::vector<EdnsOption> options;
    /// 1 if the response was given as a wire message, 0 if as records.
    bool wire_form = false;
    /// The response as the plugin left it: id 0, without OPT, never truncated.
    std::vector<std::uint8_t> wire;
    /// The packet that the client gets: its id and spelling, OPT, truncated to what it may take.
    std::vector<std::uint8_t> message;

    /// Facts that were set about the query (service "loom.meta/1").
    std::map<std::string, std::string, std::less<>> meta;

    bool is_authoritative() const { return (flags & 0x0400) != 0; }
    bool is_truncated() const { return message.size() > 2 && (message[2] & 0x02) != 0; }
    std::optional<ExtendedError> extended_error() const;
};

/// A scripted response. Records are text as in Answer; a class and TTL left out are IN and 3600.
struct Reply {
    std::uint16_t rcode = 0;
    std::uint16_t flags = 0;
    std::vector<std::string> answer{};
    std::vector<std::string> authority{};
    std::vector<std::string> additional{};
    std::vector<EdnsOption> options{};
    /// Given to the plugin as a wire message instead of records.
    bool as_wire = false;
    /// Comes when the clock has moved this far.
    std::chrono::nanoseconds after{};
    /// Never comes.
    bool lost = false;
};

/// One question that reached a script.
struct Asked {
    std::string name;  ///< With its dot, as spelled.
    std::string type;
    std::uint16_t qclass = 1;
    bool background = false;  ///< Asked with no one waiting.
    bool subquery = false;    ///< By loom.ask/1; false: the query itself, passed on with NEXT.
    std::uint32_t flags = 0;  ///< LOOM_QUERY_*
    std::vector<std::uint8_t> options;  ///< EDNS options.
};

/// Plays whoever answers: a queue of replies, then a function, then nobody.
class Script {
public:
    /// Answers the next question that comes.
    Script& push(Reply reply);
    /// Answers each question that finds the queue empty; return nullopt for "nobody is there".
    Script& otherwise(std::function<std::optional<Reply>(const Asked&)> function);

    /// What was asked, in order.
    const std::vector<Asked>& asked() const { return asked_; }

    /// For the harness: records the question and takes its reply.
    std::optional<Reply> take(const Asked& question);

private:
    std::deque<Reply> queue_;
    std::function<std::optional<Reply>(const Asked&)> otherwise_;
    std::vector<Asked> asked_;
};

}  // namespace loom::harness
