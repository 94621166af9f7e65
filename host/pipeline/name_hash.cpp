// SPDX-License-Identifier: Apache-2.0
#include "name_hash.hpp"

#include <algorithm>

#include <sys/random.h>

namespace loom::host {

HashKey HashKey::random() {
    HashKey key;
    // Before the pool is ready getrandom() blocks, and 16 octets always come whole.
    while (::getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) {}
    key.factor |= 1;
    return key;
}

std::uint64_t hash_name(const HashKey& key, dns::NameView name) {
    HashedName hashed;
    if (!hashed.assign(key, name.octets())) return 0;
    return hashed.suffix_hash[0];
}

bool HashedName::assign(const HashKey& key, std::span<const std::uint8_t> wire) {
    const std::size_t limit = std::min(wire.size(), dns::name_size_max);
    std::size_t at = 0;
    unsigned labels = 0;
    while (true) {
        if (at >= limit) return false;
        const std::uint8_t length = wire[at];
        if (length > dns::label_size_max) return false;
        label_offset[labels] = static_cast<std::uint8_t>(at);
        at += std::size_t{1} + length;
        if (length == 0) break;
        ++labels;
    }
    size = static_cast<std::uint8_t>(at);
    label_count = static_cast<std::uint8_t>(labels);
    std::memcpy(octets.data(), wire.data(), at);
    for (std::size_t i = 0; i < at; i += 8) {
        const std::uint64_t folded = fold_case(load_u64(octets.data() + i));
        std::memcpy(lower.data() + i, &folded, sizeof folded);
    }
    std::uint64_t hash = hash_root(key);
    suffix_hash[labels] = hash;
    for (unsigned i = labels; i-- != 0;) {
        hash = hash_label(key, hash, lower.data() + label_offset[i]);
        suffix_hash[i] = hash;
    }
    return true;
}

}  // namespace loom::host
