// SPDX-License-Identifier: Apache-2.0
#include "random_ids.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace loom::forward {

void fill_from_kernel(std::span<std::uint8_t> octets) {
    while (!octets.empty()) {
        const auto got = ::getrandom(octets.data(), octets.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        // A guessable id is worse than a query that fails.
        if (got < 0) throw std::system_error{errno, std::generic_category(), "getrandom"};
        octets = octets.subspan(static_cast<std::size_t>(got));
    }
}

const std::uint8_t* RandomIds::take(std::size_t size) {
    if (octets_.size() - used_ < size) {
        fill_(octets_);
        used_ = 0;
    }
    const auto* at = octets_.data() + used_;
    used_ += size;
    return at;
}

std::uint16_t RandomIds::id() {
    std::uint16_t value = 0;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
}

void RandomIds::draw(std::span<std::uint8_t> octets) {
    std::memcpy(octets.data(), take(octets.size()), octets.size());
}

std::uint32_t RandomIds::below(std::uint32_t bound) {
    std::uint32_t value = 0;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return static_cast<std::uint32_t>(std::uint64_t{value} * bound >> 32U);
}

}  // namespace loom::forward
