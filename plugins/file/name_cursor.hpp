// SPDX-License-Identifier: Apache-2.0
// The name that is being looked up: the question's, or what an alias leads to.
#pragma once

#include "node.hpp"
#include "zone_snapshot.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <array>
#include <cstdint>

namespace loom::file {

/// How an owner is written: a pointer, or labels followed by a pointer to the apex.
struct Owner {
    std::uint16_t pointer = 0;  ///< 0: labels.
    Bytes labels{};
};

/// A name in the zone, taken apart into its labels: suffix 0 is the name itself, suffix depth() the
/// apex. Knows where it stands in the message, so that owners can point there.
class NameCursor {
public:
    /// `apex_index` is the apex's place in the query's suffixes.
    NameCursor(const Host& host, const loom_query& query, unsigned apex_index)
        : host_{host},
          lower_{query.qname_lower.data},
          offsets_{query.label_offset},
          hashes_{query.suffix_hash},
          size_{query.qname_lower.size},
          depth_{apex_index},
          message_offset_{dns::header_size},
          apex_pointer_{static_cast<std::uint16_t>(
              0xC000U | (dns::header_size + query.label_offset[apex_index]))} {}
    NameCursor(const NameCursor&) = delete;
    NameCursor& operator=(const NameCursor&) = delete;

    /// Goes on with `relative` in any case, which stands in the message at `message_offset`.
    void assign(Bytes relative, Bytes apex, std::size_t message_offset);
    /// The same for a name whose node is known, when only its place matters so far.
    void assign_known(NodeView node, std::size_t message_offset) {
        known_ = node;
        message_offset_ = message_offset;
    }
    /// The node given to assign_known(); false otherwise.
    NodeView known() const { return known_; }
    /// Makes the functions below work after assign_known().
    void expand_known(Bytes apex) {
        if (known_) assign(known_.name(), apex, message_offset_);
    }

    unsigned depth() const { return depth_; }
    Bytes relative(unsigned i = 0) const {
        return {lower_ + offsets_[i], static_cast<std::size_t>(offsets_[depth_] - offsets_[i])};
    }
    Bytes whole(unsigned i = 0) const { return {lower_ + offsets_[i], size_ - offsets_[i]}; }
    std::uint64_t hash(unsigned i) const {
        return hashes_ ? hashes_[i] : host_.hash_name(whole(i));
    }
    NodeView find(const ZoneSnapshot& zone, unsigned i) const {
        return zone.find(hash(i), relative(i));
    }

    /// How to write suffix `i` as an owner.
    Owner owner(unsigned i = 0) const {
        constexpr std::size_t pointer_max = 0x3FFF;
        if (i == depth_ && i != 0) return {apex_pointer_};
        const std::size_t at = message_offset_ + (i == 0 ? 0U : offsets_[i]);
        if (at > pointer_max) return {0, known_ ? known_.name() : relative(i)};
        return {static_cast<std::uint16_t>(0xC000U | at)};
    }

private:
    const Host& host_;
    const std::uint8_t* lower_;
    const std::uint8_t* offsets_;
    const std::uint64_t* hashes_;
    std::size_t size_;
    unsigned depth_;
    std::size_t message_offset_;
    std::uint16_t apex_pointer_;
    NodeView known_;
    std::array<std::uint8_t, dns::name_size_max> lower_storage_;
    std::array<std::uint8_t, dns::labels_max + 1> offset_storage_;
};

}  // namespace loom::file
