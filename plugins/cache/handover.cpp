// SPDX-License-Identifier: Apache-2.0
#include "handover.hpp"

#include <cstring>

namespace loom::cache {
namespace {

struct Head {
    std::uint64_t magic;
    std::uint32_t layout;
    std::uint32_t count;
    std::uint64_t checksum;  // Of the regions, and of the count.
};

// FNV-1a: against accidents only. That an address is right is for Region::attach() to find out.
std::uint64_t checksum_of(std::span<const std::uint8_t> octets) {
    std::uint64_t sum = 0xCBF29CE484222325U;
    for (const std::uint8_t octet : octets) sum = (sum ^ octet) * 0x100000001B3U;
    return sum;
}

}  // namespace

std::string_view describe(HandoverErrc error) {
    switch (error) {
    case HandoverErrc::malformed:
        return "it is malformed";
    case HandoverErrc::other_layout:
        return "it has another memory layout";
    }
    return "";
}

std::vector<std::uint8_t> encode_handover(std::span<const RegionAddress> regions) {
    const std::size_t body_size = regions.size_bytes();
    std::vector<std::uint8_t> octets(sizeof(Head) + body_size);
    const std::span<std::uint8_t> body = std::span{octets}.subspan(sizeof(Head));
    if (body_size != 0) std::memcpy(body.data(), regions.data(), body_size);
    const Head head{
        region_magic,
        layout_version,
        static_cast<std::uint32_t>(regions.size()),
        checksum_of(body)};
    std::memcpy(octets.data(), &head, sizeof head);
    return octets;
}

std::expected<std::vector<RegionAddress>, HandoverErrc>
decode_handover(std::span<const std::uint8_t> octets) {
    Head head{};
    if (octets.size() < sizeof head) return std::unexpected{HandoverErrc::malformed};
    std::memcpy(&head, octets.data(), sizeof head);
    if (head.magic != region_magic) return std::unexpected{HandoverErrc::malformed};
    if (head.layout != layout_version) return std::unexpected{HandoverErrc::other_layout};

    const auto body = octets.subspan(sizeof head);
    if (body.size() != std::size_t{head.count} * sizeof(RegionAddress) ||
        head.checksum != checksum_of(body))
        return std::unexpected{HandoverErrc::malformed};
    std::vector<RegionAddress> regions(head.count);
    if (!body.empty()) std::memcpy(regions.data(), body.data(), body.size());
    return regions;
}

}  // namespace loom::cache
