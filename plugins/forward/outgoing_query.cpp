// SPDX-License-Identifier: Apache-2.0
#include "outgoing_query.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

namespace loom::forward {

void OutgoingQuery::write(const Ask& ask) {
    dns::Writer writer{octets_};
    writer.u16(0);
    writer.u16(ask.flags);
    writer.u16(1);
    writer.zeros(4);
    writer.u16(1);
    writer.bytes(ask.qname);
    writer.u16(ask.qtype);
    writer.u16(ask.qclass);
    opt_offset_ = static_cast<std::uint16_t>(writer.size());
    writer.u8(0);
    writer.u16(dns::rr_type::opt);
    writer.u16(udp_size);
    writer.u16(0);
    writer.u16(ask.dnssec_ok ? dns::Opt::dnssec_ok_bit : std::uint16_t{0});
    writer.u16(0);
    size_ = static_cast<std::uint16_t>(writer.size());
}

void OutgoingQuery::drop_opt() {
    size_ = opt_offset_;
    dns::store_u16(octets_.data() + 10, 0);
}

void OutgoingQuery::set_id(std::uint16_t id) { dns::store_u16(octets_.data(), id); }

std::span<const std::uint8_t> OutgoingQuery::question() const {
    return std::span{octets_}.subspan(dns::header_size, opt_offset_ - dns::header_size);
}

}  // namespace loom::forward
