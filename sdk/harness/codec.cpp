// SPDX-License-Identifier: Apache-2.0
#include "codec.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace loom::harness {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::uint16_t flags_mask =
    LOOM_FLAG_AA | LOOM_FLAG_TC | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD;

/// The next word of a master file line; an escaped blank does not end it.
std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    std::size_t size = 0;
    while (size < text.size() && !blanks.contains(text[size])) size += text[size] == '\\' ? 2 : 1;
    const auto word = text.substr(0, std::min(size, text.size()));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint32_t> ttl_from_text(std::string_view text) {
    std::uint32_t ttl = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, ttl);
    return error == std::errc{} && stop == end ? std::optional{ttl} : std::nullopt;
}

std::invalid_argument bad_record(std::string_view line, std::string_view complaint) {
    return std::invalid_argument{
        "not a record: \"" + std::string{line} + "\": " + std::string{complaint}};
}

dns::NameView name_view(loom_bytes name) { return dns::NameView::from_trusted(view(name)); }

dns::Record to_dns(const loom_record& record) {
    return {name_view(record.owner), record.type, record.klass, record.ttl, view(record.rdata)};
}

bool same_rrset(const loom_record& a, const loom_record& b) {
    return a.type == b.type && a.klass == b.klass && name_view(a.owner) == name_view(b.owner);
}

/// The records of the RRset that `records` begins with, taken off its front.
std::span<const loom_record> take_rrset(std::span<const loom_record>& records) {
    const auto other = std::ranges::find_if(
        records, [&](const auto& record) { return !same_rrset(record, records.front()); });
    const auto size = static_cast<std::size_t>(other - records.begin());
    const auto rrset = records.first(size);
    records = records.subspan(size);
    return rrset;
}

bool add_rrset(
    dns::MessageWriter& writer, dns::Section section, std::span<const loom_record> rrset) {
    const auto mark = writer.mark();
    for (const auto& record : rrset) {
        if (writer.add(section, to_dns(record)) == dns::Added::yes) continue;
        writer.roll_back(mark);
        return false;
    }
    return true;
}

/// False when the rest of the message is to be left out.
bool add_section(
    dns::MessageWriter& writer, dns::Section section, std::span<const loom_record> records) {
    while (!records.empty())
        if (!add_rrset(writer, section, take_rrset(records))) return false;
    return true;
}

bool is_referral(const MessageParts& parts) {
    const auto authority = parts.sections[static_cast<std::size_t>(dns::Section::authority)];
    if ((parts.header & dns::flag::aa) != 0 || !parts.sections[0].empty()) return false;
    return std::ranges::any_of(
        authority, [](const auto& record) { return record.type == dns::rr_type::ns; });
}

/// Whether the client has to know that this section is not whole. The glue of a referral is not
/// optional (RFC 9471 section 3.1).
bool is_needed(const MessageParts& parts, dns::Section section) {
    return section != dns::Section::additional || is_referral(parts);
}

std::optional<OwnedRecord> own(const dns::RecordView& record) {
    Octets rdata(dns::rdata_size_max);
    const auto size = dns::expand_rdata(
        record.type, record.message, record.rdata_offset, record.rdata_size, rdata);
    if (!size) return std::nullopt;
    const auto owner = record.owner();
    return OwnedRecord{
        {owner.octets().begin(), owner.octets().end()},
        record.type,
        record.rclass,
        record.ttl,
        {rdata.begin(), rdata.begin() + static_cast<std::ptrdiff_t>(*size)}};
}

}  // namespace

loom_record OwnedRecord::view() const { return {bytes(owner), type, rclass, ttl, bytes(rdata)}; }

Octets name_from_text(std::string_view text) {
    const auto name = dns::Name::from_text(text);
    if (!name)
        throw std::invalid_argument{
            "not a name: \"" + std::string{text} + "\": " + std::string{describe(name.error())}};
    return {name->octets().begin(), name->octets().end()};
}

std::string name_to_text(std::span<const std::uint8_t> name) {
    return dns::NameView::from_trusted(name).to_string();
}

Octets lower(std::span<const std::uint8_t> name) {
    dns::Name copy{dns::NameView::from_trusted(name)};
    copy.lower();
    return {copy.octets().begin(), copy.octets().end()};
}

std::optional<std::uint16_t> type_from_text(std::string_view text) {
    return dns::type_from_string(text);
}
std::string type_to_text(std::uint16_t type) { return dns::type_to_string(type); }
std::optional<std::uint16_t> class_from_text(std::string_view text) {
    return dns::class_from_string(text);
}
std::string class_to_text(std::uint16_t rclass) { return dns::class_to_string(rclass); }

OwnedRecord record_from_text(std::string_view line) {
    OwnedRecord record;
    record.ttl = 3600;
    auto rest = line;
    record.owner = name_from_text(take_word(rest));
    auto word = take_word(rest);
    for (; !word.empty(); word = take_word(rest)) {
        if (const auto ttl = ttl_from_text(word))
            record.ttl = *ttl;
        else if (const auto rclass = class_from_text(word))
            record.rclass = *rclass;
        else
            break;
    }
    const auto type = type_from_text(word);
    if (!type) throw bad_record(line, "there is no type");
    record.type = *type;
    auto rdata = dns::rdata_from_text(*type, rest, {});
    if (!rdata) throw bad_record(line, rdata.error().message);
    record.rdata = std::move(*rdata);
    return record;
}

std::string record_to_text(const loom_record& record) {
    return name_to_text(view(record.owner)) + ' ' + std::to_string(record.ttl) + ' ' +
           class_to_text(record.klass) + ' ' + type_to_text(record.type) + ' ' +
           dns::rdata_to_text(record.type, view(record.rdata));
}

std::optional<ParsedMessage> parse_message(std::span<const std::uint8_t> message) {
    auto reader = dns::MessageReader::open(message);
    if (!reader || reader->header().questions != 1) return std::nullopt;
    const auto question = reader->question();
    if (!question || !*question) return std::nullopt;

    ParsedMessage parsed;
    parsed.flags = reader->header().bits & flags_mask;
    parsed.rcode = reader->header().rcode();
    const auto qname = (*question)->qname.octets();
    parsed.question_name.assign(qname.begin(), qname.end());
    parsed.question_type = (*question)->qtype;
    parsed.question_class = (*question)->qclass;
    while (true) {
        const auto record = reader->next();
        if (!record) return std::nullopt;
        if (!*record) break;
        if ((*record)->type == dns::rr_type::opt) {
            parsed.has_opt = true;
            continue;
        }
        auto owned = own(**record);
        if (!owned) return std::nullopt;
        parsed.sections[static_cast<std::size_t>((*record)->section)].push_back(std::move(*owned));
    }
    if (reader->offset() != message.size()) return std::nullopt;
    return parsed;
}

Octets build_message(const MessageParts& parts, std::size_t size_max) {
    Octets buffer(std::min(size_max, dns::message_size_max));
    dns::MessageWriter writer{buffer, buffer.size()};
    dns::Header header;
    header.id = parts.id;
    header.bits = parts.header;
    const dns::Question question{
        dns::Name{dns::NameView::from_trusted(parts.qname)}, parts.qtype, parts.qclass};
    if (writer.begin(header, question) != dns::Added::yes) writer.begin(header);
    if (parts.opt) writer.reserve(parts.opt->size());
    for (std::size_t i = 0; i < parts.sections.size(); ++i) {
        const auto section = static_cast<dns::Section>(i);
        if (add_section(writer, section, parts.sections[i])) continue;
        if (is_needed(parts, section)) writer.header().set(dns::flag::tc);
        break;
    }
    if (parts.opt) writer.add(*parts.opt);
    buffer.resize(writer.finish());
    return buffer;
}

}  // namespace loom::harness
