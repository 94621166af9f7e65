// SPDX-License-Identifier: Apache-2.0
// Relative names: splitting, lower-casing, ordering.

#include "zone_name.hpp"

#include <algorithm>
#include <cstring>

namespace loom::file {

namespace {

constexpr std::uint8_t lower(std::uint8_t octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet | 0x20U) : octet;
}

// Where the labels of a name start, so that it can be read from the right.
struct LabelStarts {
    explicit LabelStarts(Bytes name) {
        for (std::size_t at = 0; at < name.size(); at += std::size_t{1} + name[at])
            starts[count++] = static_cast<std::uint8_t>(at);
    }
    std::array<std::uint8_t, dns::labels_max + 1> starts;
    unsigned count = 0;
};

int compare_labels(const std::uint8_t* a, const std::uint8_t* b) {
    const int order = std::memcmp(a + 1, b + 1, std::min(a[0], b[0]));
    return order != 0 ? order : int{a[0]} - int{b[0]};
}

}  // namespace

std::optional<std::size_t> relative_size(Bytes name, Bytes apex) {
    if (name.size() < apex.size()) return std::nullopt;
    const std::size_t front = name.size() - apex.size();
    std::size_t at = 0;
    while (at < front) at += std::size_t{1} + name[at];
    if (at != front) return std::nullopt;
    for (std::size_t i = 0; i < apex.size(); ++i)
        if (lower(name[front + i]) != apex[i]) return std::nullopt;
    return front;
}

void copy_lower(std::uint8_t* out, const std::uint8_t* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = lower(from[i]);
}

bool is_at_or_below(Bytes relative, Bytes ancestor) {
    if (relative.size() < ancestor.size()) return false;
    const std::size_t front = relative.size() - ancestor.size();
    std::size_t at = 0;
    while (at < front) at += std::size_t{1} + relative[at];
    return at == front && std::ranges::equal(relative.subspan(front), ancestor);
}

int compare_canonically(Bytes a, Bytes b) {
    const LabelStarts left{a};
    const LabelStarts right{b};
    const unsigned common = std::min(left.count, right.count);
    for (unsigned i = 1; i <= common; ++i) {
        const int order = compare_labels(
            a.data() + left.starts[left.count - i], b.data() + right.starts[right.count - i]);
        if (order != 0) return order;
    }
    return static_cast<int>(left.count) - static_cast<int>(right.count);
}

std::uint64_t canonical_key(Bytes relative) {
    // Labels from the right, each ended by 0; octets 0 and 1 are escaped to stay above that.
    const LabelStarts labels{relative};
    std::uint64_t key = 0;
    unsigned filled = 0;
    const auto put = [&](std::uint8_t octet) {
        if (filled < sizeof key) key = key << 8U | octet;
        ++filled;
    };
    for (unsigned i = labels.count; i-- > 0 && filled < sizeof key;) {
        const std::uint8_t* label = relative.data() + labels.starts[i];
        for (unsigned j = 1; j <= label[0] && filled < sizeof key; ++j) {
            if (label[j] <= 1) {
                put(1);
                put(static_cast<std::uint8_t>(label[j] + 1));
            } else {
                put(label[j]);
            }
        }
        put(0);
    }
    while (filled < sizeof key) put(0);
    return key;
}

WholeName::WholeName(Bytes relative, Bytes apex) {
    put(relative);
    relative_size_ = size_;
    put(apex);
}

WholeName WholeName::wildcard(Bytes relative, Bytes apex) {
    static constexpr std::uint8_t star[] = {1, '*'};
    WholeName name;
    name.put(star);
    name.put(relative);
    name.relative_size_ = name.size_;
    name.put(apex);
    return name;
}

void WholeName::put(Bytes octets) {
    if (octets_.size() - size_ < octets.size()) {
        ok_ = false;
        return;
    }
    copy_lower(octets_.data() + size_, octets.data(), octets.size());
    size_ += octets.size();
}

}  // namespace loom::file
