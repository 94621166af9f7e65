// SPDX-License-Identifier: Apache-2.0
// Which server answers: the longest zone that is a suffix of the name.
#pragma once

#include "name_hash.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace loom::host {

/// The zones of all servers on one listener, in one hash table over the suffix hashes that a query
/// comes with. What a look-up costs depends on how deep zones lie, not on how many there are.
class Router {
public:
    struct Route {
        std::uint32_t server = 0;
        dns::NameView zone;
    };

    /// `zone` is in lower case and must outlive the router. Of servers with the same zone the first
    /// that was added comes first; they are added in the order of their numbers.
    void add(const HashKey& key, dns::NameView zone, std::uint32_t server);

    /// DS belongs to the parent's side of a cut (RFC 4035 section 3.1.4.1): it goes to the server of
    /// the zone above, if there is one.
    [[nodiscard]] std::optional<Route> find(const loom_query& query) const;

    /// The one that comes after `route` where that does not want the query: the next server with the
    /// same zone, then the zones above.
    [[nodiscard]] std::optional<Route> find_next(const loom_query& query, const Route& route) const;

    std::size_t size() const { return count_; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        const std::uint8_t* name = nullptr;
        std::uint32_t server = 0;
        std::uint32_t size = 0;  // Of the name; 0: empty.
    };

    /// A server whose zone another one has, too.
    struct Sharer {
        const std::uint8_t* name = nullptr;  // Of the zone's slot.
        std::uint32_t server = 0;

        friend auto operator<=>(const Sharer&, const Sharer&) = default;
    };

    static Route route_of(const Slot& slot) {
        return {slot.server, dns::NameView::from_trusted({slot.name, slot.size})};
    }
    /// The zone of `depth` labels that the query is in.
    const Slot* find_at(const loom_query& query, unsigned depth) const;
    const Slot* find_exact(std::uint64_t hash, std::span<const std::uint8_t> name) const;
    void grow();
    void insert(const Slot& slot);

    std::vector<Slot> slots_;
    std::vector<Sharer> sharers_;  // Sorted.
    std::size_t count_ = 0;
    std::array<bool, dns::labels_max + 1> depths_{};  // By label count: some zone has it.
    unsigned depth_max_ = 0;
};

}  // namespace loom::host
