// SPDX-License-Identifier: Apache-2.0
#include "upstream_cookie.hpp"

#include <dnsloom/dns/edns.hpp>

#include <algorithm>

namespace loom::forward {

void UpstreamCookie::use_source(const Source& source, RandomIds& ids) {
    if (size_ != 0 && source == source_) return;
    source_ = source;
    ids.draw(std::span{octets_}.first(own_size));
    size_ = own_size;
    // The upstream's part was made for the old address. It still has cookies, if it had.
}

UpstreamCookie::Finding
UpstreamCookie::take(std::optional<std::span<const std::uint8_t>> data, std::uint64_t now_ns) {
    if (!data) return is_due(now_ns) ? Finding::missing : Finding::right;
    const auto cookie = dns::Cookie::read(*data);
    if (!cookie || !std::ranges::equal(cookie->client, std::span{octets_}.first(own_size)))
        return Finding::wrong;
    // Without a part of its own, the server sends back any option it does not know.
    if (cookie->server.empty()) return is_due(now_ns) ? Finding::missing : Finding::right;
    std::ranges::copy(cookie->server, octets_.begin() + own_size);
    size_ = own_size + cookie->server.size();
    seen_ = true;
    seen_ns_ = now_ns;
    return Finding::right;
}

void UpstreamCookie::forget() {
    seen_ = false;
    size_ = std::min(size_, own_size);
}

}  // namespace loom::forward
