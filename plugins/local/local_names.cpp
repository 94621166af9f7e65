// SPDX-License-Identifier: Apache-2.0
#include "local_names.hpp"

#include <dnsloom/dns/name.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace loom::local {
namespace {

constexpr std::uint8_t localhost_label[] = {9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't'};
constexpr std::uint8_t ipv4_zone_labels = 3;
constexpr std::uint8_t ipv6_labels = 34;

std::uint64_t hash_of(const Host& host, std::string_view text) {
    return host.hash_name(dns::Name::from_text(text)->octets());
}

std::string ipv6_loopback_name() {
    std::string text = "1.";
    for (int i = 0; i < 31; ++i) text += "0.";
    return text + "ip6.arpa.";
}

// The name's last `labels` labels; it must have so many.
loom_bytes suffix(const loom_query& query, std::uint8_t labels) {
    const std::size_t offset = query.label_offset[query.label_count - labels];
    return {query.qname.data + offset, query.qname.size - offset};
}

}  // namespace

Names::Names(const Host& host)
    : localhost_{hash_of(host, "localhost.")},
      ipv4_zones_{
          hash_of(host, "0.in-addr.arpa."),
          hash_of(host, "127.in-addr.arpa."),
          hash_of(host, "255.in-addr.arpa.")},
      between_{hash_of(host, "0.127.in-addr.arpa."), hash_of(host, "0.0.127.in-addr.arpa.")},
      ipv4_loopback_{hash_of(host, "1.0.0.127.in-addr.arpa.")},
      ipv6_loopback_{hash_of(host, ipv6_loopback_name())} {}

Found Names::find(const loom_query& query) const {
    const std::uint8_t labels = query.label_count;
    if (labels >= 1 && query.suffix_hash[labels - 1] == localhost_)
        return {labels == 1 ? Place::localhost : Place::below_localhost, suffix(query, 1)};
    if (labels >= ipv4_zone_labels &&
        std::ranges::find(ipv4_zones_, query.suffix_hash[labels - ipv4_zone_labels]) !=
            ipv4_zones_.end())
        return find_ipv4(query);
    if (labels >= ipv6_labels && query.suffix_hash[labels - ipv6_labels] == ipv6_loopback_)
        return {
            labels == ipv6_labels ? Place::loopback : Place::nowhere, suffix(query, ipv6_labels)};
    return {};
}

Found Names::find_ipv4(const loom_query& query) const {
    const loom_bytes zone = suffix(query, ipv4_zone_labels);
    const std::uint64_t hash = query.suffix_hash[0];
    if (query.label_count == ipv4_zone_labels) return {Place::apex, zone};
    if (hash == ipv4_loopback_) return {Place::loopback, zone};
    if (std::ranges::find(between_, hash) != between_.end()) return {Place::between, zone};
    return {Place::nowhere, zone};
}

bool Names::begins_with_localhost(const loom_query& query) {
    return query.label_count > 1 && query.qname_lower.data[0] == localhost_label[0] &&
           std::memcmp(query.qname_lower.data, localhost_label, sizeof localhost_label) == 0;
}

}  // namespace loom::local
