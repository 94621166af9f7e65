// SPDX-License-Identifier: Apache-2.0
#include "entry_text.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace loom::cache {
namespace {

void append_record(const dns::RecordView& record, std::uint32_t age, std::string& out) {
    std::array<std::uint8_t, dns::rdata_size_max> room;
    const auto size = dns::expand_rdata(
        record.type, record.message, record.rdata_offset, record.rdata_size, room);
    if (!size) return;
    fmt::format_to(
        std::back_inserter(out),
        "{} {} {} {} {}\n",
        record.owner().to_string(),
        record.ttl - std::min(record.ttl, age),
        dns::class_to_string(record.rclass),
        dns::type_to_string(record.type),
        dns::rdata_to_text(record.type, std::span{room}.first(*size)));
}

}  // namespace

void append_text(const Entry& entry, std::uint64_t now_ns, std::string& out) {
    if (entry.kind == Kind::scopes) return;
    auto reader = dns::MessageReader::open({entry.message(), entry.message_size});
    if (!reader) return;
    const auto question = reader->question();
    if (!question || !*question) return;
    const std::uint32_t age = entry.age(now_ns);
    fmt::format_to(
        std::back_inserter(out),
        "; {} {} {} age {} ttl {}{}{}{}{}\n",
        (*question)->qname.to_string(),
        dns::type_to_string((*question)->qtype),
        dns::rcode_to_string(reader->header().rcode()),
        age,
        entry.ttl - std::min(entry.ttl, age),
        (entry.key_bits & key_do) != 0 ? " do" : "",
        (entry.key_bits & key_cd) != 0 ? " cd" : "",
        (entry.key_bits & key_rd) != 0 ? "" : " no-rd",
        (entry.key_bits & key_subnet) != 0 ? " subnet" : "");
    while (true) {
        const auto record = reader->next();
        if (!record || !*record) return;
        append_record(**record, age, out);
    }
}

}  // namespace loom::cache
