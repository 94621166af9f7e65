// SPDX-License-Identifier: Apache-2.0
#include "reply.hpp"

#include "question_service.hpp"
#include "reply_options.hpp"
#include "response_service.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/truncate.hpp>

#include <algorithm>
#include <cstring>

namespace loom::host {

namespace {

// Owner, type, class, TTL and size of an OPT record (RFC 6891 section 6.1.2).
std::size_t write_opt(
    std::uint8_t* at,
    std::uint16_t udp_size,
    std::uint16_t rcode,
    bool dnssec_ok,
    std::span<const std::uint8_t> options) {
    at[0] = 0;
    dns::store_u16(at + 1, dns::rr_type::opt);
    dns::store_u16(at + 3, udp_size);
    at[5] = static_cast<std::uint8_t>(rcode >> 4U);
    at[6] = 0;
    dns::store_u16(at + 7, dnssec_ok ? dns::Opt::dnssec_ok_bit : std::uint16_t{0});
    dns::store_u16(at + 9, static_cast<std::uint16_t>(options.size()));
    if (!options.empty()) std::memcpy(at + 11, options.data(), options.size());
    return dns::Opt::size_min + options.size();
}

// Brings the response into the send buffer, in wire form and within `limit`.
std::size_t place(Exchange& e, std::size_t limit) {
    Response& r = e.response;
    if (r.form == ResponseForm::records) return write_records(e, {e.send_buffer, limit});
    std::size_t size = r.wire_size;
    if (size > limit) {
        const auto cut = dns::truncate({r.wire, r.wire_size}, limit);
        if (!cut) {
            set_error(e, dns::rcode::servfail);
            return write_records(e, {e.send_buffer, limit});
        }
        if ((r.wire[2] & (dns::flag::tc >> 8U)) != 0) r.flags |= LOOM_FLAG_TC;
        size = *cut;
    }
    if (!r.in_send_buffer) std::memcpy(e.send_buffer, r.wire, size);
    return size;
}

}  // namespace

std::size_t write_reply(Exchange& e, std::uint16_t udp_size) {
    const bool edns = (e.flags & LOOM_QUERY_EDNS) != 0;
    Response& r = e.response;
    if (r.form == ResponseForm::none) set_error(e, dns::rcode::refused);
    if (r.other_question && !make_records(e)) set_malformed(e);
    // Without EDNS there is no place for the upper bits.
    if (r.rcode > 15 && !edns) r.rcode = dns::rcode::servfail;

    if (e.reply_options_size != 0) drop_unasked_subnet(e);
    const std::size_t limit = std::min<std::size_t>(e.reply_max, e.send_size);
    std::size_t opt = e.opt_size();
    if (opt > limit - dns::header_size) {
        e.reply_options_size = 0;
        opt = e.opt_size();
    }
    std::size_t size = place(e, limit - opt);
    std::uint8_t* out = e.send_buffer;
    if (size < dns::header_size) {
        std::memset(out, 0, dns::header_size);
        size = dns::header_size;
    }

    dns::store_u16(out, e.id);
    std::uint16_t bits =
        static_cast<std::uint16_t>(dns::flag::qr | e.opcode << 11U | r.flags | (r.rcode & 0xFU));
    if ((e.flags & LOOM_QUERY_RD) != 0) bits |= dns::flag::rd;
    if ((e.flags & LOOM_QUERY_CD) != 0) bits |= dns::flag::cd;
    dns::store_u16(out + 2, bits);
    // The client's own spelling: what it sent is what it compares (draft-vixie-dnsext-dns0x20).
    if (dns::load_u16(out + 4) == 1 && size >= dns::header_size + e.qname.size + 4)
        std::memcpy(out + dns::header_size, e.qname.data, e.qname.size);
    if (edns) {
        size += write_opt(
            out + size,
            udp_size,
            r.rcode,
            (e.flags & LOOM_QUERY_DO) != 0,
            {e.reply_options, e.reply_options_size});
        dns::store_u16(out + 10, static_cast<std::uint16_t>(dns::load_u16(out + 10) + 1));
    }
    return size;
}

std::size_t write_error_reply(
    std::span<const std::uint8_t> message,
    std::size_t question_size,
    std::uint16_t rcode,
    bool edns,
    std::uint16_t udp_size,
    std::span<std::uint8_t> out) {
    std::size_t size = dns::header_size;
    if (message.size() < size || out.size() < size + question_size + dns::Opt::size_min) return 0;
    std::memcpy(out.data(), message.data(), size);
    const std::uint16_t bits = dns::load_u16(message.data() + 2);
    dns::store_u16(
        out.data() + 2,
        static_cast<std::uint16_t>(
            dns::flag::qr | (bits & (0x7800U | dns::flag::rd | dns::flag::cd)) | (rcode & 0xFU)));
    std::memset(out.data() + 4, 0, 8);
    if (question_size != 0 && message.size() >= size + question_size) {
        std::memcpy(out.data() + size, message.data() + size, question_size);
        dns::store_u16(out.data() + 4, 1);
        size += question_size;
    }
    if (edns) {
        size += write_opt(out.data() + size, udp_size, rcode, false, {});
        dns::store_u16(out.data() + 10, 1);
    }
    return size;
}

}  // namespace loom::host
