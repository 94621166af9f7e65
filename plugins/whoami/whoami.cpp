// SPDX-License-Identifier: Apache-2.0
// Answers every question with the address, port and transport that it came from.

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

namespace {

namespace dns = loom::dns;

// The question's name, as a compression pointer (RFC 1035 section 4.1.4).
constexpr std::uint16_t qname_pointer = 0xC000U | dns::header_size;
// True for this client only, so that no cache may keep it.
constexpr std::uint32_t ttl = 0;

constexpr std::uint8_t udp_label[] = {4, '_', 'u', 'd', 'p'};
constexpr std::uint8_t tcp_label[] = {4, '_', 't', 'c', 'p'};
static_assert(sizeof udp_label == sizeof tcp_label);

loom::Bytes transport_label(const loom_query& query) {
    if (query.transport == LOOM_TRANSPORT_UDP || query.transport == LOOM_TRANSPORT_QUIC)
        return udp_label;
    return tcp_label;
}

void write_address(dns::Writer& out, const loom_query& query) {
    const loom_address& client = *query.client;
    const bool is_ipv4 = client.family == 4;
    const loom::Bytes address = is_ipv4 ? loom::Bytes{client.ip}.last<4>() : loom::Bytes{client.ip};
    out.u16(qname_pointer);
    out.u16(is_ipv4 ? dns::rr_type::a : dns::rr_type::aaaa);
    out.u16(query.qclass);
    out.u32(ttl);
    out.u16(static_cast<std::uint16_t>(address.size()));
    out.bytes(address);
}

/// Port and transport: `_udp.NAME 0 IN SRV 0 0 PORT .` (RFC 2782).
void write_service(dns::Writer& out, const loom_query& query) {
    constexpr std::uint16_t rdata_size = 7;
    out.bytes(transport_label(query));
    out.u16(qname_pointer);
    out.u16(dns::rr_type::srv);
    out.u16(query.qclass);
    out.u32(ttl);
    out.u16(rdata_size);
    out.u16(0);
    out.u16(0);
    out.u16(query.client->port);
    out.u8(0);
}

class Whoami {
public:
    static constexpr loom::Info info{
        .summary = "Answers with the address, port and transport of the client.",
        .roles = LOOM_ROLE_SOURCE,
    };

    Whoami(const loom::Host&, const loom::Options&) {}

    loom_verdict on_query(loom::Query& query) const {
        const loom_query& q = *query.raw();
        const bool has_service = q.qname.size + sizeof udp_label <= dns::name_size_max;
        loom::Response response = query.response();
        dns::Writer out{response.buffer()};
        out.u16(0);
        out.u16(dns::flag::qr | dns::flag::aa);
        out.u16(1);
        out.u32(0);
        out.u16(has_service ? 2 : 1);
        out.bytes(query.name());
        out.u16(q.qtype);
        out.u16(q.qclass);
        write_address(out, q);
        if (has_service) write_service(out, q);
        if (!out.ok() || response.commit(out.size()) != LOOM_OK)
            return LOOM_FAIL(dns::rcode::servfail);
        return LOOM_ANSWERED;
    }
};

}  // namespace

LOOM_PLUGIN(Whoami, "whoami", "0.1.0");
