// SPDX-License-Identifier: Apache-2.0
// Packs the records of one name into a node.
#pragma once

#include "arena.hpp"
#include "node.hpp"

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loom::file {

/// Where the name stands in rdata for which a message has additional records; nothing for other
/// types (RFC 1034 section 3.6, RFC 2782, RFC 9460 section 4.2).
constexpr int target_offset(std::uint16_t type) {
    switch (type) {
    case dns::rr_type::ns:
    case dns::rr_type::cname:
        return 0;
    case dns::rr_type::mx:
    case dns::rr_type::svcb:
    case dns::rr_type::https:
        return 2;
    case dns::rr_type::srv:
        return 6;
    default:
        return -1;
    }
}

/// The records of one name, in any order, until they are packed.
class NodeRecords {
public:
    void clear() {
        records_.clear();
        rdata_.clear();
    }
    bool empty() const { return records_.empty(); }
    std::size_t size() const { return records_.size(); }
    void add(std::uint16_t type, std::uint32_t ttl, Bytes rdata);

    struct Record {
        std::uint16_t type;
        std::uint16_t covered;  ///< The type that an RRSIG is for; of others the type.
        std::uint32_t ttl;
        std::uint32_t at;
        std::uint16_t size;
    };
    std::vector<Record>& records() { return records_; }
    Bytes rdata(const Record& record) const {
        return Bytes{rdata_}.subspan(record.at, record.size);
    }

private:
    std::vector<Record> records_;
    std::vector<std::uint8_t> rdata_;
};

/// Something about a name's records that is against the rules, for NodeEncoder's caller.
struct NodeFinding {
    std::uint16_t type;
    std::string_view text;  ///< Static.
};

class NodeEncoder {
public:
    /// `apex` must live as long; lower case.
    explicit NodeEncoder(Bytes apex) : apex_{apex} {}

    /// Appends a node to `nodes`. `name` is relative and in lower case. Reorders `records` and
    /// leaves out doubles.
    NodeRef encode(Arena& nodes, Bytes name, NodeRecords& records);
    /// Takes a node's records out again.
    void decode(NodeView node, NodeRecords& records) const;

    /// What the last encode() found. Errors make the node useless, warnings were put right.
    const std::vector<NodeFinding>& errors() const { return errors_; }
    const std::vector<NodeFinding>& warnings() const { return warnings_; }

private:
    using Record = NodeRecords::Record;

    void drop_doubles(NodeRecords& records);
    std::uint8_t* write_rrset(
        std::uint8_t* out,
        RrsetHead& head,
        NodeRecords& records,
        std::size_t first,
        std::size_t last);
    std::uint8_t* write_record(
        std::uint8_t* out, std::uint16_t type, std::uint32_t ttl, Bytes rdata, bool& compressed);
    void check(const RrsetHead& head);
    std::uint8_t flags_of(Bytes name, const std::vector<RrsetHead>& heads);

    Bytes apex_;
    std::vector<RrsetHead> heads_;
    std::vector<NodeFinding> errors_;
    std::vector<NodeFinding> warnings_;
};

}  // namespace loom::file
