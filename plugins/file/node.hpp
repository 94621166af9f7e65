// SPDX-License-Identifier: Apache-2.0
// How a name and its records lie in memory: one piece, so that an answer costs two cache lines.
//
//     NodeHead
//     name       its labels below the apex, lower case, no root label; padded to an even size
//     RrsetHead  one for each type, ascending
//     data       for each type: records, signatures, targets
//
// Records and signatures are in wire format. Their owner is a compression pointer to the question's
// name. Rdata that ends in a name of the zone is compressed where RFC 3597 allows: the name ends in
// a pointer to the apex, which depends on the question and is filled in when it is written.
// Targets are the nodes of the names in the rdata, one NodeRef for each record.
#pragma once

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/options.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loom::file {

/// A node's place in its zone's arena, in units of 4 octets. 0: none.
using NodeRef = std::uint32_t;
inline constexpr std::size_t node_align = 4;

/// NodeHead::flags.
namespace node_flag {
inline constexpr std::uint8_t cut = 1;              ///< A delegation: NS records, not at the apex.
inline constexpr std::uint8_t dname = 2;            ///< Has a DNAME record.
inline constexpr std::uint8_t cname = 4;            ///< Has a CNAME record.
inline constexpr std::uint8_t occluded = 8;         ///< Below a cut or a DNAME.
inline constexpr std::uint8_t wildcard_child = 16;  ///< The name `*` in front of it exists.
inline constexpr std::uint8_t parent = 32;          ///< Names below it exist.
inline constexpr std::uint8_t nsec3_only = 64;      ///< Exists for NSEC3 alone: is no name.
inline constexpr std::uint8_t dead = 128;           ///< Replaced while loading.
/// A name that is found but for which something else is answered.
inline constexpr std::uint8_t diverted = cut | occluded | nsec3_only;
}  // namespace node_flag

struct NodeHead {
    std::uint8_t name_size;
    std::uint8_t flags;
    std::uint16_t rrset_count;
    std::uint32_t size;  ///< Octets of the whole node, a multiple of node_align.
};

/// RrsetHead::flags.
namespace rrset_flag {
inline constexpr std::uint8_t targets = 1;     ///< Has targets.
inline constexpr std::uint8_t compressed = 2;  ///< Pointers to the apex must be filled in.
}  // namespace rrset_flag

/// A type that has signatures only has a count of 0.
struct RrsetHead {
    std::uint16_t type;
    std::uint16_t count;     ///< Records.
    std::uint16_t size;      ///< Their octets.
    std::uint16_t sig_size;  ///< Octets of the signatures.
    std::uint8_t sig_count;
    std::uint8_t flags;

    std::size_t extent() const {
        const std::size_t targets = (flags & rrset_flag::targets) ? sizeof(NodeRef) * count : 0;
        return std::size_t{size} + sig_size + targets;
    }
};
static_assert(sizeof(RrsetHead) == 10);

/// Octets of a record before its rdata, with an owner of one pointer.
inline constexpr std::size_t record_head_size = 12;
/// The owner that stored records have.
inline constexpr std::uint16_t qname_pointer = 0xC00C;

/// A record among stored or written ones, its owner being a pointer.
struct RecordView {
    const std::uint8_t* at;
    std::uint16_t type() const { return dns::load_u16(at + 2); }
    std::uint32_t ttl() const { return dns::load_u32(at + 6); }
    Bytes rdata() const { return {at + record_head_size, dns::load_u16(at + 10)}; }
    RecordView next() const { return {rdata().data() + rdata().size()}; }
};

/// True if stored rdata ends in a pointer to the apex. Whole names end in 0.
inline bool is_compressed(Bytes rdata) { return !rdata.empty() && rdata.back() != 0; }

/// The records of one type of a node; false if there are none.
class RrsetView {
public:
    RrsetView() = default;
    RrsetView(const RrsetHead& head, const std::uint8_t* data) : head_{head}, data_{data} {}

    explicit operator bool() const { return head_.count != 0; }
    std::uint16_t type() const { return head_.type; }
    std::uint16_t count() const { return head_.count; }
    std::uint8_t sig_count() const { return head_.sig_count; }
    Bytes records() const { return {data_, head_.size}; }
    Bytes sigs() const { return {data_ + head_.size, head_.sig_size}; }
    Bytes records_and_sigs() const { return {data_, std::size_t{head_.size} + head_.sig_size}; }
    bool has_targets() const { return (head_.flags & rrset_flag::targets) != 0; }
    bool is_compressed() const { return (head_.flags & rrset_flag::compressed) != 0; }
    NodeRef target(std::size_t index) const {
        NodeRef ref;
        std::memcpy(&ref, data_ + target_offset(index), sizeof ref);
        return ref;
    }
    std::size_t target_offset(std::size_t index) const {
        return std::size_t{head_.size} + head_.sig_size + index * sizeof(NodeRef);
    }
    const std::uint8_t* data() const { return data_; }

private:
    RrsetHead head_{};
    const std::uint8_t* data_ = nullptr;
};

/// A node in the arena.
class NodeView {
public:
    NodeView() = default;
    explicit NodeView(const std::uint8_t* at) : at_{at} {}

    explicit operator bool() const { return at_ != nullptr; }
    bool operator==(const NodeView& other) const = default;
    NodeHead head() const {
        NodeHead head;
        std::memcpy(&head, at_, sizeof head);
        return head;
    }
    bool has(std::uint8_t flags) const { return (at_[1] & flags) != 0; }
    bool is_apex() const { return at_[0] == 0; }
    Bytes name() const { return {at_ + sizeof(NodeHead), at_[0]}; }
    const std::uint8_t* octets() const { return at_; }

    RrsetView find(std::uint16_t type) const {
        RrsetView found;
        each([&](const RrsetView& rrset) {
            if (rrset.type() != type) return true;
            found = rrset;
            return false;
        });
        return found;
    }

    /// Calls `visit(rrset)` for each type until it returns false.
    template <class Visitor>
    void each(Visitor&& visit) const {
        const NodeHead node = head();
        const std::uint8_t* heads = at_ + heads_offset(node.name_size);
        const std::uint8_t* data = heads + node.rrset_count * sizeof(RrsetHead);
        for (unsigned i = 0; i < node.rrset_count; ++i) {
            RrsetHead rrset;
            std::memcpy(&rrset, heads + i * sizeof rrset, sizeof rrset);
            if (!visit(RrsetView{rrset, data})) return;
            data += rrset.extent();
        }
    }

    static constexpr std::size_t heads_offset(std::size_t name_size) {
        return sizeof(NodeHead) + ((name_size + 1) & ~std::size_t{1});
    }

private:
    const std::uint8_t* at_ = nullptr;
};

}  // namespace loom::file
