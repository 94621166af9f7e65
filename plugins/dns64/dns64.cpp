// SPDX-License-Identifier: Apache-2.0
// Makes AAAA records of A records for clients that only have IPv6 (RFC 6147).
//
// A question goes on to the plugins behind. If it comes back without an AAAA record, the A records of
// the name are asked for there, too, and translated.

#include "answer_survey.hpp"
#include "prefix.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/ip_network.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <cstring>
#include <expected>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace loom::dns64 {
namespace {

// Where no SOA record says how long there will be no AAAA record (RFC 6147 section 5.1.7).
constexpr std::uint32_t ttl_without_soa = 600;

constexpr OptionSpec option_specs[] = {
    OptionSpec{"prefix", LOOM_OPTION_STRING, "The prefix of translated addresses."}.by_default(
        "64:ff9b::/96"),
    OptionSpec{"translate_all", LOOM_OPTION_BOOLEAN, "Translate even if there are AAAA records."}
        .by_default("false"),
    OptionSpec{"allow_ipv4", LOOM_OPTION_BOOLEAN, "Translate for clients that ask over IPv4, too."}
        .by_default("false"),
    OptionSpec{"exclude", LOOM_OPTION_STRING, "Networks whose AAAA records do not count."}
        .by_default("::ffff:0:0/96")
        .list(256),
    OptionSpec{"exclude_ipv4", LOOM_OPTION_STRING, "Networks whose A records are not translated."}
        .list(256),
    OptionSpec{"ptr", LOOM_OPTION_BOOLEAN, "Answer PTR questions for translated addresses."}
        .by_default("true")};

/// What is known of a query between asking and the answer.
struct State {
    std::uint32_t ttl_max;
    bool has_failed;  ///< The AAAA question, so that its failure may stand.
};

template <class T>
T checked(const Option& option, std::expected<T, std::string> value) {
    if (!value) throw ConfigError{option, value.error()};
    return std::move(*value);
}

dns::NetworkRanks read_networks(const Options& options, std::string_view name) {
    std::vector<dns::IpNetwork> networks;
    if (const auto list = options.find(name))
        for (std::uint32_t i = 0; i < list->size(); ++i)
            networks.push_back(checked((*list)[i], dns::parse_network((*list)[i].string())));
    return dns::NetworkRanks{networks};
}

bool covers(const loom_record& record, std::uint16_t type) {
    return record.type == dns::rr_type::rrsig && record.rdata.size >= 2 &&
           dns::load_u16(record.rdata.data) == type;
}

std::uint32_t smallest_ttl(std::span<const loom_record> records, std::uint32_t ttl) {
    for (const loom_record& record : records) {
        ttl = std::min(ttl, record.ttl);
        // Of a denial it is the smaller one of two (RFC 2308 section 5).
        if (record.type == dns::rr_type::soa && record.rdata.size >= 4)
            ttl = std::min(ttl, dns::load_u32(record.rdata.data + record.rdata.size - 4));
    }
    return ttl;
}

}  // namespace

class Dns64 {
public:
    static constexpr Info info{
        .summary = "Makes AAAA records of A records.",
        .roles = LOOM_ROLE_REWRITE,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .scratch_size = sizeof(State)};

    Dns64(const Host& host, const Options& options)
        : host_{host},
          ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
          prefix_{checked(options["prefix"], Prefix::parse(options["prefix"].string()))},
          exclude_{read_networks(options, "exclude")},
          exclude_ipv4_{read_networks(options, "exclude_ipv4")},
          translate_all_{options["translate_all"].boolean()},
          allow_ipv4_{options["allow_ipv4"].boolean()},
          ptr_{options["ptr"].boolean()},
          translated_{host.counter(
              "dnsloom_dns64_translated_total", "Answers with AAAA records made of A records.")},
          reversed_{host.counter(
              "dnsloom_dns64_reversed_total", "PTR questions for translated addresses.")},
          failures_{host.counter(
              "dnsloom_dns64_failures_total", "Questions for A or PTR that got no answer.")} {}

    loom_verdict on_query(Query& query) const;
    loom_verdict on_response(Query& query) const;
    loom_verdict on_resume(Query& query, std::int32_t reason, void* arg) const;
    void on_cancel(Query&, loom_token) const {}

private:
    bool concerns(const Query& query) const;
    loom_verdict ask(Query& query, Bytes name, std::uint16_t type) const;
    loom_verdict fail(Query& query) const;
    void leave_out_excluded(Query& query) const;
    loom_verdict finish_ptr(Query& query, Response& found) const;
    loom_verdict finish_aaaa(Query& query, Response& found) const;
    std::size_t count_usable(std::span<const loom_record> records) const;
    bool is_usable(const loom_record& record) const;
    loom_status
    add_translated(Query& query, const loom_record& record, std::uint32_t ttl_max) const;

    const Host& host_;
    const loom_ask_1* ask_;
    const Prefix prefix_;
    const dns::NetworkRanks exclude_;
    const dns::NetworkRanks exclude_ipv4_;
    const bool translate_all_;
    const bool allow_ipv4_;
    const bool ptr_;
    const Metric translated_, reversed_, failures_;
};

// -- The way down: PTR (RFC 6147 section 5.3.1) ---------------------------------------------------

loom_verdict Dns64::on_query(Query& query) const {
    if (query->qtype != dns::rr_type::ptr || !ptr_ || query->qclass != dns::rr_class::in)
        return LOOM_NEXT;
    const auto address = read_ip6_arpa(query.name_lower());
    if (!address) return LOOM_NEXT;
    const auto ipv4 = prefix_.extract(*address);
    if (!ipv4) return LOOM_NEXT;
    host_.add(query->worker, reversed_);
    return ask(query, InAddrArpa{*ipv4}.octets(), dns::rr_type::ptr);
}

// -- The way up: AAAA (section 5.1) ---------------------------------------------------------------

// A client that sets DO and CD validates itself: it can tell a made up record, and has to make it up
// itself (section 5.5).
bool Dns64::concerns(const Query& query) const {
    if (query->qtype != dns::rr_type::aaaa || query->qclass != dns::rr_class::in) return false;
    if (query.has(LOOM_QUERY_DO) && query.has(LOOM_QUERY_CD)) return false;
    return allow_ipv4_ || query->client->family == 6;
}

loom_verdict Dns64::on_response(Query& query) const {
    if (!concerns(query)) return LOOM_NEXT;
    Response response = query.response();
    const std::uint16_t rcode = response.rcode();
    if (rcode == dns::rcode::nxdomain || (response.flags() & LOOM_FLAG_TC) != 0) return LOOM_NEXT;
    State state{.ttl_max = ttl_without_soa, .has_failed = rcode != dns::rcode::noerror};
    // Other errors are taken for an empty answer (section 5.1.2).
    if (!state.has_failed) {
        const auto found = AnswerSurvey::make(response.wire(), exclude_);
        if (!found) return LOOM_NEXT;
        if (found->usable != 0 && !translate_all_) {
            if (found->excluded != 0) leave_out_excluded(query);
            return LOOM_NEXT;
        }
        state.ttl_max = found->negative_ttl.value_or(ttl_without_soa);
    }
    query.scratch<State>() = state;
    return ask(query, query.name(), dns::rr_type::a);
}

// With their signature, which is for all of them (section 5.1.4).
void Dns64::leave_out_excluded(Query& query) const {
    Response response = query.response();
    const auto records = response.records(LOOM_ANSWER);
    auto* const kept = static_cast<loom_record*>(
        query.alloc(records.size_bytes() + sizeof(loom_record), alignof(loom_record)));
    if (kept == nullptr) return;
    const auto end = std::ranges::remove_copy_if(records, kept, [this](const loom_record& record) {
        if (covers(record, dns::rr_type::aaaa)) return true;
        return record.type == dns::rr_type::aaaa && record.rdata.size == 16 &&
               exclude_.contains(dns::IpAddress::read(record.rdata.data, 16));
    });
    response.replace(LOOM_ANSWER, {kept, end.out});
    response.set_flags(LOOM_FLAG_AD, 0);
}

// -- Asking, and the answer -----------------------------------------------------------------------

loom_verdict Dns64::ask(Query& query, Bytes name, std::uint16_t type) const {
    const loom_token token = query.suspend();
    if (token == 0) return fail(query);
    const auto status =
        ask_->ask(query.raw(), bytes(name), type, dns::rr_class::in, LOOM_FROM_NEXT, token);
    if (status != LOOM_OK) host_.resume(token, 0, nullptr);
    return LOOM_PENDING;
}

loom_verdict Dns64::fail(Query& query) const {
    host_.add(query->worker, failures_);
    return LOOM_FAIL(dns::rcode::servfail);
}

loom_verdict Dns64::on_resume(Query& query, std::int32_t reason, void* arg) const {
    const bool is_ptr = query->phase == LOOM_PHASE_QUERY;
    if (reason == LOOM_REASON_ANSWER && arg != nullptr) {
        Response found{static_cast<loom_query*>(arg), host_.response_service()};
        if (found.present()) return is_ptr ? finish_ptr(query, found) : finish_aaaa(query, found);
    }
    if (!is_ptr && query.scratch<State>().has_failed) return LOOM_NEXT;
    return fail(query);
}

// An alias to the name of the IPv4 address, and what is there.
loom_verdict Dns64::finish_ptr(Query& query, Response& found) const {
    const std::uint16_t rcode = found.rcode();
    if (rcode != dns::rcode::noerror && rcode != dns::rcode::nxdomain) return fail(query);
    const auto ipv4 = prefix_.extract(*read_ip6_arpa(query.name_lower()));
    const Bytes target = query.keep(InAddrArpa{*ipv4}.octets());
    if (target.empty()) return fail(query);
    std::uint32_t ttl = smallest_ttl(found.records(LOOM_ANSWER), ttl_without_soa);
    if (found.records(LOOM_ANSWER).empty())
        ttl = smallest_ttl(found.records(LOOM_AUTHORITY), ttl_without_soa);

    Response response = query.response();
    response.begin(rcode, found.flags() & (LOOM_FLAG_RA | LOOM_FLAG_TC));
    auto status = response.add(
        LOOM_ANSWER, {query->qname, dns::rr_type::cname, dns::rr_class::in, ttl, bytes(target)});
    for (const auto section : {LOOM_ANSWER, LOOM_AUTHORITY})
        for (const loom_record& record : found.records(section))
            if (status == LOOM_OK) status = response.add(section, record);
    return status == LOOM_OK ? LOOM_ANSWERED : fail(query);
}

bool Dns64::is_usable(const loom_record& record) const {
    return record.type == dns::rr_type::a && record.rdata.size == 4 &&
           !exclude_ipv4_.contains(dns::IpAddress::read(record.rdata.data, 4));
}

std::size_t Dns64::count_usable(std::span<const loom_record> records) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(records, [this](const loom_record& r) { return is_usable(r); }));
}

loom_verdict Dns64::finish_aaaa(Query& query, Response& found) const {
    const State state = query.scratch<State>();
    const std::uint16_t rcode = found.rcode();
    if (rcode != dns::rcode::noerror && rcode != dns::rcode::nxdomain)
        return state.has_failed ? LOOM_NEXT : fail(query);
    const auto answer = found.records(LOOM_ANSWER);
    if (rcode == dns::rcode::nxdomain || count_usable(answer) == 0) return LOOM_NEXT;

    Response response = query.response();
    response.begin(0, found.flags() & (LOOM_FLAG_AA | LOOM_FLAG_RA | LOOM_FLAG_TC));
    loom_status status = LOOM_OK;
    for (const loom_record& record : answer) {
        if (status != LOOM_OK) break;
        if (is_usable(record))
            status = add_translated(query, record, state.ttl_max);
        else if (record.type != dns::rr_type::a && !covers(record, dns::rr_type::a))
            status = response.add(LOOM_ANSWER, record);
    }
    for (const auto section : {LOOM_AUTHORITY, LOOM_ADDITIONAL})
        for (const loom_record& record : found.records(section))
            if (status == LOOM_OK) status = response.add(section, record);
    if (status != LOOM_OK) return fail(query);
    host_.add(query->worker, translated_);
    return LOOM_NEXT;
}

loom_status
Dns64::add_translated(Query& query, const loom_record& record, std::uint32_t ttl_max) const {
    const Ipv6 address = prefix_.embed(std::span<const std::uint8_t, 4>{record.rdata.data, 4});
    const Bytes rdata = query.keep(address);
    if (rdata.empty()) return LOOM_E_MEMORY;
    return query.response().add(
        LOOM_ANSWER,
        {record.owner,
         dns::rr_type::aaaa,
         dns::rr_class::in,
         std::min(record.ttl, ttl_max),
         bytes(rdata)});
}

}  // namespace loom::dns64

LOOM_PLUGIN(loom::dns64::Dns64, "dns64", "1.0.0");
