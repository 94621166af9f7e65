// SPDX-License-Identifier: Apache-2.0
// Copying stored records into a message.

#include "answer_writer.hpp"

#include <dnsloom/dns/wire.hpp>

namespace loom::file {

AnswerWriter::AnswerWriter(
    std::span<std::uint8_t> buffer, const loom_query& query, unsigned apex_index)
    : begin_{buffer.data()},
      at_{begin_},
      end_{begin_ + buffer.size()},
      apex_pointer_{static_cast<std::uint16_t>(
          0xC000U | (dns::header_size + query.label_offset[apex_index]))} {
    if (!has_room(dns::header_size + query.qname.size + 4)) return;
    at_ += dns::header_size;
    std::memcpy(at_, query.qname.data, query.qname.size);
    at_ += query.qname.size;
    dns::store_u16(at_, query.qtype);
    dns::store_u16(at_ + 2, query.qclass);
    at_ += 4;
}

void AnswerWriter::write_owner(const Owner& owner) {
    if (owner.pointer != 0) {
        dns::store_u16(at_, owner.pointer);
        at_ += sizeof owner.pointer;
        return;
    }
    if (!owner.labels.empty()) std::memcpy(at_, owner.labels.data(), owner.labels.size());
    at_ += owner.labels.size();
    dns::store_u16(at_, apex_pointer_);
    at_ += sizeof apex_pointer_;
}

void AnswerWriter::copy(Bytes records, std::size_t count, const Owner& owner, bool compressed) {
    if (owner.pointer == 0) return copy_with_labels(records, count, owner, compressed);
    std::memcpy(at_, records.data(), records.size());
    std::uint8_t* const end = at_ + records.size();
    if (owner.pointer != qname_pointer || compressed) {
        while (at_ != end) {
            dns::store_u16(at_, owner.pointer);
            const Bytes rdata = RecordView{at_}.rdata();
            std::uint8_t* const next = at_ + record_head_size + rdata.size();
            if (compressed && is_compressed(rdata)) dns::store_u16(next - 2, apex_pointer_);
            at_ = next;
        }
    }
    at_ = end;
    counts_[section_] = static_cast<std::uint16_t>(counts_[section_] + count);
}

void AnswerWriter::copy_with_labels(
    Bytes records, std::size_t count, const Owner& owner, bool compressed) {
    RecordView record{records.data()};
    for (std::size_t i = 0; i < count; ++i, record = record.next()) {
        const std::uint8_t* const rest = record.at + sizeof qname_pointer;
        const auto size = static_cast<std::size_t>(record.next().at - rest);
        write_owner(owner);
        std::memcpy(at_, rest, size);
        at_ += size;
        if (compressed && is_compressed(record.rdata())) dns::store_u16(at_ - 2, apex_pointer_);
    }
    counts_[section_] = static_cast<std::uint16_t>(counts_[section_] + count);
}

std::size_t AnswerWriter::put(const RrsetView& rrset, const Owner& owner, Signatures signatures) {
    const bool with = signatures == Signatures::with && rrset.sig_count() != 0;
    const Bytes all = with ? rrset.records_and_sigs() : rrset.records();
    const std::size_t count = std::size_t{rrset.count()} + (with ? rrset.sig_count() : 0U);
    if (!has_room(all.size() + count * (owner_size(owner) - sizeof qname_pointer))) return 0;
    const auto offset = static_cast<std::size_t>(at_ - begin_);
    if (!with || !rrset.is_compressed()) {
        copy(all, count, owner, rrset.is_compressed());
    } else {
        // The octets of a signature must not be taken for a pointer.
        copy(rrset.records(), rrset.count(), owner, true);
        copy(rrset.sigs(), rrset.sig_count(), owner, false);
    }
    return offset;
}

bool AnswerWriter::try_put(const RrsetView& rrset, const Owner& owner, Signatures signatures) {
    const bool before = overflowed_;
    const bool written = put(rrset, owner, signatures) != 0;
    overflowed_ = before;
    return written;
}

void AnswerWriter::put_signatures(const RrsetView& rrset, const Owner& owner) {
    const std::size_t more = rrset.sig_count() * (owner_size(owner) - sizeof qname_pointer);
    if (has_room(rrset.sigs().size() + more)) copy(rrset.sigs(), rrset.sig_count(), owner, false);
}

void AnswerWriter::put_soa(const SoaBlock& soa, std::uint32_t ttl, Signatures signatures) {
    const bool with = signatures == Signatures::with;
    const std::size_t size = with ? soa.octets.size() : soa.size;
    if (!has_room(size)) return;
    std::uint8_t* const begin = at_;
    const auto count = static_cast<std::size_t>(soa.count + (with ? soa.sig_count : 0));
    copy(Bytes{soa.octets}.first(size), count, {apex_pointer_}, false);
    for (const std::uint16_t at : soa.pointer_at)
        if (at != 0) dns::store_u16(begin + at, apex_pointer_);
    constexpr std::size_t ttl_offset = 6;
    for (std::uint8_t* record = begin; record != at_;) {
        dns::store_u32(record + ttl_offset, ttl);
        record += record_head_size + RecordView{record}.rdata().size();
    }
}

std::size_t AnswerWriter::put_cname(const Owner& owner, std::uint32_t ttl, Bytes target) {
    constexpr std::size_t fixed_size = 10;
    if (!has_room(owner_size(owner) + fixed_size + target.size())) return 0;
    write_owner(owner);
    dns::store_u16(at_, dns::rr_type::cname);
    dns::store_u16(at_ + 2, dns::rr_class::in);
    dns::store_u32(at_ + 4, ttl);
    dns::store_u16(at_ + 8, static_cast<std::uint16_t>(target.size()));
    at_ += fixed_size;
    const auto offset = static_cast<std::size_t>(at_ - begin_);
    std::memcpy(at_, target.data(), target.size());
    at_ += target.size();
    ++counts_[section_];
    return offset;
}

void AnswerWriter::put_record(const loom_record& record) {
    constexpr std::size_t fixed_size = 10;
    if (!has_room(record.owner.size + fixed_size + record.rdata.size)) return;
    std::memcpy(at_, record.owner.data, record.owner.size);
    at_ += record.owner.size;
    dns::store_u16(at_, record.type);
    dns::store_u16(at_ + 2, record.klass);
    dns::store_u32(at_ + 4, record.ttl);
    dns::store_u16(at_ + 8, static_cast<std::uint16_t>(record.rdata.size));
    at_ += fixed_size;
    if (record.rdata.size != 0) std::memcpy(at_, record.rdata.data, record.rdata.size);
    at_ += record.rdata.size;
    ++counts_[section_];
}

std::size_t AnswerWriter::finish(std::uint16_t rcode, std::uint16_t flags) {
    const auto bits = static_cast<std::uint16_t>(
        dns::flag::qr | flags | (rcode & 0xFU) | (overflowed_ ? dns::flag::tc : 0U));
    dns::store_u16(begin_, 0);
    dns::store_u16(begin_ + 2, bits);
    dns::store_u16(begin_ + 4, 1);
    for (std::size_t i = 0; i < counts_.size(); ++i) dns::store_u16(begin_ + 6 + 2 * i, counts_[i]);
    return static_cast<std::size_t>(at_ - begin_);
}

}  // namespace loom::file
