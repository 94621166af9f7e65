// SPDX-License-Identifier: Apache-2.0
// Service "loom.response/1".
#include "query_access.hpp"
#include "services.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/options.hpp>

namespace loom::harness {
namespace {

constexpr std::uint16_t rcode_max = 0xFFF;
constexpr std::size_t error_text_max = 255;

/// Notes a misuse of the query's plugin.
loom_status refuse(const loom_query* query, const std::string& text) {
    QueryBlock::of(query).core->misuse(text);
    return LOOM_E_ARGUMENT;
}

bool is_section(std::int32_t section) {
    return section >= LOOM_ANSWER && section <= LOOM_ADDITIONAL;
}

std::size_t index_of(std::int32_t section) { return static_cast<std::size_t>(section - 1); }

std::string record_fault(const loom_record& record) {
    const auto owner = dns::NameView::check(view(record.owner));
    if (!owner || owner->size() != record.owner.size) return "a malformed owner";
    if (record.type == dns::rr_type::opt) return "type OPT, which only the host writes";
    const auto rdata = dns::check_rdata(record.type, view(record.rdata));
    if (rdata) return {};
    return "malformed rdata of type " + type_to_text(record.type) + ": " +
           std::string{dns::describe(rdata.error())};
}

loom_status begin(loom_query* query, std::uint16_t rcode, std::uint16_t flags) noexcept {
    auto* flight = in_hook(query, "begin()");
    if (!flight) return LOOM_E_STATE;
    if (rcode > rcode_max) return refuse(query, "begin() was called with an rcode over 12 bits");
    if ((flags & ~response_flags) != 0)
        return refuse(query, "begin() was called with flags that are not LOOM_FLAG_*");
    flight->response().begin(rcode, flags);
    flight->course.source = Source::plugin;
    return LOOM_OK;
}

loom_status add(loom_query* query, std::int32_t section, const loom_record* record) noexcept {
    auto* flight = in_hook(query, "add()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    if (!is_section(section)) return refuse(query, "add() was called with an unknown section");
    if (const auto fault = record_fault(*record); !fault.empty())
        return refuse(query, "add() was given a record with " + fault);
    flight->response().add(index_of(section), *record);
    return LOOM_OK;
}

/// What the reply may have beside its OPT record.
std::size_t room_size(const Flight& flight) {
    const auto& query = flight.query();
    const bool edns = (query.flags & LOOM_QUERY_EDNS) != 0;
    const auto opt = edns ? dns::Opt::size_min + flight.response().options().size() : 0;
    return query.reply_max > opt ? query.reply_max - opt : 0;
}

loom_status buffer(loom_query* query, std::uint8_t** data, std::size_t* size) noexcept {
    auto* flight = in_hook(query, "buffer()");
    if (!flight) return LOOM_E_STATE;
    const auto room = flight->response().open_room(room_size(*flight));
    *data = room.data();
    *size = room.size();
    return LOOM_OK;
}

loom_status commit(loom_query* query, std::size_t size) noexcept {
    auto* flight = in_hook(query, "commit()");
    if (!flight) return LOOM_E_STATE;
    auto& response = flight->response();
    if (!response.has_room()) {
        refuse(query, "commit() was called without a buffer() of this hook, or twice for one");
        return LOOM_E_STATE;
    }
    if (size > response.room_size())
        return refuse(query, "commit() was called with more octets than buffer() gave");
    const auto message = response.room().first(size);
    if (const auto fault = response.wire_fault(message); !fault.empty())
        return refuse(query, "what was given to commit() " + fault);
    response.set_wire(message);
    response.drop_room();
    flight->course.source = Source::plugin;
    return LOOM_OK;
}

loom_status set_wire(loom_query* query, loom_bytes message) noexcept {
    auto* flight = in_hook(query, "set_wire()");
    if (!flight) return LOOM_E_STATE;
    auto& response = flight->response();
    const bool too_long = message.size > dns::message_size_max;
    const auto fault = too_long ? "is too long" : response.wire_fault(view(message));
    if (!fault.empty()) return refuse(query, "what was given to set_wire() " + fault);
    response.set_wire(view(message));
    flight->course.source = Source::plugin;
    return LOOM_OK;
}

std::int32_t present(const loom_query* query) noexcept {
    const auto* flight = readable(query, "present()");
    return flight && flight->response().present() ? 1 : 0;
}

std::uint16_t rcode(const loom_query* query) noexcept {
    const auto* flight = readable(query, "rcode()");
    return flight ? flight->response().rcode() : std::uint16_t{0};
}

loom_status set_rcode(loom_query* query, std::uint16_t rcode) noexcept {
    auto* flight = in_hook(query, "set_rcode()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    if (rcode > rcode_max) return refuse(query, "set_rcode() was called with over 12 bits");
    flight->response().set_rcode(rcode);
    return LOOM_OK;
}

std::uint16_t flags(const loom_query* query) noexcept {
    const auto* flight = readable(query, "flags()");
    return flight ? flight->response().flags() : std::uint16_t{0};
}

loom_status set_flags(loom_query* query, std::uint16_t mask, std::uint16_t value) noexcept {
    auto* flight = in_hook(query, "set_flags()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    if ((mask & ~response_flags) != 0)
        return refuse(query, "set_flags() was called with a mask that is not of LOOM_FLAG_*");
    flight->response().set_flags(mask, value);
    return LOOM_OK;
}

loom_status records(
    loom_query* query,
    std::int32_t section,
    const loom_record** first,
    std::size_t* count) noexcept {
    auto* flight = readable(query, "records()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    if (!is_section(section)) return refuse(query, "records() was called with an unknown section");
    const auto found = flight->response().records(index_of(section));
    *first = found.data();
    *count = found.size();
    return LOOM_OK;
}

loom_status replace(
    loom_query* query, std::int32_t section, const loom_record* first, std::size_t count) noexcept {
    auto* flight = in_hook(query, "replace()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    if (!is_section(section)) return refuse(query, "replace() was called with an unknown section");
    const std::span list{first, count};
    for (const auto& record : list)
        if (const auto fault = record_fault(record); !fault.empty())
            return refuse(query, "replace() was given a record with " + fault);
    flight->response().replace(index_of(section), list);
    return LOOM_OK;
}

loom_status wire(loom_query* query, loom_bytes* message) noexcept {
    auto* flight = readable(query, "wire()");
    if (!flight || !flight->response().present()) return LOOM_E_STATE;
    const auto whole = flight->response().wire();
    if (!whole) return LOOM_E_MEMORY;
    *message = {whole->data(), whole->size()};
    return LOOM_OK;
}

loom_status option(loom_query* query, std::uint16_t code, loom_bytes value) noexcept {
    auto* flight = in_hook(query, "option()");
    if (!flight) return LOOM_E_STATE;
    return flight->response().add_option(code, view(value)) ? LOOM_OK : LOOM_E_LIMIT;
}

loom_status extended_error(loom_query* query, std::uint16_t info_code, loom_str text) noexcept {
    auto* flight = in_hook(query, "extended_error()");
    if (!flight) return LOOM_E_STATE;
    if (text.size > error_text_max)
        return refuse(query, "extended_error() was given a text of more than 255 octets");
    const auto info = std::array{
        static_cast<std::uint8_t>(info_code >> 8U), static_cast<std::uint8_t>(info_code)};
    Octets value{info.begin(), info.end()};
    const auto letters = view(text);
    value.insert(value.end(), letters.begin(), letters.end());
    return flight->response().add_option(dns::option_code::extended_error, value) ? LOOM_OK
                                                                                  : LOOM_E_LIMIT;
}

loom_bytes options(const loom_query* query) noexcept {
    const auto* flight = readable(query, "options()");
    return flight ? bytes(flight->response().options()) : loom_bytes{};
}

}  // namespace

const loom_response_1 response_service = {
    .size = sizeof(loom_response_1),
    .begin = begin,
    .add = add,
    .buffer = buffer,
    .commit = commit,
    .set_wire = set_wire,
    .present = present,
    .rcode = rcode,
    .set_rcode = set_rcode,
    .flags = flags,
    .set_flags = set_flags,
    .records = records,
    .replace = replace,
    .wire = wire,
    .option = option,
    .extended_error = extended_error,
    .options = options,
};

}  // namespace loom::harness
