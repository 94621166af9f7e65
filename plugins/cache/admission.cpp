// SPDX-License-Identifier: Apache-2.0
#include "admission.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <optional>

namespace loom::cache {
namespace {

using dns::MessageReader;
using dns::Name;
using dns::NameView;
using dns::RecordView;
using dns::Section;

// What the answer section says about the question.
enum class Outcome : std::uint8_t {
    empty,    // It has no records.
    answers,  // It has records of the type, at the name or at the end of its aliases.
    alias,    // Aliases only.
    broken,   // Two aliases for one name, a circle, or more than anybody means.
};

// Follows the aliases from the name asked for. A record may stand anywhere in the section.
class AliasWalk {
public:
    AliasWalk(std::span<const std::uint8_t> message, NameView qname, std::uint16_t qtype)
        : message_{message}, current_{qname}, qtype_{qtype} {}

    Outcome run() {
        for (unsigned hop = 0; hop < hops_max; ++hop) {
            const Step step = look();
            if (step == Step::answers) return Outcome::answers;
            if (step == Step::broken) return Outcome::broken;
            if (step == Step::end) return hop == 0 ? Outcome::broken : Outcome::alias;
        }
        return Outcome::broken;
    }

private:
    enum class Step : std::uint8_t { answers, alias, end, broken };
    static constexpr unsigned hops_max = 16;
    // Aliases in the worst order make each of them a walk through all records.
    static constexpr unsigned records_max = 4096;

    // Goes once through the section for the current name.
    Step look() {
        auto reader = MessageReader::open(message_);
        std::optional<Name> target;
        for (auto record = reader->next(); record && *record; record = reader->next()) {
            if ((*record)->section != Section::answer) break;
            if (++records_ > records_max) return Step::broken;
            if (!(*record)->owner().equals(current_)) continue;
            if ((*record)->type == qtype_ || qtype_ == dns::rr_type::any) return Step::answers;
            if ((*record)->type != dns::rr_type::cname) continue;
            if (!follow(**record, target)) return Step::broken;
        }
        if (!target) return Step::end;
        current_ = *target;
        return Step::alias;
    }

    bool follow(const RecordView& record, std::optional<Name>& target) const {
        std::size_t offset = record.rdata_offset;
        const auto name = Name::read(message_, offset);
        if (!name || offset != record.end()) return false;
        if (target && !target->equals(*name)) return false;
        target = *name;
        return true;
    }

    std::span<const std::uint8_t> message_;
    Name current_;
    std::uint16_t qtype_;
    unsigned records_ = 0;
};

// A type CNAME has one target or none that counts.
bool has_rival_cnames(std::span<const std::uint8_t> message, NameView qname) {
    auto reader = MessageReader::open(message);
    std::optional<Name> target;
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        if ((*record)->section != Section::answer) break;
        if ((*record)->type != dns::rr_type::cname || !(*record)->owner().equals(qname)) continue;
        std::size_t offset = (*record)->rdata_offset;
        const auto name = Name::read(message, offset);
        if (!name || (target && !target->equals(*name))) return true;
        target = *name;
    }
    return false;
}

// One pass over a message that collects what the decision needs.
class Surveyor {
public:
    Surveyor(std::span<const std::uint8_t> message, std::uint64_t now_s, Survey& found)
        : message_{message}, now_s_{static_cast<std::uint32_t>(now_s)}, found_{found} {
        found_.ttl_count = 0;
        found_.soa_ttl_offset = 0;
        found_.soa_ttl = 0;
    }

    std::expected<void, Refusal>
    run(NameView qname, std::uint16_t qtype, std::uint16_t rcode, const Limits& limits) {
        auto reader = MessageReader::open(message_);
        if (!reader || !is_response_to(*reader, qname, qtype))
            return std::unexpected{Refusal::malformed};
        if (reader->header().has(dns::flag::tc)) return std::unexpected{Refusal::not_stored};
        if (rcode == dns::rcode::servfail) return keep_failure(reader->offset(), limits);
        if (rcode != dns::rcode::noerror && rcode != dns::rcode::nxdomain)
            return std::unexpected{Refusal::not_stored};

        if (auto read = read_records(*reader); !read) return read;
        found_.size = reader->offset();
        return judge(outcome(*reader, qname, qtype), rcode, limits);
    }

private:
    static bool is_response_to(MessageReader& reader, NameView qname, std::uint16_t qtype) {
        const auto& header = reader.header();
        if (header.questions != 1 || header.opcode() != dns::opcode::query) return false;
        const auto question = reader.question();
        if (!question || !*question) return false;
        const auto& asked = **question;
        // The offset: the name must not be compressed, as it is overwritten in place.
        return asked.qtype == qtype && asked.qclass == dns::rr_class::in &&
               asked.qname.equals(qname) && reader.offset() == dns::header_size + qname.size() + 4;
    }

    // Of a failure only the question is kept: what else it holds means nothing.
    std::expected<void, Refusal> keep_failure(std::size_t question_end, const Limits& limits) {
        if (limits.servfail_ttl == 0) return std::unexpected{Refusal::not_stored};
        found_.kind = Kind::failure;
        found_.ttl = limits.servfail_ttl;
        found_.size = question_end;
        return {};
    }

    std::expected<void, Refusal> read_records(MessageReader& reader) {
        auto record = reader.next();
        for (; record && *record; record = reader.next()) {
            if (!read_record(**record)) return std::unexpected{Refusal::not_stored};
        }
        if (!record) return std::unexpected{Refusal::malformed};
        return {};
    }

    bool read_record(const RecordView& record) {
        // Not data but about this one message: OPT, TSIG, SIG(0).
        if (record.type == dns::rr_type::opt || record.type == dns::rr_type::tsig) return false;
        if (record.type == dns::rr_type::sig) return false;
        if (record.type == dns::rr_type::rrsig && !read_signature(record)) return false;

        const std::size_t at = record.rdata_offset - 6;
        found_.ttl_offsets[found_.ttl_count++] = static_cast<std::uint16_t>(at);
        std::uint32_t ttl = sane_ttl(record.ttl);
        if (record.type == dns::rr_type::soa && record.section == Section::authority &&
            found_.soa_ttl_offset == 0) {
            if (record.rdata_size < 22) return false;
            // RFC 2308 section 5. MINIMUM is the last field, whatever the names before it.
            ttl = std::min(
                ttl, sane_ttl(dns::load_u32(record.rdata().data() + record.rdata_size - 4)));
            found_.soa_ttl_offset = static_cast<std::uint16_t>(at);
            found_.soa_ttl = ttl;
        }
        smallest_ = std::min(smallest_, ttl);
        return true;
    }

    // False for a signature that is not valid now. A valid one bounds the life of the answer.
    bool read_signature(const RecordView& record) {
        if (record.rdata_size < 19) return false;
        // Serial number arithmetic, as RFC 4034 section 3.1.5 wants it.
        const auto until =
            static_cast<std::int32_t>(dns::load_u32(record.rdata().data() + 8) - now_s_);
        const auto since =
            static_cast<std::int32_t>(now_s_ - dns::load_u32(record.rdata().data() + 12));
        if (until <= 0 || since < 0) return false;
        life_max_ = std::min(life_max_, static_cast<std::uint32_t>(until));
        return true;
    }

    Outcome outcome(const MessageReader& reader, NameView qname, std::uint16_t qtype) const {
        if (reader.header().count(Section::answer) == 0) return Outcome::empty;
        if (qtype == dns::rr_type::cname && has_rival_cnames(message_, qname))
            return Outcome::broken;
        return AliasWalk{message_, qname, qtype}.run();
    }

    std::expected<void, Refusal> judge(Outcome outcome, std::uint16_t rcode, const Limits& limits) {
        const bool has_soa = found_.soa_ttl_offset != 0;
        const bool is_answer = rcode == dns::rcode::noerror && outcome == Outcome::answers;
        const bool denies = outcome == Outcome::empty || outcome == Outcome::alias;
        if (is_answer) return keep(Kind::success, limits.max_ttl, limits);
        if (denies && has_soa) return keep(Kind::denial, limits.negative_max_ttl, limits);
        if (rcode == dns::rcode::noerror && outcome == Outcome::empty) {
            life_max_ = std::min(life_max_, fallback_ttl);
            return keep(Kind::success, limits.max_ttl, limits);
        }
        return std::unexpected{Refusal::not_stored};
    }

    std::expected<void, Refusal> keep(Kind kind, std::uint32_t high, const Limits& limits) {
        found_.kind = kind;
        found_.record_high = high;
        found_.record_low = std::min(limits.min_ttl, high);
        if (kind != Kind::denial) found_.soa_ttl_offset = 0;
        found_.soa_ttl = std::clamp(found_.soa_ttl, found_.record_low, found_.record_high);
        found_.ttl = std::clamp(smallest_, found_.record_low, found_.record_high);
        found_.ttl = std::min(found_.ttl, life_max_);
        if (found_.ttl == 0) return std::unexpected{Refusal::not_stored};
        return {};
    }

    std::span<const std::uint8_t> message_;
    std::uint32_t now_s_;
    Survey& found_;
    std::uint32_t smallest_ = UINT32_MAX;
    std::uint32_t life_max_ = UINT32_MAX;
};

}  // namespace

std::expected<void, Refusal> survey(
    std::span<const std::uint8_t> message,
    std::span<const std::uint8_t> qname,
    std::uint16_t qtype,
    std::uint16_t rcode,
    std::uint64_t now_s,
    const Limits& limits,
    Survey& found) {
    return Surveyor{message, now_s, found}.run(NameView::from_trusted(qname), qtype, rcode, limits);
}

}  // namespace loom::cache
