// SPDX-License-Identifier: Apache-2.0
// Names of an answer that are turned back, or into others.
#pragma once

#include "expression.hpp"

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loom::rewrite {

/// How a rule that renamed a question changes names in the answer.
struct AnswerRename {
    /// The new name and what is below it become the old name and what is below that.
    enum class Automatic : std::uint8_t { no, whole_name, suffix };

    Automatic automatic = Automatic::no;
    dns::Name from_suffix;  ///< Of Automatic::suffix: what a question's name ends in ...
    dns::Name to_suffix;    ///< ... and what that became.
    std::vector<Expression> owners;
    std::vector<Expression> targets;  ///< Names in rdata; see name_in_rdata().

    bool is_automatic_only() const {
        return automatic != Automatic::no && owners.empty() && targets.empty();
    }
    bool empty() const { return automatic == Automatic::no && owners.empty() && targets.empty(); }

    /// What an owner becomes; nothing if it stays. `asked` and `became` are the question's names.
    std::optional<dns::Name>
    owner(dns::NameView name, dns::NameView asked, dns::NameView became) const;
    /// The same for a name in rdata.
    std::optional<dns::Name>
    target(dns::NameView name, dns::NameView asked, dns::NameView became) const;

private:
    std::optional<dns::Name>
    turn_back(dns::NameView name, dns::NameView asked, dns::NameView became) const;
};

/// Where the name stands in uncompressed rdata that plugins may rename: CNAME, DNAME, NS, PTR, MX,
/// SRV, NAPTR's replacement and SOA's MNAME. Nothing for other types and for malformed rdata.
struct RdataName {
    std::size_t offset;
    std::size_t size;
};
std::optional<RdataName> name_in_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata);

}  // namespace loom::rewrite
