// SPDX-License-Identifier: Apache-2.0
#include "reply_check.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace loom::forward {
namespace {

/// Errors of a server that did not understand the query.
bool may_come_alone(std::uint16_t rcode) {
    return rcode == dns::rcode::formerr || rcode == dns::rcode::servfail ||
           rcode == dns::rcode::notimp || rcode == dns::rcode::refused;
}

bool is_bare_error(const dns::Header& header, std::size_t size) {
    return size == dns::header_size && header.questions == 0 &&
           header.records == decltype(header.records){} && may_come_alone(header.rcode());
}

/// Both have the same size, and `question` is well formed.
bool differs_in_case_only(
    std::span<const std::uint8_t> asked, std::span<const std::uint8_t> question) {
    const auto size = question.size() - 4;  // Of the name, which type and class follow.
    const auto name = dns::NameView::check(asked);
    return name && name->size() == size &&
           *name == dns::NameView::from_trusted(question.first(size)) &&
           std::ranges::equal(asked.subspan(size), question.subspan(size));
}

/// What names of rdata, expanded, may take beyond it.
constexpr std::size_t names_room = 1024;

auto expand(const dns::RecordView& record, std::span<std::uint8_t> room) {
    return dns::expand_rdata(
        record.type, record.message, record.rdata_offset, record.rdata_size, room);
}

bool has_sound_rdata(const dns::RecordView& record) {
    std::array<std::uint8_t, names_room> room;
    const auto size = expand(record, room);
    if (size || size.error() != dns::RdataErrc::no_space) return size.has_value();
    std::vector<std::uint8_t> more(record.rdata_size + names_room);
    return expand(record, more).has_value();
}

}  // namespace

std::expected<CheckedReply, ReplyFault>
check_question(std::span<const std::uint8_t> reply, std::span<const std::uint8_t> question) {
    const auto header = dns::Header::read(reply);
    if (!header) return std::unexpected{ReplyFault::malformed};
    if (!header->has(dns::flag::qr) || header->opcode() != dns::opcode::query)
        return std::unexpected{ReplyFault::wrong_question};

    CheckedReply checked{.size = reply.size(), .rcode = header->rcode()};
    if (is_bare_error(*header, reply.size())) {
        checked.is_bare = true;
        return checked;
    }
    const auto body = reply.subspan(dns::header_size);
    if (header->questions != 1 || body.size() < question.size())
        return std::unexpected{ReplyFault::wrong_question};
    const auto asked = body.first(question.size());
    checked.keeps_case = std::ranges::equal(asked, question);
    if (!checked.keeps_case && !differs_in_case_only(asked, question))
        return std::unexpected{ReplyFault::wrong_question};
    checked.is_truncated = header->has(dns::flag::tc);
    return checked;
}

std::expected<CheckedReply, ReplyFault>
check_reply(std::span<const std::uint8_t> reply, std::span<const std::uint8_t> question) {
    auto checked = check_question(reply, question);
    if (!checked || checked->is_bare || checked->is_truncated) return checked;

    auto reader = dns::MessageReader::open(reply);
    if (!reader) return std::unexpected{ReplyFault::malformed};
    auto record = reader->next();
    for (; record && *record; record = reader->next()) {
        checked->opt_is_last = false;
        if ((*record)->type != dns::rr_type::opt) {
            checked->is_sound = checked->is_sound && has_sound_rdata(**record);
            continue;
        }
        if (checked->opt_offset != 0 || (*record)->section != dns::Section::additional)
            return std::unexpected{ReplyFault::malformed};
        const auto opt = dns::Opt::read(**record);
        if (!opt) return std::unexpected{ReplyFault::malformed};
        checked->opt_offset = (*record)->offset;
        checked->opt_size = (*record)->end() - (*record)->offset;
        checked->opt_is_last = true;
        checked->rcode = opt->rcode(reader->header());
    }
    if (!record) return std::unexpected{ReplyFault::malformed};
    checked->size = reader->offset();
    return checked;
}

dns::EdnsOptions options_of(std::span<const std::uint8_t> reply, const CheckedReply& checked) {
    if (checked.opt_offset == 0) return {};
    const auto options = reply.subspan(
        checked.opt_offset + dns::Opt::size_min, checked.opt_size - dns::Opt::size_min);
    return dns::EdnsOptions::check(options).value_or(dns::EdnsOptions{});
}

}  // namespace loom::forward
