// SPDX-License-Identifier: Apache-2.0
// How often an address of a name is to be the first one.
#pragma once

#include <dnsloom/dns/ip_address.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace loom::lb {

inline constexpr std::uint32_t weight_default = 1;
inline constexpr std::uint32_t weight_max = 255;

/// The addresses of one name, sorted.
class NameWeights {
public:
    /// False if the address has a weight already.
    bool add(const dns::IpAddress& address, std::uint32_t weight);
    /// 1 for an address that has none.
    std::uint32_t weight(const dns::IpAddress& address) const;

private:
    struct Entry {
        dns::IpAddress address;
        std::uint32_t weight;
    };
    std::vector<Entry> entries_;
};

/// The weights of many names. Does not change once it is built, so that workers may share it.
class WeightTable {
public:
    using Hash = std::function<std::uint64_t(Bytes)>;  ///< loom_host.hash_name.

    /// False if the address has a weight under this name already.
    bool
    add(dns::NameView name, const dns::IpAddress& address, std::uint32_t weight, const Hash& hash);

    /// nullptr if the name has none. `hash` is the name's, `lower` its lower-case form.
    const NameWeights* find(std::uint64_t hash, Bytes lower) const;
    std::size_t size() const { return names_.size(); }

    /// Reads CoreDNS's format: a line with a name, then lines with an address of it and a weight;
    /// `#` begins a comment. The error names line and remedy: `3: ...`.
    static std::expected<WeightTable, std::string> parse(std::string_view text, const Hash& hash);
    /// Reads a file. The error begins with its path.
    static std::expected<WeightTable, std::string> load(const std::string& path, const Hash& hash);

    static constexpr std::size_t file_size_max = std::size_t{8} << 20U;

private:
    struct Named {
        dns::Name name;
        NameWeights weights;
    };
    std::unordered_multimap<std::uint64_t, Named> names_;

    NameWeights& place(const dns::Name& lower, const Hash& hash);
};

}  // namespace loom::lb
