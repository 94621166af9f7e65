// SPDX-License-Identifier: Apache-2.0
// Comparing tables name by name.

#include "changes.hpp"

#include <dnsloom/abi/service/events.h>
#include <dnsloom/dns/codes.hpp>

#include <algorithm>

namespace loom::hosts {

std::vector<Change> changes_between(
    const Host& host, const HostTable& before, const HostTable& after, std::size_t most) {
    std::vector<Change> changes;
    const auto note = [&](const Node& node, bool is_wildcard) {
        if (changes.size() > most) return;
        changes.push_back(
            {is_wildcard ? LOOM_EVENT_ZONE_CHANGED : LOOM_EVENT_NAME_CHANGED,
             dns::Name{dns::NameView::from_trusted(node.name())}});
    };
    after.each([&](const Node& node, bool is_wildcard) {
        const Node old = before.find(host, node.name(), is_wildcard);
        const auto records = node.records(dns::rr_type::any);
        if (!old || !std::ranges::equal(old.records(dns::rr_type::any).octets, records.octets))
            note(node, is_wildcard);
    });
    before.each([&](const Node& node, bool is_wildcard) {
        if (!after.find(host, node.name(), is_wildcard)) note(node, is_wildcard);
    });
    return changes;
}

}  // namespace loom::hosts
