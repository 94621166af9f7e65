// SPDX-License-Identifier: Apache-2.0
// Writes a response from stored records: copies them and fills in pointers.
#pragma once

#include "name_cursor.hpp"
#include "node.hpp"
#include "zone_snapshot.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/response.h>
#include <dnsloom/dns/header.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace loom::file {

enum class Signatures : bool { without, with };

/// Sections are written in their order. What does not fit is left out in whole, and the writer
/// overflows: from then on it writes nothing but what is tried.
class AnswerWriter {
public:
    /// Writes the question. `apex_index` is the apex's place in the query's suffixes.
    AnswerWriter(std::span<std::uint8_t> buffer, const loom_query& query, unsigned apex_index);

    void begin(dns::Section section) { section_ = static_cast<std::size_t>(section); }
    std::size_t count(dns::Section section) const {
        return counts_[static_cast<std::size_t>(section)];
    }

    /// Writes an RRset. Returns where it begins in the message, or 0 if it did not fit.
    std::size_t put(const RrsetView& rrset, const Owner& owner, Signatures signatures);
    /// Writes an RRset's signatures only.
    void put_signatures(const RrsetView& rrset, const Owner& owner);
    void put_soa(const SoaBlock& soa, std::uint32_t ttl, Signatures signatures);
    /// Writes a CNAME record and returns where its target begins, or 0.
    std::size_t put_cname(const Owner& owner, std::uint32_t ttl, Bytes target);
    void put_record(const loom_record& record);

    /// Like put(), but leaves the writer as it was when there is no room.
    bool try_put(const RrsetView& rrset, const Owner& owner, Signatures signatures);

    bool overflowed() const { return overflowed_; }
    std::span<const std::uint8_t> written() const { return {begin_, at_}; }

    /// Writes the header and returns the message's size.
    std::size_t finish(std::uint16_t rcode, std::uint16_t flags);

private:
    bool has_room(std::size_t size) {
        if (static_cast<std::size_t>(end_ - at_) >= size) return true;
        overflowed_ = true;
        return false;
    }
    static std::size_t owner_size(const Owner& owner) {
        return owner.pointer != 0 ? sizeof owner.pointer
                                  : owner.labels.size() + sizeof owner.pointer;
    }
    void write_owner(const Owner& owner);
    void copy(Bytes records, std::size_t count, const Owner& owner, bool compressed);
    void copy_with_labels(Bytes records, std::size_t count, const Owner& owner, bool compressed);

    std::uint8_t* begin_;
    std::uint8_t* at_;
    std::uint8_t* end_;
    std::array<std::uint16_t, dns::sections> counts_{};
    std::size_t section_ = 0;
    std::uint16_t apex_pointer_;
    bool overflowed_ = false;
};

}  // namespace loom::file
