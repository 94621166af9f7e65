// SPDX-License-Identifier: Apache-2.0
#include "rendering.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <cstring>

namespace loom::cache {
namespace {

// Clears AA: what is served is a copy, whoever it came from (RFC 1035 section 4.1.1).
void set_header(uint8_t* message, const Key& key, Kind kind) {
    auto header = *dns::Header::read({message, dns::header_size});
    header.id = 0;
    header.clear(dns::flag::aa | dns::flag::tc | dns::flag::cd);
    if ((key.bits & key_cd) != 0) header.set(dns::flag::cd);
    if (kind == Kind::failure) header.records = {};
    header.write({message, dns::header_size});
}

void bound_ttls(Entry& entry, const Survey& found) {
    uint8_t* const message = entry.message();
    for (std::size_t i = 0; i < found.ttl_count; ++i) {
        uint8_t* const at = message + found.ttl_offsets[i];
        const uint32_t ttl = sane_ttl(dns::load_u32(at));
        dns::store_u32(at, std::clamp(ttl, found.record_low, found.record_high));
    }
    if (found.soa_ttl_offset != 0) dns::store_u32(message + found.soa_ttl_offset, found.soa_ttl);
}

}  // namespace

void fill(
    Entry& entry,
    Bytes message,
    const Key& key,
    const Survey& found,
    Bytes options,
    std::uint64_t now_ns) {
    entry.stored_ns = now_ns;
    entry.ttl = found.ttl;
    entry.message_size = static_cast<uint16_t>(found.size);
    entry.ttl_count = static_cast<uint16_t>(found.ttl_count);
    entry.options_size = static_cast<uint16_t>(options.size());
    entry.kind = found.kind;

    std::memcpy(entry.message(), message.data(), found.size);
    std::memcpy(entry.message() + dns::header_size, key.name.data(), key.name.size());
    set_header(entry.message(), key, found.kind);
    bound_ttls(entry, found);
    std::memcpy(entry.ttl_offsets(), found.ttl_offsets.data(), 2 * found.ttl_count);
    if (!options.empty()) std::memcpy(entry.options(), options.data(), options.size());
}

void fill_scopes(
    Entry& entry, Bytes question, const ScopeList& list, std::uint32_t ttl, std::uint64_t now_ns) {
    entry.stored_ns = now_ns;
    entry.ttl = ttl;
    entry.message_size = static_cast<uint16_t>(question.size());
    entry.ttl_count = 0;
    entry.options_size = static_cast<uint16_t>(list.octets().size());
    entry.kind = Kind::scopes;
    std::memcpy(entry.message(), question.data(), question.size());
    std::memcpy(entry.options(), list.octets().data(), list.octets().size());
}

// No TTL gets below 1 by its age: an entry ends with its smallest TTL.
void render(const Entry& entry, const Aging& aging, bool wants_ad, std::uint8_t* out) {
    std::memcpy(out, entry.message(), entry.message_size);
    const std::uint16_t* const offsets = entry.ttl_offsets();
    if (aging.all) {
        for (std::size_t i = 0; i < entry.ttl_count; ++i)
            dns::store_u32(out + offsets[i], *aging.all);
    } else if (aging.subtract != 0) {
        for (std::size_t i = 0; i < entry.ttl_count; ++i)
            dns::store_u32(out + offsets[i], dns::load_u32(out + offsets[i]) - aging.subtract);
    }
    constexpr std::size_t ad_octet = 3;
    if (!wants_ad) out[ad_octet] = static_cast<std::uint8_t>(out[ad_octet] & ~dns::flag::ad);
}

std::optional<KeptOptions>
kept_options(Bytes octets, const ClientSubnet& client, bool told, std::span<std::uint8_t> room) {
    const auto options = dns::EdnsOptions::check(octets);
    const auto scope = scope_of(octets, client);
    if (!options || !scope) return std::nullopt;
    KeptOptions result;
    result.scope = *scope;
    dns::OptionsWriter kept{room};
    for (const auto& option : *options) {
        if (option.code == dns::option_code::client_subnet) {
            const auto answered = ClientSubnet::read(option.data);
            if (told && !answered->same_network(client)) return std::nullopt;
        } else if (option.code != dns::option_code::extended_error) {
            continue;
        }
        kept.add(option.code, option.data);
    }
    result.octets = kept.options().octets();
    return result;
}

std::optional<std::uint8_t> scope_of(Bytes octets, const ClientSubnet& client) {
    const auto options = dns::EdnsOptions::check(octets);
    if (!options) return std::nullopt;
    const auto option = options->find(dns::option_code::client_subnet);
    if (!option) return 0;
    const auto answered = ClientSubnet::read(*option);
    if (!answered) return std::nullopt;
    if (answered->scope == 0) return 0;
    // Where it depends on more than was told, the next one who tells as much may be elsewhere.
    if (answered->scope > answered->source || answered->scope > client.source) return std::nullopt;
    if (!answered->shortened(answered->scope).same_network(client.shortened(answered->scope)))
        return std::nullopt;
    return answered->scope;
}

}  // namespace loom::cache
