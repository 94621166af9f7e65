// SPDX-License-Identifier: Apache-2.0
#include "padding.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>

namespace loom::forward {
namespace {

constexpr std::uint16_t padding_code = 12;
constexpr std::size_t option_header_size = 4;

}  // namespace

std::span<const std::uint8_t> pad(const OutgoingQuery& query, PaddedQuery& room) {
    const auto octets = query.octets();
    const auto least = octets.size() + option_header_size;
    const auto size = (least + padding_block - 1) / padding_block * padding_block;
    if (!query.has_opt() || size > room.size()) return octets;
    std::ranges::copy(octets, room.begin());
    std::fill(
        room.begin() + static_cast<std::ptrdiff_t>(octets.size()),
        room.begin() + static_cast<std::ptrdiff_t>(size),
        std::uint8_t{0});
    dns::store_u16(room.data() + octets.size(), padding_code);
    dns::store_u16(room.data() + octets.size() + 2, static_cast<std::uint16_t>(size - least));
    // The OPT record is the last one; the size of its rdata ends its fixed part.
    const auto options = dns::header_size + query.question().size() + dns::Opt::size_min;
    dns::store_u16(room.data() + options - 2, static_cast<std::uint16_t>(size - options));
    return std::span{room}.first(size);
}

}  // namespace loom::forward
