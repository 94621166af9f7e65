// SPDX-License-Identifier: Apache-2.0
// Answers a question from a zone: the algorithm of RFC 1034 section 4.3.2 with wildcards (RFC
// 4592), DNAME (RFC 6672) and DNSSEC (RFC 4035 section 3.1).
#pragma once

#include "answer_writer.hpp"
#include "name_cursor.hpp"
#include "proofs.hpp"
#include "zone_snapshot.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/query.hpp>

#include <array>
#include <cstdint>
#include <span>

namespace loom::file {

/// Records of another answer that follow an alias out of the zone.
struct Continuation {
    Bytes name;  ///< Where the alias leads; what is here for another name is ignored.
    std::span<const loom_record> records;
    std::uint16_t rcode = 0;
    std::uint16_t flags = 0;
};

class Lookup {
public:
    /// Writes to `buffer`. `apex_index` is the apex's place in the query's suffixes.
    Lookup(
        const Host& host,
        const ZoneSnapshot& zone,
        Nsec3Hasher& hasher,
        const loom_query& query,
        unsigned apex_index,
        std::span<std::uint8_t> buffer);

    /// Writes the answer; returns its size. `continuation` may be nullptr.
    std::size_t run(const Continuation* continuation);

    /// More was to be written than there was room.
    bool overflowed() const { return writer_.overflowed(); }
    /// The name outside of the zone where the aliases end; empty if they end inside.
    Bytes outside() const { return outside_ ? outside_name_.octets() : Bytes{}; }

private:
    enum class Step : bool { done, follow };
    /// What a node's records are answered for: itself, or names that its wildcard covers.
    static constexpr unsigned itself = 0;

    Signatures signatures() const { return dnssec_ ? Signatures::with : Signatures::without; }
    Step step();
    Step divert(NodeView encloser, unsigned index);
    Step at_encloser(NodeView encloser, unsigned index);
    Step at_node(NodeView node, unsigned wildcard_encloser);
    Step everything(NodeView node, unsigned wildcard_encloser);
    Step all_signatures(NodeView node, unsigned wildcard_encloser);
    Step alias(NodeView node, const RrsetView& cname, unsigned wildcard_encloser);
    Step substitute(NodeView node, unsigned index);
    Step referral(NodeView node, unsigned index);
    Step no_data(NodeView node, unsigned wildcard_encloser);
    Step no_name(unsigned encloser);
    void expanded(unsigned wildcard_encloser);
    void answer(const RrsetView& rrset);
    void leave(Bytes target);
    void go_on(const Continuation& continuation);
    void write_authority();
    void write_additional();
    void write_additional(const RrsetView& rrset, std::size_t at);
    bool add_once(NodeRef ref);
    void write_addresses(NodeView node, const Owner& owner, bool needed);
    void note_additional(const RrsetView& rrset, const Owner& owner, std::size_t at);

    const Host& host_;
    const ZoneSnapshot& zone_;
    const loom_query& query_;
    NameCursor cursor_;
    AnswerWriter writer_;
    Proofs proofs_;
    bool dnssec_;
    bool negative_ = false;
    bool outside_ = false;
    std::uint16_t rcode_ = 0;
    std::uint16_t flags_ = LOOM_FLAG_AA;
    NodeView cut_;
    unsigned cut_index_ = 0;
    dns::Name outside_name_;

    // Longer chains of aliases are cut short.
    static constexpr unsigned aliases_max = 8;
    std::array<NodeView, aliases_max + 1> visited_;
    std::ptrdiff_t visited_count_ = 0;

    /// An RRset in the message whose targets may have additional records.
    struct Additional {
        RrsetView rrset;
        std::size_t at = 0;
    };
    std::array<Additional, 8> additional_;
    std::size_t additional_count_ = 0;
    std::array<NodeRef, 32> added_;
    std::size_t added_count_ = 0;
};

}  // namespace loom::file
