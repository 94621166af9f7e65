// SPDX-License-Identifier: Apache-2.0
// Where the labels of a name begin, for walks from the root leftwards.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace loom::dns {

class LabelStarts {
public:
    explicit LabelStarts(NameView name) : name_{name.data()} {
        for (std::size_t at = 0; name_[at] != 0; at += std::size_t{1} + name_[at]) {
            starts_[size_++] = static_cast<std::uint8_t>(at);
        }
    }

    std::size_t size() const { return size_; }
    std::size_t offset(std::size_t index) const { return starts_[index]; }
    Label label(std::size_t index) const {
        const std::uint8_t* const at = name_ + starts_[index];
        return {at + 1, *at};
    }

private:
    const std::uint8_t* name_;
    std::size_t size_ = 0;
    std::array<std::uint8_t, labels_max> starts_;
};

}  // namespace loom::dns
