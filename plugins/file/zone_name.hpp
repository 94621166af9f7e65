// SPDX-License-Identifier: Apache-2.0
// Names as the zone has them: relative to the apex, in lower case, in the canonical order.
#pragma once

#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace loom::file {

/// The octets of `name` in front of `apex`; nothing if it is not at or below it. The octets of
/// wire names are given as they are, those of `apex` in lower case.
std::optional<std::size_t> relative_size(Bytes name, Bytes apex);

/// Copies with ASCII letters in lower case; `size` octets.
void copy_lower(std::uint8_t* out, const std::uint8_t* from, std::size_t size);

/// True if the relative name is `ancestor` or below it.
bool is_at_or_below(Bytes relative, Bytes ancestor);

/// Orders relative names of one zone canonically (RFC 4034 section 6.1). Negative, 0, positive.
int compare_canonically(Bytes a, Bytes b);

/// Eight octets that order names as compare_canonically() does, as far as they go.
std::uint64_t canonical_key(Bytes relative);

/// A name put together in place: some labels, then a relative name, then the apex.
class WholeName {
public:
    /// Lower-cases `relative`. Holds what fits; too long names are not ok().
    WholeName(Bytes relative, Bytes apex);
    /// `*` in front.
    static WholeName wildcard(Bytes relative, Bytes apex);

    bool ok() const { return ok_; }
    Bytes octets() const { return {octets_.data(), size_}; }
    Bytes relative() const { return {octets_.data(), relative_size_}; }

private:
    WholeName() = default;
    void put(Bytes octets);

    std::array<std::uint8_t, dns::name_size_max> octets_;
    std::size_t size_ = 0;
    std::size_t relative_size_ = 0;
    bool ok_ = true;
};

}  // namespace loom::file
