// SPDX-License-Identifier: Apache-2.0
// Takes from positive answers what the client did not ask for.

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace {

namespace dns = loom::dns;

/// What stands behind the answer section.
struct Survey {
    std::size_t answers_end = dns::header_size;
    bool is_denial = false;  ///< An alias whose end is denied (RFC 2308 section 2).
    bool has_proof =
        false;  ///< Without it a wildcard's answer is bogus (RFC 4035 section 3.1.3.3).
};

bool is_proof(std::uint16_t type) {
    return type == dns::rr_type::nsec || type == dns::rr_type::nsec3;
}

std::optional<Survey> survey(loom::Bytes message) {
    auto reader = dns::MessageReader::open(message);
    if (!reader) return std::nullopt;
    Survey found;
    while (true) {
        const auto next = reader->next();
        if (!next) return std::nullopt;
        if (!*next) return found;
        const dns::RecordView& record = **next;
        if (record.section == dns::Section::additional) return found;
        if (record.section == dns::Section::answer) {
            found.answers_end = record.end();
        } else {
            found.is_denial |= record.type == dns::rr_type::soa;
            found.has_proof |= is_proof(record.type);
        }
    }
}

bool is_kept(const loom_record& record) {
    if (record.type != dns::rr_type::rrsig) return is_proof(record.type);
    return record.rdata.size > 2 && is_proof(dns::load_u16(record.rdata.data));
}

// Cuts the message behind its answers: names in front never point there (RFC 1035 section 4.1.4).
loom_status cut(loom::Query& query, loom::Bytes message, std::size_t size) {
    auto* const copy = static_cast<std::uint8_t*>(query.alloc(size, 1));
    if (copy == nullptr) return LOOM_E_MEMORY;
    std::memcpy(copy, message.data(), size);
    auto header = *dns::Header::read({copy, size});
    header.records[static_cast<std::size_t>(dns::Section::authority)] = 0;
    header.records[static_cast<std::size_t>(dns::Section::additional)] = 0;
    header.write({copy, size});
    return query.response().set_wire({copy, size});
}

loom_status strip_records(loom::Response& response) {
    std::vector<loom_record> kept;
    for (const loom_record& record : response.records(LOOM_AUTHORITY))
        if (is_kept(record)) kept.push_back(record);
    const loom_status status = response.replace(LOOM_AUTHORITY, kept);
    return status == LOOM_OK ? response.replace(LOOM_ADDITIONAL, {}) : status;
}

class Minimal {
public:
    static constexpr loom::Info info{
        .summary = "Takes from positive answers what the client did not ask for.",
        .roles = LOOM_ROLE_REWRITE};

    Minimal(const loom::Host&, const loom::Options&) {}

    loom_verdict on_response(loom::Query& query) const {
        auto response = query.response();
        if (response.rcode() != dns::rcode::noerror) return LOOM_NEXT;
        const loom::Bytes message = response.wire();
        const auto header = dns::Header::read(message);
        if (!header || header->count(dns::Section::answer) == 0) return LOOM_NEXT;
        if (header->count(dns::Section::authority) == 0 &&
            header->count(dns::Section::additional) == 0)
            return LOOM_NEXT;
        const auto found = survey(message);
        if (!found || found->is_denial) return LOOM_NEXT;
        // A new message would lose the EDNS options that came with the old one.
        const bool as_records = found->has_proof || !response.options().empty();
        const loom_status status =
            as_records ? strip_records(response) : cut(query, message, found->answers_end);
        // The answer is good as it was.
        return status == LOOM_E_MEMORY || status == LOOM_OK ? LOOM_NEXT : status;
    }
};

}  // namespace

LOOM_PLUGIN(Minimal, "minimal", "1.0.0");
