// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: plugins/forward/reply_check.cpp plugins/forward/reply_delivery.cpp
// fuzz-sources: plugins/forward/tcp_framing.cpp plugins/forward/upstream_cookie.cpp
// fuzz-sources: plugins/forward/query_options.cpp plugins/forward/outgoing_query.cpp
// fuzz-sources: plugins/forward/random_ids.cpp sdk/harness/*.cpp sdk/dns/*.cpp
// fuzz-libs: -lfmt
// Hostile upstreams: a stream is cut into the same messages however it comes, and what is taken for
// a reply gets to the client whole, as a message that can be read. Hostile clients: whatever EDNS
// options they send, what goes to the upstream is a well-formed query.
#include "../../plugins/forward/query_options.hpp"
#include "../../plugins/forward/reply_check.hpp"
#include "../../plugins/forward/reply_delivery.hpp"
#include "../../plugins/forward/tcp_framing.hpp"
#include "../../plugins/forward/upstream_cookie.hpp"

#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/harness/harness.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace {

using namespace loom;
using Octets = std::vector<std::uint8_t>;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

// -- Framing --

std::vector<Octets> cut(Bytes stream) {
    std::vector<Octets> messages;
    while (stream.size() >= 2) {
        const std::size_t size = dns::load_u16(stream.data());
        if (stream.size() - 2 < size) break;
        const auto message = stream.subspan(2, size);
        messages.emplace_back(message.begin(), message.end());
        stream = stream.subspan(2 + size);
    }
    return messages;
}

std::vector<Octets> cut_in_pieces(Bytes stream, std::size_t piece_size) {
    std::vector<Octets> messages;
    forward::FrameReader reader;
    while (!stream.empty()) {
        const auto room = reader.room();
        require(room.size() >= 4096, "too little room\n");
        const auto size = std::min({stream.size(), room.size(), piece_size});
        std::memcpy(room.data(), stream.data(), size);
        reader.filled(size);
        stream = stream.subspan(size);
        while (const auto message = reader.next())
            messages.emplace_back(message->begin(), message->end());
    }
    return messages;
}

// -- Replies --

/// What the plugin below hands to the client.
struct {
    Octets octets;
    forward::CheckedReply checked;
    std::optional<dns::ClientSubnet> subnet;
} upstreams_reply;

dns::ClientSubnet some_subnet() {
    return {.family = dns::ClientSubnet::family_ipv4, .source_prefix = 8, .address = {192}};
}

class Deliverer {
public:
    static constexpr Info info{.summary = "Delivers a reply that was checked."};
    Deliverer(const Host&, const Options&) {}
    loom_verdict on_query(Query& query) {
        auto octets = upstreams_reply.octets;
        const bool delivered =
            forward::deliver(query, octets, upstreams_reply.checked, upstreams_reply.subnet);
        return delivered ? LOOM_ANSWERED : LOOM_FAIL(2);
    }
};

std::size_t count_records(Bytes message) {
    auto reader = dns::MessageReader::open(message);
    require(reader.has_value(), "no header\n");
    std::size_t count = 0;
    auto record = reader->next();
    for (; record && *record; record = reader->next())
        count += (*record)->type == dns::rr_type::opt ? 0 : 1;
    require(record.has_value(), "a malformed message\n");
    return count;
}

harness::Question client(std::uint8_t choice) {
    harness::Question question{"www.example.org. A"};
    question.tcp();
    if ((choice & 1U) != 0) question.edns();
    if ((choice & 2U) != 0) question.dnssec();
    if ((choice & 4U) != 0) question.authentic_data();
    return question;
}

Octets question_octets() {
    auto octets = client(0).data().name;
    for (const std::uint8_t octet : {0, 1, 0, 1}) octets.push_back(octet);
    return octets;
}

void deliver(Bytes reply, const forward::CheckedReply& checked, std::uint8_t choice);

/// The part of the client is 0, so that inputs can have the right one.
void take_cookie(Bytes reply, const forward::CheckedReply& checked) {
    forward::RandomIds zeros{[](std::span<std::uint8_t> octets) { std::ranges::fill(octets, 0); }};
    forward::UpstreamCookie cookie;
    cookie.use_source({}, zeros);
    const auto data = forward::options_of(reply, checked).find(dns::option_code::cookie);
    const auto finding = cookie.take(data, 1);
    require(
        cookie.octets().size() >= 8 && cookie.octets().size() <= 40, "a cookie of another size\n");
    if (finding == forward::UpstreamCookie::Finding::wrong)
        require(data && cookie.octets().size() == 8, "a wrong cookie is kept\n");
}

void take(Bytes reply, std::uint8_t choice) {
    static const Octets question = question_octets();
    const auto quick = forward::check_question(reply, question);
    const auto checked = forward::check_reply(reply, question);
    if (!quick) {
        require(!checked && checked.error() == quick.error(), "the checks do not agree\n");
        return;
    }
    if (!checked) return;
    require(checked->size <= reply.size(), "a reply beyond its end\n");
    require(quick->is_bare == checked->is_bare, "bare and not bare\n");
    require(quick->is_truncated == checked->is_truncated, "truncated and not truncated\n");
    if (checked->is_truncated) return;
    take_cookie(reply, *checked);
    deliver(reply, *checked, choice);
}

void deliver(Bytes reply, const forward::CheckedReply& checked, std::uint8_t choice) {
    static harness::Harness h{loom_module_0};
    require(checked.opt_offset + checked.opt_size <= checked.size, "OPT beyond the end\n");
    const bool has_subnet = (choice & 8U) != 0;
    upstreams_reply = {{reply.begin(), reply.end()}, checked, {}};
    if (has_subnet) upstreams_reply.subnet = some_subnet();
    const auto answer = h.ask(client(choice));
    // A reply may be well formed and yet have rdata that cannot be expanded.
    if (answer.verdict != LOOM_ANSWERED) return;

    require(answer.rcode == checked.rcode, "another rcode\n");
    const bool asks_ad = (client(choice).data().flags & (LOOM_QUERY_DO | LOOM_QUERY_AD)) != 0;
    require(asks_ad || (answer.flags & LOOM_FLAG_AD) == 0, "AD that nobody asked for\n");
    for (const auto& option : answer.options)
        require(
            option.code == dns::option_code::extended_error ||
                (has_subnet && option.code == dns::option_code::client_subnet),
            "an option that stays here\n");
    const auto records = checked.is_bare ? 0 : count_records(reply);
    require(
        answer.answer.size() + answer.authority.size() + answer.additional.size() == records,
        "records are lost\n");
    if (!answer.is_truncated())
        require(count_records(answer.message) == records, "the client gets other records\n");
}

// -- Options of clients --

void pass_options(Bytes message, std::uint8_t choice) {
    const auto opt = dns::find_opt(message);
    if (!opt || !*opt) return;
    const auto options = (*opt)->options.octets();
    const Octets copy{options.begin(), options.end()};
    loom_address address{};
    address.family = (choice & 4U) != 0 ? 6 : 4;
    loom_query query{};
    query.wire = bytes(message);
    query.client = &address;
    // In another place, as when a plugin has changed them.
    query.edns_options = (choice & 8U) != 0 ? bytes(copy) : bytes(options);
    const forward::SubnetRule rule{.kind = static_cast<forward::SubnetRule::Kind>(choice % 3)};
    const auto name = client(0).data().name;
    forward::OutgoingQuery out;
    out.write({.qname = name});
    std::optional<dns::ClientSubnet> sent;
    const auto fault = forward::add_options(out, query, rule, sent);
    out.set_cookie(Octets(40, 1));
    const auto made = dns::find_opt(out.octets());
    require(made && *made, "a malformed query\n");
    if (fault == forward::OptionsFault::none && sent) {
        const auto subnet = (*made)->options.find(dns::option_code::client_subnet);
        require(subnet && dns::ClientSubnet::read(*subnet).value() == *sent, "another subnet\n");
    }
}

}  // namespace

LOOM_PLUGIN(Deliverer, "deliverer", "1.0.0");

// The input is how the client asks, the size of the pieces that a stream comes in, and the stream;
// or, when that size is 0, a datagram, and when it is 255, a client's query.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint8_t choice = data[0];
    const std::size_t piece_size = data[1];
    const Bytes octets{data + 2, size - 2};
    if (piece_size == 0) {
        take(octets, choice);
        return 0;
    }
    if (piece_size == 255) {
        pass_options(octets, choice);
        return 0;
    }
    const auto messages = cut(octets);
    require(cut_in_pieces(octets, piece_size) == messages, "other messages in pieces\n");
    for (const Octets& message : messages) take(message, choice);
    return 0;
}
