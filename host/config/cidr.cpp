// SPDX-License-Identifier: Apache-2.0
#include "cidr.hpp"

#include "endpoint.hpp"
#include "error.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

namespace loom::host {
namespace {

/// An address family's place in the reverse tree: how its labels are cut out of an address.
struct ReverseTree {
    std::size_t first_octet;  ///< Of the address in loom_address.ip.
    unsigned bits;
    unsigned label_bits;
    std::string_view suffix;
};

/// RFC 1035 section 3.5 and RFC 3596 section 2.5.
constexpr ReverseTree ipv4_tree{12, 32, 8, "in-addr.arpa."};
constexpr ReverseTree ipv6_tree{0, 128, 4, "ip6.arpa."};

struct Block {
    loom_address address{};
    unsigned length = 0;

    const ReverseTree& tree() const { return address.family == 4 ? ipv4_tree : ipv6_tree; }
    std::span<std::uint8_t> octets() { return std::span{address.ip}.subspan(tree().first_octet); }
    std::span<const std::uint8_t> octets() const {
        return std::span{address.ip}.subspan(tree().first_octet);
    }
};

std::uint8_t mask_of_octet(unsigned length, std::size_t octet) {
    const auto before = static_cast<unsigned>(octet) * 8;
    if (length >= before + 8) return 0xFF;
    if (length <= before) return 0;
    return static_cast<std::uint8_t>(0xFF00U >> (length - before));
}

/// Clears what lies behind the length; false if nothing did.
bool clear_host_bits(Block& block) {
    bool cleared = false;
    const auto octets = block.octets();
    for (std::size_t i = 0; i != octets.size(); ++i) {
        const auto kept = static_cast<std::uint8_t>(octets[i] & mask_of_octet(block.length, i));
        cleared = cleared || kept != octets[i];
        octets[i] = kept;
    }
    return cleared;
}

std::string reverse_name(const Block& block) {
    const ReverseTree& tree = block.tree();
    std::string text;
    for (unsigned i = block.length / tree.label_bits; i-- > 0;) {
        const auto octet = block.octets()[i * tree.label_bits / 8];
        if (tree.label_bits == 8) text += fmt::format("{}.", octet);
        if (tree.label_bits == 4)
            text += fmt::format("{:x}.", i % 2 == 0 ? octet >> 4U : octet & 15U);
    }
    return text += tree.suffix;
}

/// The number `index` in the bits from `block.length` up to `length`.
Block part(Block block, unsigned length, unsigned index) {
    const auto last = (length - 1) / 8;
    block.octets()[last] |= static_cast<std::uint8_t>(index << (8 * (last + 1) - length));
    block.length = length;
    return block;
}

std::vector<dns::Name> reverse_zones(const Block& block) {
    const auto label_bits = block.tree().label_bits;
    const auto length = (block.length + label_bits - 1) / label_bits * label_bits;
    std::vector<dns::Name> zones;
    for (unsigned index = 0; index != 1U << (length - block.length); ++index) {
        const auto whole = length == block.length ? block : part(block, length, index);
        // Always a valid name: at most 32 labels of one octet, or 4 of three.
        zones.push_back(*dns::Name::from_text(reverse_name(whole)));
    }
    return zones;
}

std::expected<std::vector<dns::Name>, std::string>
block_zones(std::string_view text, const loom_address& address, std::string_view length_text) {
    Block block{address, 0};
    const auto* end = length_text.data() + length_text.size();
    const auto [stop, error] = std::from_chars(length_text.data(), end, block.length);
    if (error != std::errc{} || stop != end || block.length > block.tree().bits) {
        return std::unexpected{fmt::format(
            "{} has no length from 0 to {} behind the slash", quoted(text), block.tree().bits)};
    }
    if (clear_host_bits(block)) {
        return std::unexpected{fmt::format(
            "{} has bits set behind its length: write \"{}/{}\"",
            quoted(text),
            to_string(block.address),
            block.length)};
    }
    return reverse_zones(block);
}

std::expected<std::vector<dns::Name>, std::string> name_zone(std::string_view text) {
    auto name = dns::Name::from_text(text);
    if (!name) {
        return std::unexpected{fmt::format(
            "{} is neither a domain name nor a CIDR block: {}",
            quoted(text),
            dns::describe(name.error()))};
    }
    name->lower();
    return std::vector{*name};
}

}  // namespace

std::expected<std::vector<dns::Name>, std::string> parse_zones(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_endpoint(text.substr(0, slash));
    if (!address || address->port != 0 || address->scope != 0) return name_zone(text);
    if (slash != std::string_view::npos) {
        return block_zones(text, *address, text.substr(slash + 1));
    }
    return std::unexpected{fmt::format(
        "{} is an address: write \"{}/{}\" for its reverse zone",
        quoted(text),
        to_string(*address),
        address->family == 4 ? 32 : 128)};
}

}  // namespace loom::host
