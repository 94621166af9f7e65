// SPDX-License-Identifier: Apache-2.0
#include "address_runs.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <cstring>
#include <optional>

namespace loom::lb {
namespace {

using Message = std::span<const std::uint8_t>;

constexpr std::uint8_t pointer_bits = 0xC0;

/// Moves behind a name.
bool skip_name(Message message, std::size_t& offset) {
    if (offset < message.size() && message[offset] >= pointer_bits) {
        offset += 2;
        return offset <= message.size();
    }
    return dns::Name::skip(message, offset).has_value();
}

bool same_name(Message message, std::size_t a, std::size_t b) {
    const auto first = dns::Name::read(message, a);
    const auto second = dns::Name::read(message, b);
    return first && second && first->equals(*second);
}

/// The size of an address of that type; 0 for other types.
std::uint16_t address_size(std::uint16_t type) {
    if (type == dns::rr_type::a) return 4;
    return type == dns::rr_type::aaaa ? 16 : 0;
}

}  // namespace

bool AddressRuns::scan(Message message, std::size_t qname_size) {
    place_count_ = run_count_ = exchanges_ = 0;
    open_ = {};
    const auto header = dns::Header::read(message);
    if (!header || header->questions > 1) return false;
    std::size_t offset = dns::header_size + (header->questions == 0 ? 0 : qname_size + 4);
    if (offset > message.size()) return false;
    for (std::size_t section = 0; section < dns::sections; ++section) {
        for (unsigned i = 0; i < header->records[section]; ++i) {
            const std::size_t owner = offset;
            if (!skip_name(message, offset) || message.size() - offset < 10) return fail();
            const std::uint16_t type = dns::load_u16(message.data() + offset);
            const std::uint16_t size = dns::load_u16(message.data() + offset + 8);
            const std::size_t place = offset + 4;
            if (message.size() - offset - 10 < size) return fail();
            if (size != 0 && size == address_size(type))
                take(message, {owner, offset - owner}, size, place);
            else
                close_run();
            if (type == dns::rr_type::mx && section == 0) ++exchanges_;
            offset += std::size_t{10} + size;
        }
        close_run();
    }
    return true;
}

bool AddressRuns::fail() {
    run_count_ = exchanges_ = 0;
    return false;
}

void AddressRuns::take(Message message, Owner owner, std::uint16_t size, std::size_t place) {
    constexpr std::size_t pointer_size = 2;
    const std::uint8_t* const here = message.data() + owner.at;
    const std::uint8_t* const there = message.data() + open_owner_.at;
    const auto same_octets = [&] {
        if (owner.size != open_owner_.size) return false;
        if (owner.size == pointer_size) return dns::load_u16(here) == dns::load_u16(there);
        return std::memcmp(here, there, owner.size) == 0;
    };
    const bool belongs = open_.count != 0 && open_.size == size &&
                         (same_octets() || same_name(message, owner.at, open_owner_.at));
    if (!belongs) {
        close_run();
        open_ = {static_cast<std::uint16_t>(place_count_), 0, size};
        open_owner_ = owner;
    }
    places_[place_count_++] = static_cast<std::uint16_t>(place);
    ++open_.count;
}

void AddressRuns::close_run() {
    if (open_.count > 1) runs_[run_count_++] = open_;
    open_.count = 0;
}

}  // namespace loom::lb
