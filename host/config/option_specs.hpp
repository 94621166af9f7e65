// SPDX-License-Identifier: Apache-2.0
// A plugin's declarations of options, whose structs may be larger than this host's.
#pragma once

#include <dnsloom/abi/options.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace loom::host {

/// A declared text as a view.
constexpr std::string_view view(loom_str text) {
    return text.size != 0 ? std::string_view{text.data, text.size} : std::string_view{};
}

/// The declarations of a plugin or of a table. Borrows them.
class OptionSpecs {
public:
    OptionSpecs(const loom_option_spec* first, std::uint32_t count)
        : first_{first}, count_{first ? count : 0} {}

    /// Whether the structs have at least the fields that this host reads.
    bool readable() const { return count_ == 0 || first_->size >= sizeof(loom_option_spec); }

    std::uint32_t size() const { return count_; }
    /// A newer plugin's structs are larger: each says how far it is to the next.
    const loom_option_spec& operator[](std::uint32_t index) const {
        const auto* octets = reinterpret_cast<const std::byte*>(first_);
        return *reinterpret_cast<const loom_option_spec*>(
            octets + std::size_t{first_->size} * index);
    }
    const loom_option_spec* find(std::string_view name) const;
    std::vector<std::string_view> names() const;

private:
    const loom_option_spec* first_;
    std::uint32_t count_;
};

/// The allowed texts of an option, which stand in one with '|' between them; empty: any.
[[nodiscard]] std::vector<std::string_view> choices_of(const loom_option_spec& spec);

}  // namespace loom::host
