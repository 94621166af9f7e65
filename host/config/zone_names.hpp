// SPDX-License-Identifier: Apache-2.0
// The zones of a server. There may be a million, and many parts of the host look at them.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

namespace loom::host {

/// An immutable list of names, packed. Copies share it, and so do the views that it gives: they
/// live as long as the last copy. Any thread.
class ZoneNames {
public:
    class Iterator {
    public:
        using value_type = dns::NameView;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        Iterator(const ZoneNames* names, std::size_t at) : names_{names}, at_{at} {}

        dns::NameView operator*() const { return (*names_)[at_]; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator&) const = default;

    private:
        const ZoneNames* names_ = nullptr;
        std::size_t at_ = 0;
    };

    ZoneNames() = default;
    explicit ZoneNames(std::span<const dns::Name> names);

    [[nodiscard]] std::size_t size() const { return block_ ? block_->ends.size() : 0; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] dns::NameView operator[](std::size_t at) const;
    [[nodiscard]] dns::NameView front() const { return (*this)[0]; }
    [[nodiscard]] Iterator begin() const { return {this, 0}; }
    [[nodiscard]] Iterator end() const { return {this, size()}; }

    /// All names in wire form, one behind the other.
    [[nodiscard]] std::span<const std::uint8_t> octets() const;

private:
    struct Block {
        std::vector<std::uint8_t> octets;
        std::vector<std::uint32_t> ends;  ///< Of each name in `octets`.
    };

    std::shared_ptr<const Block> block_;  // Null: no names.
};

}  // namespace loom::host
