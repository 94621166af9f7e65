// SPDX-License-Identifier: Apache-2.0
#include "outgoing_query.hpp"

#include "random_ids.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>

namespace loom::forward {
namespace {

bool is_letter(std::uint8_t octet) {
    const auto lower = octet | 0x20U;
    return lower >= 'a' && lower <= 'z';
}

}  // namespace

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
    size_ = options_end_ = static_cast<std::uint16_t>(writer.size());
}

bool OutgoingQuery::add_option(std::uint16_t code, std::span<const std::uint8_t> data) {
    const auto used = options_end_ - (opt_offset_ + dns::Opt::size_min);
    if (!has_opt() || used + option_header_size + data.size() > options_max) return false;
    drop_cookie();
    append_option(code, data);
    options_end_ = size_;
    return true;
}

void OutgoingQuery::set_cookie(std::span<const std::uint8_t> cookie) {
    if (!has_opt()) return;
    size_ = options_end_;
    append_option(dns::option_code::cookie, cookie);
}

void OutgoingQuery::append_option(std::uint16_t code, std::span<const std::uint8_t> data) {
    auto* at = octets_.data() + size_;
    dns::store_u16(at, code);
    dns::store_u16(at + 2, static_cast<std::uint16_t>(data.size()));
    std::ranges::copy(data, at + option_header_size);
    end_options(size_ + option_header_size + data.size());
}

void OutgoingQuery::end_options(std::size_t at) {
    if (!has_opt()) return;
    size_ = static_cast<std::uint16_t>(at);
    const auto options = opt_offset_ + dns::Opt::size_min;
    dns::store_u16(octets_.data() + options - 2, static_cast<std::uint16_t>(size_ - options));
}

void OutgoingQuery::drop_opt() {
    size_ = options_end_ = opt_offset_;
    dns::store_u16(octets_.data() + 10, 0);
}

void OutgoingQuery::randomize_case(RandomIds& ids) {
    const auto name =
        std::span{octets_}.subspan(dns::header_size, opt_offset_ - dns::header_size - 4);
    std::uint32_t bits = 0;
    unsigned left = 0;
    // Length octets are below 64 and so no letters.
    for (auto& octet : name) {
        if (!is_letter(octet)) continue;
        if (left == 0) {
            bits = ids.id();
            left = 16;
        }
        octet = static_cast<std::uint8_t>((octet & ~0x20U) | (bits & 1U) << 5U);
        bits >>= 1U;
        --left;
    }
}

void OutgoingQuery::set_id(std::uint16_t id) { dns::store_u16(octets_.data(), id); }

std::span<const std::uint8_t> OutgoingQuery::question() const {
    return std::span{octets_}.subspan(dns::header_size, opt_offset_ - dns::header_size);
}

}  // namespace loom::forward
