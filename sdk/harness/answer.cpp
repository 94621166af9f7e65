// SPDX-License-Identifier: Apache-2.0
#include "flight.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/harness/answer.hpp>
#include <dnsloom/options.hpp>

namespace loom::harness {
namespace {

constexpr std::uint16_t own_udp_size = 1232;
constexpr std::uint16_t header_rcode_max = 15;

std::vector<std::string> texts(std::span<const loom_record> records) {
    std::vector<std::string> lines;
    for (const auto& record : records) lines.push_back(record_to_text(record));
    return lines;
}

std::vector<EdnsOption> options_of(std::span<const std::uint8_t> octets) {
    std::vector<EdnsOption> list;
    const auto options = dns::EdnsOptions::check(octets);
    if (!options) return list;
    for (const auto option : *options)
        list.push_back({option.code, {option.data.begin(), option.data.end()}});
    return list;
}

/// What the client gets.
Octets packet(Flight& flight) {
    const auto& query = flight.query();
    auto& response = flight.response();
    const bool edns = (query.flags & LOOM_QUERY_EDNS) != 0;
    MessageParts parts;
    parts.id = query.id;
    parts.header = response.header_bits();
    if ((query.flags & LOOM_QUERY_CD) != 0) parts.header |= dns::flag::cd;
    // Without EDNS there is no place for the upper bits.
    if (response.rcode() > header_rcode_max && !edns)
        parts.header = static_cast<std::uint16_t>((parts.header & 0xFFF0U) | dns::rcode::servfail);
    parts.qname = view(query.qname);
    parts.qtype = query.qtype;
    parts.qclass = query.qclass;
    for (std::size_t i = 0; i < parts.sections.size(); ++i) parts.sections[i] = response.records(i);
    if (edns) {
        auto& opt = parts.opt.emplace();
        opt.udp_size = own_udp_size;
        opt.set_rcode(response.rcode());
        if ((query.flags & LOOM_QUERY_DO) != 0) opt.flags = dns::Opt::dnssec_ok_bit;
        if (const auto options = dns::EdnsOptions::check(response.options()))
            opt.options = *options;
    }
    return build_message(parts, query.reply_max);
}

}  // namespace

std::optional<ExtendedError> Answer::extended_error() const {
    for (const auto& option : options) {
        if (option.code != dns::option_code::extended_error) continue;
        const auto error = dns::ExtendedError::read(option.value);
        if (error) return ExtendedError{error->info_code, std::string{error->extra_text}};
    }
    return std::nullopt;
}

std::string finish_answer(Flight& flight, Answer& answer) {
    answer.pending = false;
    answer.verdict = flight.course.verdict;
    answer.source = flight.course.source;
    answer.dropped = flight.course.dropped;
    if (answer.dropped) return {};

    auto& response = flight.response();
    answer.wire_form = response.form() == ResponseForm::wire;
    answer.rcode = response.rcode();
    answer.flags = response.flags();
    answer.options = options_of(response.options());
    const auto wire = response.wire();
    if (!wire) return "gave a response of more than 65535 octets";
    answer.wire.assign(wire->begin(), wire->end());
    answer.answer = texts(response.records(0));
    answer.authority = texts(response.records(1));
    answer.additional = texts(response.records(2));
    answer.message = packet(flight);
    return {};
}

}  // namespace loom::harness
