// SPDX-License-Identifier: Apache-2.0
// What is told about a client: the facts, their names, and their values as text.
#pragma once

#include "database.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loom::geoip {

/// The names under which other plugins find the facts (service "loom.meta/1"), those of places
/// first, then those of networks.
inline constexpr std::array fact_names{
    std::string_view{"geoip/city/name"},
    std::string_view{"geoip/country/code"},
    std::string_view{"geoip/country/name"},
    std::string_view{"geoip/country/is_in_european_union"},
    std::string_view{"geoip/continent/code"},
    std::string_view{"geoip/continent/name"},
    std::string_view{"geoip/latitude"},
    std::string_view{"geoip/longitude"},
    std::string_view{"geoip/timezone"},
    std::string_view{"geoip/postalcode"},
    std::string_view{"geoip/subdivisions/code"},
    std::string_view{"geoip/asn/number"},
    std::string_view{"geoip/asn/org"},
};

/// The values of one client. What the database does not say is empty; what is beyond the room of all
/// values is empty, too.
class Facts {
public:
    Facts() = default;
    Facts(const Database& database, const Place& place);

    std::string_view text(std::size_t fact) const {
        const std::size_t begin = fact == 0 ? 0 : ends_[fact - 1];
        return all().substr(begin, ends_[fact] - begin);
    }
    /// All values, one behind the other.
    std::string_view all() const { return {octets_.data(), ends_.back()}; }
    std::size_t end(std::size_t fact) const { return ends_[fact]; }

private:
    class Writer;

    std::array<std::uint16_t, fact_names.size()> ends_{};
    std::array<char, 1000> octets_;
};

}  // namespace loom::geoip
