// SPDX-License-Identifier: Apache-2.0
// Answers for names that mean the client's own machine, so that they never leave it (RFC 6761
// section 6.3, RFC 6303).

#include "local_names.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <iterator>

namespace {

namespace dns = loom::dns;
using loom::local::Names;
using loom::local::Place;

constexpr std::uint32_t ttl = 604800;

constexpr std::uint8_t ipv4_loopback[] = {127, 0, 0, 1};
constexpr std::uint8_t ipv6_loopback[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::uint8_t localhost[] = {9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0};
// MNAME, RNAME, SERIAL 1, REFRESH, RETRY and EXPIRE 0, MINIMUM: no secondary is meant to follow.
constexpr std::uint8_t soa[] = {9,   'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't',  0,   4,
                                'r', 'o', 'o', 't', 9,   'l', 'o', 'c', 'a', 'l',  'h', 'o',
                                's', 't', 0,   0,   0,   0,   1,   0,   0,   0,    0,   0,
                                0,   0,   0,   0,   0,   0,   0,   0,   9,   0x3a, 0x80};
static_assert(ttl == 0x00093a80);

constexpr loom::OptionSpec option_specs[] = {loom::OptionSpec{
    "localhost_prefix", LOOM_OPTION_BOOLEAN, "Whether localhost.ANYTHING is local, too."}
                                                 .by_default("true")};

/// RDATA of the answer; empty: there is none of that type.
loom::Bytes address(std::uint16_t type) {
    if (type == dns::rr_type::a) return ipv4_loopback;
    if (type == dns::rr_type::aaaa) return ipv6_loopback;
    return {};
}

loom::Bytes apex_data(std::uint16_t type) {
    if (type == dns::rr_type::soa) return soa;
    if (type == dns::rr_type::ns) return localhost;
    return {};
}

class Local {
public:
    static constexpr loom::Info info{
        .summary = "Answers for names that mean the client's own machine.",
        .roles = LOOM_ROLE_SOURCE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Local(const loom::Host& host, const loom::Options& options)
        : names_{host},
          prefix_{options["localhost_prefix"].boolean()},
          requests_{host.counter(
              "dnsloom_local_localhost_requests_total",
              "Questions for names below localhost or that begin with it.")} {}

    loom_verdict on_query(loom::Query& query) const {
        const loom_query& q = *query.raw();
        if (prefix_ && Names::begins_with_localhost(q)) {
            query.host().add(q.worker, requests_);
            return answer(query, address(q.qtype), q.qname);
        }
        const auto found = names_.find(q);
        switch (found.place) {
        case Place::elsewhere:
            return LOOM_NEXT;
        case Place::localhost: {
            const auto data = address(q.qtype);
            return answer(query, data.empty() ? apex_data(q.qtype) : data, found.zone);
        }
        case Place::below_localhost:
            query.host().add(q.worker, requests_);
            return answer(query, address(q.qtype), found.zone);
        case Place::apex:
            return answer(query, apex_data(q.qtype), found.zone);
        case Place::loopback: {
            // The name of ::1 is a zone's apex at the same time.
            const bool is_apex = found.zone.size == q.qname.size;
            const auto data = is_apex ? apex_data(q.qtype) : loom::Bytes{};
            return answer(
                query, q.qtype == dns::rr_type::ptr ? loom::Bytes{localhost} : data, found.zone);
        }
        case Place::between:
            return answer(query, {}, found.zone);
        case Place::nowhere:
            return deny(query, dns::rcode::nxdomain, found.zone);
        }
        return LOOM_NEXT;
    }

private:
    // With one record, or with none.
    static loom_verdict answer(loom::Query& query, loom::Bytes rdata, loom_bytes zone) {
        if (rdata.empty()) return deny(query, dns::rcode::noerror, zone);
        auto response = query.response();
        const loom_record record{
            query->qname, query->qtype, dns::rr_class::in, ttl, loom::bytes(rdata)};
        const bool done = response.begin(dns::rcode::noerror, LOOM_FLAG_AA) == LOOM_OK &&
                          response.add(LOOM_ANSWER, record) == LOOM_OK;
        return done ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
    }

    static loom_verdict deny(loom::Query& query, std::uint16_t rcode, loom_bytes zone) {
        auto response = query.response();
        const loom_record record{zone, dns::rr_type::soa, dns::rr_class::in, ttl, loom::bytes(soa)};
        const bool done = response.begin(rcode, LOOM_FLAG_AA) == LOOM_OK &&
                          response.add(LOOM_AUTHORITY, record) == LOOM_OK;
        return done ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
    }

    const Names names_;
    const bool prefix_;
    const loom::Metric requests_;
};

}  // namespace

LOOM_PLUGIN(Local, "local", "1.0.0");
