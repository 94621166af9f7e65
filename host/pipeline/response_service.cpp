// SPDX-License-Identifier: Apache-2.0
#include "response_service.hpp"

#include "reply_options.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <algorithm>
#include <cstring>

namespace loom::host {

namespace {

constexpr std::uint16_t flags_mask =
    LOOM_FLAG_AA | LOOM_FLAG_TC | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD;

// One worker runs one hook at a time, so a thread needs one of these.
std::span<std::uint8_t> work_room() {
    static thread_local std::array<std::uint8_t, dns::message_size_max + 1> room;
    return {room.data(), dns::message_size_max};
}

RecordList* section_of(Exchange& e, std::int32_t section) {
    if (section < LOOM_ANSWER || section > LOOM_ADDITIONAL) return nullptr;
    return &e.response.sections[static_cast<std::size_t>(section - LOOM_ANSWER)];
}

bool append(Exchange& e, RecordList& list, const loom_record& record) {
    if (list.count == list.capacity) {
        const std::uint32_t capacity = list.capacity == 0 ? 8 : list.capacity * 2;
        auto* grown = static_cast<loom_record*>(
            e.arena.allocate(capacity * sizeof(loom_record), alignof(loom_record)));
        if (!grown) return false;
        if (list.count != 0) std::memcpy(grown, list.first, list.count * sizeof(loom_record));
        list.first = grown;
        list.capacity = capacity;
    }
    list.first[list.count++] = record;
    return true;
}

std::size_t room_size(const Exchange& e) {
    const std::size_t limit = std::min<std::size_t>(e.send_size, e.reply_max);
    const std::size_t opt = e.opt_size();
    return limit > opt ? limit - opt : 0;
}

void take_header(Exchange& e) {
    if (e.response.form != ResponseForm::none) drop_options(e);
    const std::uint16_t bits = dns::load_u16(e.response.wire + 2);
    e.response.rcode = bits & 0xFU;
    e.response.flags = bits & flags_mask;
    e.response.form = ResponseForm::wire;
    e.response.other_question = false;
    e.response.sections = {};
}

dns::NameView name_of(loom_bytes octets) {
    return dns::NameView::from_trusted({octets.data, octets.size});
}

loom_status begin(loom_query* query, std::uint16_t rcode, std::uint16_t flags) {
    Exchange& e = exchange_of(query);
    set_error(e, rcode);
    e.response.flags = flags & flags_mask;
    return LOOM_OK;
}

loom_status add(loom_query* query, std::int32_t section, const loom_record* record) {
    Exchange& e = exchange_of(query);
    RecordList* list = section_of(e, section);
    if (!list || record->owner.size == 0 || record->rdata.size > dns::rdata_size_max)
        return LOOM_E_ARGUMENT;
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    if (e.response.form == ResponseForm::wire) {
        if (!make_records(e)) return LOOM_E_MEMORY;
    }
    return append(e, *list, *record) ? LOOM_OK : LOOM_E_MEMORY;
}

loom_status buffer(loom_query* query, std::uint8_t** data, std::size_t* size) {
    Exchange& e = exchange_of(query);
    if (!e.send_buffer) return LOOM_E_STATE;
    leave_send_buffer(e);
    *data = e.send_buffer;
    *size = room_size(e);
    return LOOM_OK;
}

loom_status commit(loom_query* query, std::size_t size) {
    Exchange& e = exchange_of(query);
    if (!e.send_buffer) return LOOM_E_STATE;
    if (size < dns::header_size || size > room_size(e)) return LOOM_E_ARGUMENT;
    e.response.wire = e.send_buffer;
    e.response.wire_size = static_cast<std::uint32_t>(size);
    e.response.in_send_buffer = true;
    take_header(e);
    return LOOM_OK;
}

loom_status set_wire(loom_query* query, loom_bytes message) {
    Exchange& e = exchange_of(query);
    if (message.size < dns::header_size || message.size > dns::message_size_max)
        return LOOM_E_ARGUMENT;
    if (e.send_buffer && message.size <= room_size(e)) {
        std::memmove(e.send_buffer, message.data, message.size);
        e.response.wire = e.send_buffer;
        e.response.in_send_buffer = true;
    } else {
        const auto copy = e.keep({message.data, message.size});
        if (copy.empty()) return LOOM_E_MEMORY;
        e.response.wire = copy.data();
        e.response.in_send_buffer = false;
    }
    e.response.wire_size = static_cast<std::uint32_t>(message.size);
    take_header(e);
    return LOOM_OK;
}

std::int32_t present(const loom_query* query) {
    return exchange_of(query).response.form != ResponseForm::none ? 1 : 0;
}
std::uint16_t rcode(const loom_query* query) { return exchange_of(query).response.rcode; }
loom_status set_rcode(loom_query* query, std::uint16_t rcode) {
    Exchange& e = exchange_of(query);
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    if (rcode > 0xFFF) return LOOM_E_ARGUMENT;
    e.response.rcode = rcode;
    return LOOM_OK;
}
std::uint16_t flags(const loom_query* query) { return exchange_of(query).response.flags; }
loom_status set_flags(loom_query* query, std::uint16_t mask, std::uint16_t value) {
    Exchange& e = exchange_of(query);
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    if ((mask & ~flags_mask) != 0) return LOOM_E_ARGUMENT;
    e.response.flags = static_cast<std::uint16_t>((e.response.flags & ~mask) | (value & mask));
    return LOOM_OK;
}

loom_status records(
    loom_query* query, std::int32_t section, const loom_record** first, std::size_t* count) {
    Exchange& e = exchange_of(query);
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    RecordList* list = section_of(e, section);
    if (!list) return LOOM_E_ARGUMENT;
    if (e.response.form == ResponseForm::wire && !make_records(e)) return LOOM_E_MEMORY;
    *first = list->first;
    *count = list->count;
    return LOOM_OK;
}

loom_status replace(
    loom_query* query, std::int32_t section, const loom_record* first, std::size_t count) {
    Exchange& e = exchange_of(query);
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    RecordList* list = section_of(e, section);
    if (!list || count > UINT16_MAX) return LOOM_E_ARGUMENT;
    if (e.response.form == ResponseForm::wire && !make_records(e)) return LOOM_E_MEMORY;
    auto* copy = static_cast<loom_record*>(
        e.arena.allocate(std::max<std::size_t>(count, 1) * sizeof(loom_record), alignof(loom_record)));
    if (!copy) return LOOM_E_MEMORY;
    if (count != 0) std::memcpy(copy, first, count * sizeof(loom_record));
    *list = {copy, static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(count)};
    return LOOM_OK;
}

loom_status wire(loom_query* query, loom_bytes* message) {
    Exchange& e = exchange_of(query);
    if (e.response.form == ResponseForm::none) return LOOM_E_STATE;
    if (e.response.other_question && !make_records(e)) return LOOM_E_MEMORY;
    if (e.response.form == ResponseForm::records && !make_wire(e)) return LOOM_E_MEMORY;
    const Response& r = e.response;
    dns::store_u16(r.wire, 0);
    dns::store_u16(
        r.wire + 2, static_cast<std::uint16_t>(
                        dns::flag::qr | r.flags | (r.rcode & 0xFU) |
                        ((e.flags & LOOM_QUERY_RD) != 0 ? dns::flag::rd : 0)));
    *message = {r.wire, r.wire_size};
    return LOOM_OK;
}

loom_status option(loom_query* query, std::uint16_t code, loom_bytes value) {
    return add_option(exchange_of(query), code, {value.data, value.size}) ? LOOM_OK
                                                                           : LOOM_E_LIMIT;
}
loom_status extended_error(loom_query* query, std::uint16_t info_code, loom_str text) {
    if (text.size > 255) return LOOM_E_ARGUMENT;
    const std::string_view view =
        text.size != 0 ? std::string_view{text.data, text.size} : std::string_view{};
    return add_extended_error(exchange_of(query), info_code, view) ? LOOM_OK : LOOM_E_LIMIT;
}
loom_bytes options(const loom_query* query) {
    const Exchange& e = exchange_of(query);
    return {e.reply_options, e.reply_options_size};
}

bool is_referral(const Response& response) {
    if ((response.flags & LOOM_FLAG_AA) != 0 || response.sections[0].count != 0) return false;
    return std::ranges::any_of(response.sections[1].view(), [](const loom_record& record) {
        return record.type == dns::rr_type::ns;
    });
}

bool is_same_rrset(const loom_record& a, const loom_record& b) {
    return a.type == b.type && a.klass == b.klass && name_of(a.owner).equals(name_of(b.owner));
}

std::optional<loom_record> record_from(Exchange& e, const dns::RecordView& view) {
    const auto owner = e.keep(view.owner().octets());
    if (owner.empty()) return std::nullopt;
    const auto room = work_room();
    const auto size = dns::expand_rdata(
        view.type, view.message, view.rdata_offset, view.rdata_size, room);
    if (!size) return std::nullopt;
    const auto rdata = e.keep(room.first(*size));
    if (rdata.data() == nullptr) return std::nullopt;
    return loom_record{
        {owner.data(), owner.size()}, view.type, view.rclass, view.ttl,
        {rdata.data(), rdata.size()}};
}

}  // namespace

const loom_response_1 response_service = {
    sizeof(loom_response_1),
    begin,
    add,
    buffer,
    commit,
    set_wire,
    present,
    rcode,
    set_rcode,
    flags,
    set_flags,
    records,
    replace,
    wire,
    option,
    extended_error,
    options,
};

std::size_t room_for_message(const Exchange& e) { return e.send_buffer ? room_size(e) : 0; }

bool make_records(Exchange& e) {
    Response& r = e.response;
    auto reader = dns::MessageReader::open({r.wire, r.wire_size});
    if (!reader) return false;
    r.sections = {};
    while (true) {
        const auto record = reader->next();
        if (!record) return false;
        if (!*record) break;
        if ((*record)->type == dns::rr_type::opt) continue;
        const auto owned = record_from(e, **record);
        auto& list = r.sections[static_cast<std::size_t>((*record)->section)];
        if (!owned || !append(e, list, *owned)) return false;
    }
    r.form = ResponseForm::records;
    r.in_send_buffer = false;
    r.other_question = false;
    return true;
}

std::size_t write_records(Exchange& e, std::span<std::uint8_t> room) {
    dns::MessageWriter writer{room, room.size()};
    dns::Header header;
    header.bits = static_cast<std::uint16_t>(dns::flag::qr | e.response.flags);
    dns::Question question;
    question.qname = dns::Name{name_of(e.qname)};
    question.qtype = e.qtype;
    question.qclass = e.qclass;
    if (writer.begin(header, question) != dns::Added::yes) return 0;
    for (std::size_t section = 0; section < e.response.sections.size(); ++section) {
        const bool additional = section == static_cast<std::size_t>(dns::Section::additional);
        auto rrset = writer.mark();
        const loom_record* before = nullptr;
        for (const loom_record& record : e.response.sections[section].view()) {
            if (additional && !(before && is_same_rrset(*before, record))) rrset = writer.mark();
            before = &record;
            const auto added = writer.add(
                static_cast<dns::Section>(section),
                dns::Record{
                    name_of(record.owner), record.type, record.klass, record.ttl,
                    {record.rdata.data, record.rdata.size}});
            if (added == dns::Added::yes) continue;
            // TC does not tell of additional data: an RRset is there as a whole or not at all
            // (RFC 2181 section 9).
            if (additional) writer.roll_back(rrset);
            // The glue of a referral is not optional (RFC 9471 section 3.1).
            if (is_referral(e.response)) writer.header().set(dns::flag::tc);
            break;
        }
    }
    const bool truncated = writer.header().has(dns::flag::tc);
    if (truncated) e.response.flags |= LOOM_FLAG_TC;
    return writer.finish();
}

bool make_wire(Exchange& e) {
    const auto room = work_room();
    const std::size_t size = write_records(e, room);
    const auto copy = e.keep(room.first(size));
    if (size == 0 || copy.empty()) return false;
    e.response.wire = copy.data();
    e.response.wire_size = static_cast<std::uint32_t>(size);
    e.response.in_send_buffer = false;
    e.response.form = ResponseForm::wire;
    return true;
}

void set_error(Exchange& e, std::uint16_t rcode) {
    if (e.response.form != ResponseForm::none) drop_options(e);
    e.response.clear();
    e.response.form = ResponseForm::records;
    e.response.rcode = rcode & 0xFFFU;
    e.response.flags = 0;
}

void leave_send_buffer(Exchange& e) {
    const auto leave = [&](Response& r) {
        if (r.form != ResponseForm::wire || !r.in_send_buffer) return true;
        const auto copy = e.keep({r.wire, r.wire_size});
        r.wire = copy.data();
        r.in_send_buffer = false;
        return !copy.empty();
    };
    if (!leave(e.response)) set_error(e, dns::rcode::servfail);
}

}  // namespace loom::host
