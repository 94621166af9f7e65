// SPDX-License-Identifier: Apache-2.0
// Where each zone was first seen.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <unordered_map>

namespace loom::host {

struct NameHash {
    std::size_t operator()(dns::NameView name) const { return name.hash(); }
};

struct NameEqual {
    bool operator()(dns::NameView a, dns::NameView b) const { return a.equals(b); }
};

/// The names are borrowed.
template <class T>
using ZoneMap = std::unordered_map<dns::NameView, T, NameHash, NameEqual>;

}  // namespace loom::host
