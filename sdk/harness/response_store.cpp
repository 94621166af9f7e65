// SPDX-License-Identifier: Apache-2.0
#include "response_store.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <utility>

namespace loom::harness {
namespace {

constexpr std::size_t options_max = 1024;
constexpr std::uint8_t garbage = 0xa5;

}  // namespace

void ResponseStore::begin(std::uint16_t rcode, std::uint16_t flags) {
    drop_adopted_options();
    form_ = ResponseForm::records;
    rcode_ = rcode;
    flags_ = flags & response_flags;
    message_ = {};
    sections_ = {};
    has_records_ = true;
}

void ResponseStore::set_rcode(std::uint16_t rcode) {
    rcode_ = rcode;
    changed();
}

void ResponseStore::set_flags(std::uint16_t mask, std::uint16_t value) {
    flags_ = static_cast<std::uint16_t>((flags_ & ~mask) | (value & mask));
    changed();
}

void ResponseStore::add(std::size_t section, const loom_record& record) {
    make_records();
    form_ = ResponseForm::records;
    std::vector<loom_record> longer;
    longer.reserve(sections_[section].size() + 1);
    longer.insert(longer.end(), sections_[section].begin(), sections_[section].end());
    longer.push_back(record);
    sections_[section] = std::move(longer);
    changed();
}

void ResponseStore::replace(std::size_t section, std::span<const loom_record> records) {
    // Copied first: `records` may lie in the array that it replaces.
    std::vector<loom_record> copy{records.begin(), records.end()};
    make_records();
    form_ = ResponseForm::records;
    sections_[section] = std::move(copy);
    changed();
}

std::span<const loom_record> ResponseStore::records(std::size_t section) {
    make_records();
    return sections_[section];
}

void ResponseStore::adopt(ParsedMessage message) {
    begin(message.rcode, message.flags);
    options_begin_ = options_end_ = options_.size();
    const auto& kept = owned_.emplace_back(std::move(message));
    for (std::size_t i = 0; i < sections_.size(); ++i)
        for (const auto& record : kept.sections[i]) sections_[i].push_back(record.view());
}

std::span<std::uint8_t> ResponseStore::open_room(std::size_t size) {
    return room_.emplace(size, garbage);
}

std::string ResponseStore::wire_fault(std::span<const std::uint8_t> message) const {
    const auto parsed = parse_message(message);
    if (!parsed) return "is no message with one question, or is malformed";
    const auto& asked = parsed->question_name;
    if (!dns::NameView::from_trusted(asked).equals(dns::NameView::from_trusted(view(query_.qname))))
        return "has another name in its question: " + name_to_text(asked);
    if (parsed->question_type != query_.qtype || parsed->question_class != query_.qclass)
        return "has another type or class in its question";
    if (parsed->has_opt) return "has an OPT record, which only the host writes";
    return {};
}

void ResponseStore::set_wire(std::span<const std::uint8_t> message) {
    Octets copy{message.begin(), message.end()};
    const auto bits = dns::load_u16(copy.data() + 2);
    begin(bits & 0xFU, bits);
    form_ = ResponseForm::wire;
    has_records_ = false;
    patch_header(copy);
    message_ = std::move(copy);
}

std::optional<std::span<const std::uint8_t>> ResponseStore::wire() {
    if (!message_.empty()) return message_;
    MessageParts parts;
    parts.header = header_bits();
    parts.qname = view(query_.qname);
    parts.qtype = query_.qtype;
    parts.qclass = query_.qclass;
    for (std::size_t i = 0; i < sections_.size(); ++i) parts.sections[i] = sections_[i];
    auto message = build_message(parts, dns::message_size_max);
    const bool cut = (dns::load_u16(message.data() + 2) & ~header_bits() & dns::flag::tc) != 0;
    if (cut) return std::nullopt;
    patch_header(message);
    message_ = std::move(message);
    return message_;
}

bool ResponseStore::add_option(std::uint16_t code, std::span<const std::uint8_t> value) {
    if (options_.size() + 4 + value.size() > options_max) return false;
    Octets longer(options_.size() + 4 + value.size());
    dns::Writer writer{longer};
    writer.bytes(options_);
    writer.u16(code);
    writer.u16(static_cast<std::uint16_t>(value.size()));
    writer.bytes(value);
    options_ = std::move(longer);
    return true;
}

void ResponseStore::drop_adopted_options() {
    const auto at = [&](std::size_t place) {
        return options_.begin() + static_cast<std::ptrdiff_t>(place);
    };
    options_.erase(at(options_begin_), at(options_end_));
    options_end_ = options_begin_;
}

void ResponseStore::release() {
    form_ = ResponseForm::none;
    sections_ = {};
    message_ = {};
    owned_.clear();
    room_.reset();
    options_ = {};
    options_begin_ = options_end_ = 0;
}

std::uint16_t ResponseStore::header_bits() const {
    unsigned bits = dns::flag::qr | static_cast<unsigned>(query_.opcode) << 11U | flags_;
    if ((query_.flags & LOOM_QUERY_RD) != 0) bits |= dns::flag::rd;
    return static_cast<std::uint16_t>(bits | (rcode_ & 0xFU));
}

void ResponseStore::changed() {
    if (form_ == ResponseForm::wire) {
        Octets moved{message_};
        patch_header(moved);
        message_ = std::move(moved);
    } else {
        message_ = {};
    }
    for (auto& section : sections_) section = std::vector<loom_record>{section};
}

void ResponseStore::make_records() {
    if (std::exchange(has_records_, true)) return;
    // The message was checked when it was given.
    const auto& kept = owned_.emplace_back(*parse_message(message_));
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        sections_[i].clear();
        for (const auto& record : kept.sections[i]) sections_[i].push_back(record.view());
    }
}

void ResponseStore::patch_header(Octets& message) const {
    dns::store_u16(message.data(), 0);
    dns::store_u16(message.data() + 2, header_bits());
    const auto qname = view(query_.qname);
    std::ranges::copy(qname, message.begin() + dns::header_size);
}

}  // namespace loom::harness
