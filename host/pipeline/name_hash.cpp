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

bool HashedName::assign(
    const HashKey& key, std::span<const std::uint8_t> wire, std::size_t readable) {
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
    if (readable >= at + name_slack) [[likely]] {
        take(key, wire.data());
    } else {
        std::array<std::uint8_t, dns::name_size_max + name_slack> copy{};
        std::memcpy(copy.data(), wire.data(), at);
        take(key, copy.data());
    }
    return true;
}

// Every load is from `source`: loads that overlap stores made just before would wait for them.
void HashedName::take(const HashKey& key, const std::uint8_t* source) {
    for (std::size_t i = 0; i < size; i += 16) std::memcpy(octets.data() + i, source + i, 16);
    for (std::size_t i = 0; i < size; i += 8) {
        const std::uint64_t folded = fold_case(load_u64(source + i));
        std::memcpy(lower.data() + i, &folded, sizeof folded);
    }
    std::uint64_t hash = hash_root(key);
    suffix_hash[label_count] = hash;
    for (unsigned i = label_count; i-- != 0;) {
        hash = hash_label(key, hash, source + label_offset[i]);
        suffix_hash[i] = hash;
    }
}

}  // namespace loom::host
