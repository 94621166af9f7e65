// SPDX-License-Identifier: Apache-2.0
// A text as the RDATA of a TXT record.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace loom::chaos {

/// One character string (RFC 1035 section 3.3): its length, and at most 255 octets.
class CharacterString {
public:
    static constexpr std::size_t size_max = 255;

    /// What is beyond size_max is cut off.
    CharacterString(std::string_view text) : rdata_(1 + std::min(text.size(), size_max)) {
        rdata_[0] = static_cast<std::uint8_t>(rdata_.size() - 1);
        std::copy_n(text.begin(), rdata_.size() - 1, rdata_.begin() + 1);
    }

    bool empty() const { return rdata_.size() == 1; }
    std::span<const std::uint8_t> rdata() const { return rdata_; }

private:
    std::vector<std::uint8_t> rdata_;
};

}  // namespace loom::chaos
