// SPDX-License-Identifier: Apache-2.0
#include "intake.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>

#include <algorithm>
#include <optional>

namespace loom::host {

namespace {

struct OptFields {
    std::uint16_t udp_size = 0;
    std::uint8_t version = 0;
    bool dnssec_ok = false;
    std::span<const std::uint8_t> options;
};

enum class OptSearch : std::uint8_t { none, found, malformed };

OptFields fields_of(const std::uint8_t* at, std::span<const std::uint8_t> options) {
    return {
        dns::load_u16(at + 3), at[6],
        (dns::load_u16(at + 7) & dns::Opt::dnssec_ok_bit) != 0, options};
}

// The usual query: one additional record, and that is OPT, and nothing follows.
bool is_plain_opt(std::span<const std::uint8_t> rest) {
    return rest.size() >= dns::Opt::size_min && rest[0] == 0 &&
           dns::load_u16(rest.data() + 1) == dns::rr_type::opt &&
           rest.size() == dns::Opt::size_min + dns::load_u16(rest.data() + 9);
}

OptSearch
find_opt(std::span<const std::uint8_t> message, std::size_t offset, OptFields& out) {
    const std::uint16_t answers = dns::load_u16(message.data() + 6);
    const std::uint16_t authorities = dns::load_u16(message.data() + 8);
    const std::uint16_t additionals = dns::load_u16(message.data() + 10);
    if (answers == 0 && authorities == 0 && additionals == 0) return OptSearch::none;
    const auto rest = message.subspan(offset);
    if (answers == 0 && authorities == 0 && additionals == 1 && is_plain_opt(rest)) {
        const auto options = rest.subspan(dns::Opt::size_min);
        if (!dns::EdnsOptions::check(options)) return OptSearch::malformed;
        out = fields_of(rest.data(), options);
        return OptSearch::found;
    }
    const auto opt = dns::find_opt(message);
    if (!opt) return OptSearch::malformed;
    if (!*opt) return OptSearch::none;
    out = {(*opt)->udp_size, (*opt)->version, (*opt)->dnssec_ok(), (*opt)->options.octets()};
    return OptSearch::found;
}

std::uint32_t header_flags(std::uint16_t bits) {
    std::uint32_t flags = 0;
    if ((bits & dns::flag::rd) != 0) flags |= LOOM_QUERY_RD;
    if ((bits & dns::flag::cd) != 0) flags |= LOOM_QUERY_CD;
    if ((bits & dns::flag::ad) != 0) flags |= LOOM_QUERY_AD;
    return flags;
}

}  // namespace

IntakeResult take_in(
    Exchange& e, std::span<const std::uint8_t> message, const HashKey& key, IntakeLimits limits,
    std::size_t slack) {
    if (message.size() < dns::header_size) return {};
    const std::uint16_t bits = dns::load_u16(message.data() + 2);
    if ((bits & dns::flag::qr) != 0) return {};

    const auto refuse = [](std::uint8_t rcode, std::size_t question_size = 0, bool edns = false) {
        return IntakeResult{Intake::error, rcode, edns, static_cast<std::uint16_t>(question_size)};
    };
    const auto opcode = static_cast<std::uint8_t>(bits >> 11U & 0xFU);
    if (opcode != dns::opcode::query) return refuse(dns::rcode::notimp);
    if (dns::load_u16(message.data() + 4) != 1) return refuse(dns::rcode::formerr);
    const auto body = message.subspan(dns::header_size);
    if (!e.name.assign(key, body, body.size() + slack))
        return refuse(dns::rcode::formerr);
    const std::size_t question_end = dns::header_size + e.name.size + 4;
    if (message.size() < question_end) return refuse(dns::rcode::formerr);
    const std::size_t question_size = question_end - dns::header_size;

    OptFields opt;
    const OptSearch search = find_opt(message, question_end, opt);
    if (search == OptSearch::malformed) return refuse(dns::rcode::formerr, question_size);
    const bool edns = search == OptSearch::found;
    if (edns && opt.version != 0) return refuse(dns::rcode::badvers, question_size, true);

    e.size = sizeof(loom_query);
    e.flags = header_flags(bits);
    e.qtype = dns::load_u16(message.data() + question_end - 4);
    e.qclass = dns::load_u16(message.data() + question_end - 2);
    if (e.qtype == dns::rr_type::opt) return refuse(dns::rcode::formerr, question_size, edns);
    e.opcode = opcode;
    e.id = dns::load_u16(message.data());
    e.phase = LOOM_PHASE_QUERY;
    e.label_count = e.name.label_count;
    e.qname = {e.name.octets.data(), e.name.size};
    e.qname_lower = {e.name.lower.data(), e.name.size};
    e.suffix_hash = e.name.suffix_hash.data();
    e.label_offset = e.name.label_offset.data();
    e.wire = {message.data(), message.size()};
    e.edns_udp_size = 0;
    e.edns_options = {};
    e.depth = 0;
    std::uint16_t size_max = dns::Opt::udp_size_min;
    if (edns) {
        e.flags |= LOOM_QUERY_EDNS;
        if (opt.dnssec_ok) e.flags |= LOOM_QUERY_DO;
        e.edns_udp_size = opt.udp_size;
        e.edns_options = {opt.options.data(), opt.options.size()};
        size_max = std::clamp(opt.udp_size, dns::Opt::udp_size_min, limits.udp_size);
    }
    if (e.transport != LOOM_TRANSPORT_UDP) {
        e.flags |= LOOM_QUERY_STREAM;
        size_max = dns::message_size_max;
    }
    e.reply_max = size_max;
    return {Intake::query, 0, edns, static_cast<std::uint16_t>(question_size)};
}

}  // namespace loom::host
