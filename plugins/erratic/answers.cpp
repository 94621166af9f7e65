// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace loom::erratic {
namespace {

constexpr std::uint8_t ipv4[] = {192, 0, 2, 53};
constexpr std::uint8_t ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53};
constexpr std::size_t more_addresses = 29;

// The same with 1, 2 and so on as the last octet.
template <std::size_t Size>
constexpr auto numbered(const std::uint8_t (&address)[Size]) {
    std::array<std::array<std::uint8_t, Size>, more_addresses> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t at = 0; at + 1 < Size; ++at) all[i][at] = address[at];
        all[i][Size - 1] = static_cast<std::uint8_t>(i + 1);
    }
    return all;
}
constexpr auto ipv4_more = numbered(ipv4);
constexpr auto ipv6_more = numbered(ipv6);

// MNAME ns., RNAME host.ns., then SERIAL 1, REFRESH, RETRY, EXPIRE, MINIMUM.
constexpr std::uint8_t soa[] = {2,   'n',  's',  0, 4,    'h',  'o', 's', 't',  2,    'n',
                                's', 0,    0,    0, 0,    1,    0,   0,   0x1c, 0x20, 0,
                                0,   0x0e, 0x10, 0, 0x12, 0x75, 0,   0,   0,    0x0e, 0x10};

loom_status add(Query& query, loom_bytes owner, std::uint16_t type, Bytes rdata) {
    return query.response().add(LOOM_ANSWER, {owner, type, query->qclass, 0, bytes(rdata)});
}

template <std::size_t Size>
loom_status add_addresses(
    Query& query,
    Bytes first,
    const std::array<std::array<std::uint8_t, Size>, more_addresses>& more,
    bool large) {
    loom_status status = add(query, query->qname, query->qtype, first);
    if (!large) return status;
    for (std::size_t i = 0; i < more.size() && status == LOOM_OK; ++i)
        status = add(query, query->qname, query->qtype, more[i]);
    return status;
}

// A name server below the zone with its address.
loom_status add_server(Query& query, std::string_view label, Bytes address) {
    const auto zone = dns::NameView::from_trusted(query.name());
    const auto name = dns::Name::from_text(label, zone);
    if (!name) return LOOM_E_ARGUMENT;
    const Bytes kept = query.keep(name->octets());
    if (kept.empty()) return LOOM_E_MEMORY;
    const loom_status status = add(query, query->qname, dns::rr_type::ns, kept);
    if (status != LOOM_OK) return status;
    return add(query, bytes(kept), dns::rr_type::aaaa, address);
}

loom_status add_zone(Query& query, bool whole) {
    loom_status status = add(query, query->qname, dns::rr_type::soa, soa);
    if (status == LOOM_OK) status = add_server(query, "a", ipv6);
    if (status == LOOM_OK) status = add_server(query, "b", ipv6_more[0]);
    if (status == LOOM_OK && whole) status = add(query, query->qname, dns::rr_type::soa, soa);
    return status;
}

loom_status add_records(Query& query, Shape shape) {
    if (query->qtype == dns::rr_type::axfr) return add_zone(query, !shape.truncated);
    if (shape.truncated) return LOOM_OK;
    if (query->qtype == dns::rr_type::a) return add_addresses(query, ipv4, ipv4_more, shape.large);
    return add_addresses(query, ipv6, ipv6_more, shape.large);
}

bool has_answer(std::uint16_t type) {
    return type == dns::rr_type::a || type == dns::rr_type::aaaa || type == dns::rr_type::axfr;
}

}  // namespace

loom_verdict answer(Query& query, Shape shape) {
    if (!has_answer(query->qtype)) return LOOM_FAIL(dns::rcode::servfail);
    const bool sets_tc = shape.truncated && query->qtype != dns::rr_type::axfr;
    const auto flags =
        static_cast<std::uint16_t>(sets_tc ? LOOM_FLAG_AA | LOOM_FLAG_TC : LOOM_FLAG_AA);
    const bool done = query.response().begin(dns::rcode::noerror, flags) == LOOM_OK &&
                      add_records(query, shape) == LOOM_OK;
    return done ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
}

}  // namespace loom::erratic
