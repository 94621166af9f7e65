// SPDX-License-Identifier: Apache-2.0
// For tests: writes small databases in MaxMind's format, version 2.0
// (https://maxmind.github.io/MaxMind-DB/).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::geoip::test {

/// A value as it stands in the file.
using Encoded = std::string;
using Fields = std::vector<std::pair<std::string_view, Encoded>>;

namespace detail {

inline Encoded big_endian(std::uint64_t value, std::size_t size) {
    Encoded out;
    for (std::size_t i = size; i-- > 0;) out += static_cast<char>(value >> (8 * i));
    return out;
}

/// The octets in front of a value. Sizes below 285.
inline Encoded control(unsigned type, std::size_t size) {
    constexpr unsigned extended = 7;
    Encoded out;
    const std::size_t low = std::min<std::size_t>(size, 29);
    out += static_cast<char>((type > extended ? 0 : type << 5U) | low);
    if (type > extended) out += static_cast<char>(type - extended);
    if (size >= 29) out += static_cast<char>(size - 29);
    return out;
}

}  // namespace detail

inline Encoded text(std::string_view value) {
    return detail::control(2, value.size()) + Encoded{value};
}
inline Encoded real(double value) {
    return detail::control(3, 8) + detail::big_endian(std::bit_cast<std::uint64_t>(value), 8);
}
inline Encoded uint16(std::uint16_t value) {
    return detail::control(5, 2) + detail::big_endian(value, 2);
}
inline Encoded uint32(std::uint32_t value) {
    return detail::control(6, 4) + detail::big_endian(value, 4);
}
inline Encoded uint64(std::uint64_t value) {
    return detail::control(9, 8) + detail::big_endian(value, 8);
}
inline Encoded truth(bool value) { return detail::control(14, value ? 1 : 0); }
inline Encoded map(const Fields& fields) {
    Encoded out = detail::control(7, fields.size());
    for (const auto& [key, value] : fields) out += text(key) + value;
    return out;
}
inline Encoded list(const std::vector<Encoded>& values) {
    Encoded out = detail::control(11, values.size());
    for (const Encoded& value : values) out += value;
    return out;
}

/// A database of IPv6 and IPv4 addresses; the latter are in ::/96.
class MmdbWriter {
public:
    explicit MmdbWriter(std::string_view type) : type_{type} {}

    /// Networks must not overlap. An IPv4 network has four octets.
    MmdbWriter& add(std::span<const std::uint8_t> address, unsigned length, const Encoded& value) {
        std::array<std::uint8_t, 16> whole{};
        std::ranges::copy(address, whole.end() - static_cast<std::ptrdiff_t>(address.size()));
        if (address.size() == 4) length += 96;
        std::size_t node = 0;
        for (unsigned bit = 0; bit < length; ++bit) {
            const unsigned side = whole[bit / 8] >> (7 - bit % 8) & 1U;
            Record& record = nodes_[node][side];
            if (bit + 1 == length) {
                record = {Kind::data, data_.size()};
            } else if (record.kind == Kind::node) {
                node = record.value;
            } else {
                record = {Kind::node, nodes_.size()};
                node = nodes_.size();
                nodes_.emplace_back();  // `record` is void from here on.
            }
        }
        data_ += value;
        return *this;
    }

    Encoded file() const {
        Encoded out;
        for (const Node& node : nodes_)
            for (const Record& record : node) out += detail::big_endian(number(record), 3);
        out += Encoded(16, '\0') + data_ + "\xAB\xCD\xEFMaxMind.com";
        return out + map(
                         {{"node_count", uint32(static_cast<std::uint32_t>(nodes_.size()))},
                          {"record_size", uint16(24)},
                          {"ip_version", uint16(6)},
                          {"database_type", text(type_)},
                          {"languages", list({text("en")})},
                          {"binary_format_major_version", uint16(2)},
                          {"binary_format_minor_version", uint16(0)},
                          {"build_epoch", uint64(1'700'000'000)},
                          {"description", map({{"en", text("for tests")}})}});
    }
    void write(const std::string& path) const { std::ofstream{path, std::ios::binary} << file(); }

private:
    enum class Kind : std::uint8_t { nothing, node, data };
    struct Record {
        Kind kind = Kind::nothing;
        std::size_t value = 0;  ///< A node's number or an offset in the data.
    };
    using Node = std::array<Record, 2>;

    std::uint64_t number(const Record& record) const {
        constexpr std::size_t separator = 16;
        if (record.kind == Kind::node) return record.value;
        if (record.kind == Kind::nothing) return nodes_.size();
        return nodes_.size() + separator + record.value;
    }

    std::string type_;
    std::vector<Node> nodes_ = std::vector<Node>(1);
    Encoded data_;
};

}  // namespace loom::geoip::test
