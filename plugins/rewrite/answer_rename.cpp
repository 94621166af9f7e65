// SPDX-License-Identifier: Apache-2.0
#include "answer_rename.hpp"

#include "name_pattern.hpp"

#include <dnsloom/dns/codes.hpp>

namespace loom::rewrite {
namespace {

std::optional<dns::Name>
first_match(const std::vector<Expression>& expressions, dns::NameView name) {
    if (expressions.empty()) return std::nullopt;
    const std::string text = match_text(name);
    for (const Expression& expression : expressions) {
        const auto replaced = expression.replace(text);
        if (!replaced || replaced->empty()) continue;
        if (const auto made = absolute_name(*replaced)) return *made;
    }
    return std::nullopt;
}

// Behind order, preference and three character strings (RFC 3403 section 4.1).
std::optional<std::size_t> replacement_offset(std::span<const std::uint8_t> rdata) {
    std::size_t at = 4;
    for (int i = 0; i < 3; ++i) {
        if (at >= rdata.size()) return std::nullopt;
        at += std::size_t{1} + rdata[at];
    }
    return at;
}

std::optional<std::size_t> name_offset(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    switch (type) {
    case dns::rr_type::cname:
    case dns::rr_type::dname:
    case dns::rr_type::ns:
    case dns::rr_type::ptr:
    case dns::rr_type::soa:
        return 0;
    case dns::rr_type::mx:
        return 2;
    case dns::rr_type::srv:
        return 6;
    case dns::rr_type::naptr:
        return replacement_offset(rdata);
    default:
        return std::nullopt;
    }
}

}  // namespace

std::optional<RdataName> name_in_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    const auto offset = name_offset(type, rdata);
    if (!offset || *offset >= rdata.size()) return std::nullopt;
    const auto name = dns::NameView::check(rdata.subspan(*offset));
    if (!name) return std::nullopt;
    return RdataName{*offset, name->size()};
}

std::optional<dns::Name>
AnswerRename::turn_back(dns::NameView name, dns::NameView asked, dns::NameView became) const {
    switch (automatic) {
    case Automatic::no:
        return std::nullopt;
    case Automatic::whole_name:
        if (name.equals(became)) return dns::Name{asked};
        if (!name.is_subdomain_of(became)) return std::nullopt;
        return replace_suffix(name, became.label_count(), asked);
    case Automatic::suffix:
        if (name.equals(became)) return dns::Name{asked};
        if (!name.is_subdomain_of(to_suffix)) return std::nullopt;
        return replace_suffix(name, to_suffix.label_count(), from_suffix);
    }
    return std::nullopt;
}

std::optional<dns::Name>
AnswerRename::owner(dns::NameView name, dns::NameView asked, dns::NameView became) const {
    if (auto turned = turn_back(name, asked, became)) return turned;
    return first_match(owners, name);
}

std::optional<dns::Name>
AnswerRename::target(dns::NameView name, dns::NameView asked, dns::NameView became) const {
    if (auto turned = turn_back(name, asked, became)) return turned;
    return first_match(targets, name);
}

}  // namespace loom::rewrite
