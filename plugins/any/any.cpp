// SPDX-License-Identifier: Apache-2.0
// Answers questions for all types with as little as possible (RFC 8482).

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace {

namespace dns = loom::dns;

constexpr std::string_view cpu = "ANY obsoleted";
constexpr std::string_view os = "See RFC 8482";
// CoreDNS's: long enough for resolvers to stop asking, and easy to recognise.
constexpr std::uint32_t ttl = 8482;

// Two character strings (RFC 1035 section 3.3.2).
constexpr auto rdata = [] {
    std::array<std::uint8_t, 1 + cpu.size() + 1 + os.size()> octets{};
    std::size_t at = 0;
    for (const std::string_view text : {cpu, os}) {
        octets[at++] = static_cast<std::uint8_t>(text.size());
        for (const char c : text) octets[at++] = static_cast<std::uint8_t>(c);
    }
    return octets;
}();

class Any {
public:
    static constexpr loom::Info info{
        .summary = "Answers questions for all types with as little as possible.",
        .roles = LOOM_ROLE_POLICY};

    Any(const loom::Host&, const loom::Options&) {}

    loom_verdict on_query(loom::Query& query) const {
        if (query->qtype != dns::rr_type::any || query->qclass != dns::rr_class::in)
            return LOOM_NEXT;
        auto response = query.response();
        const loom_record record{
            query->qname, dns::rr_type::hinfo, dns::rr_class::in, ttl, loom::bytes(rdata)};
        if (response.begin(dns::rcode::noerror, 0) != LOOM_OK ||
            response.add(LOOM_ANSWER, record) != LOOM_OK)
            return LOOM_FAIL(dns::rcode::servfail);
        return LOOM_ANSWERED;
    }
};

}  // namespace

LOOM_PLUGIN(Any, "any", "1.0.0");
