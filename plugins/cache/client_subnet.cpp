// SPDX-License-Identifier: Apache-2.0
#include "client_subnet.hpp"

#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <cstring>

namespace loom::cache {
namespace {

constexpr std::uint8_t bits_of(std::uint8_t family) { return family == 1 ? 32 : 128; }

}  // namespace

std::optional<ClientSubnet> ClientSubnet::read(std::span<const std::uint8_t> data) {
    if (data.size() < 4) return std::nullopt;
    ClientSubnet subnet;
    const std::uint16_t family = dns::load_u16(data.data());
    if (family != 1 && family != 2) return std::nullopt;
    subnet.family = static_cast<std::uint8_t>(family);
    subnet.source = data[2];
    subnet.scope = data[3];
    const auto most = bits_of(subnet.family);
    const auto octets = data.subspan(4);
    if (subnet.source > most || subnet.scope > most) return std::nullopt;
    if (octets.size() != (subnet.source + 7U) / 8) return std::nullopt;
    std::ranges::copy(octets, subnet.address.begin());
    if (subnet.shortened(subnet.source).address != subnet.address) return std::nullopt;
    return subnet;
}

ClientSubnet ClientSubnet::of(const std::uint8_t (&ip)[16]) {
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    const bool is_ipv4 = std::equal(mapped.begin(), mapped.end(), ip);
    ClientSubnet subnet;
    subnet.family = is_ipv4 ? 1 : 2;
    subnet.source = bits_of(subnet.family);
    std::copy(ip + (is_ipv4 ? mapped.size() : 0), ip + 16, subnet.address.begin());
    return subnet;
}

std::size_t ClientSubnet::write(std::span<std::uint8_t> room) const {
    const std::size_t octets = (source + 7U) / 8;
    dns::store_u16(room.data(), family);
    room[2] = source;
    room[3] = scope;
    std::memcpy(room.data() + 4, address.data(), octets);
    return 4 + octets;
}

ClientSubnet ClientSubnet::shortened(std::uint8_t bits) const {
    ClientSubnet made = *this;
    made.source = std::min(source, bits);
    for (std::size_t i = 0; i < made.address.size(); ++i) {
        const std::size_t before = 8 * i;
        if (before >= made.source) {
            made.address[i] = 0;
        } else if (before + 8 > made.source) {
            made.address[i] &= static_cast<std::uint8_t>(0xFFU << (before + 8 - made.source));
        }
    }
    return made;
}

std::uint64_t ClientSubnet::hash() const {
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < 7; ++i) low = low << 8U | address[i];
    std::uint64_t value = low << 8U | static_cast<std::uint64_t>(family == 2 ? 0x80 : 0) | source;
    std::uint64_t rest = 0;
    for (std::size_t i = 7; i < address.size(); ++i) rest = rest * 0x100000001B3U + address[i];
    value ^= rest * 0xC2B2AE3D27D4EB4FU;
    // A bijection that spreads: the finalizer of splitmix64.
    value = (value ^ value >> 30U) * 0xBF58476D1CE4E5B9U;
    value = (value ^ value >> 27U) * 0x94D049BB133111EBU;
    return value ^ value >> 31U;
}

ScopeList::ScopeList(const Entry& entry) {
    if (entry.kind != Kind::scopes) return;
    size_ = std::min<std::size_t>(entry.options_size, octets_.size()) & ~std::size_t{1};
    std::memcpy(octets_.data(), entry.options(), size_);
}

bool ScopeList::add(std::uint8_t family, std::uint8_t bits) {
    std::size_t at = 0;
    while (at < size_ && octets_[at + 1] > bits) at += 2;
    for (std::size_t i = at; i < size_ && octets_[i + 1] == bits; i += 2)
        if (octets_[i] == family) return true;
    if (size_ == octets_.size()) return false;
    std::memmove(octets_.data() + at + 2, octets_.data() + at, size_ - at);
    octets_[at] = family;
    octets_[at + 1] = bits;
    size_ += 2;
    return true;
}

}  // namespace loom::cache
