// SPDX-License-Identifier: Apache-2.0
// Names in zone text.
#include "zone_name.hpp"

#include "zone_lexer.hpp"

#include <cstring>

namespace loom::dns {
namespace {

using Size = std::expected<std::size_t, NameErrc>;

// Writes the length of the label between its length octet and `next`.
bool close_label(std::uint8_t* length, const std::uint8_t* next, NameErrc& error) {
    const auto size = static_cast<std::size_t>(next - length) - 1;
    if (size == 0 || size > label_size_max) {
        error = size == 0 ? NameErrc::empty_label : NameErrc::label_too_long;
        return false;
    }
    *length = static_cast<std::uint8_t>(size);
    return true;
}

}  // namespace

Size parse_zone_name(
    std::string_view text, std::span<const std::uint8_t> origin, std::uint8_t* out) {
    if (text == "@") {
        std::memcpy(out, origin.data(), origin.size());
        return origin.size();
    }
    if (text == ".") {
        out[0] = 0;
        return 1;
    }

    const char* at = text.data();
    const char* const end = at + text.size();
    std::uint8_t* const limit = out + name_size_max;
    std::uint8_t* length = out;  // The length octet of the label being written.
    std::uint8_t* next = out + 1;
    bool absolute = false;
    NameErrc error{};
    while (at != end) {
        int octet = static_cast<unsigned char>(*at);
        if (octet == '.') {
            if (!close_label(length, next, error)) return std::unexpected{error};
            if (next == limit) return std::unexpected{NameErrc::name_too_long};
            length = next++;
            absolute = ++at == end;
            continue;
        }
        if (octet == '\\') {
            octet = next_octet(at, end);
            if (octet < 0) return std::unexpected{NameErrc::bad_escape};
        } else {
            ++at;
        }
        if (next == limit) return std::unexpected{NameErrc::name_too_long};
        *next++ = static_cast<std::uint8_t>(octet);
    }
    if (absolute) {
        *length = 0;
        return static_cast<std::size_t>(next - out);
    }

    if (!close_label(length, next, error)) return std::unexpected{error};
    if (static_cast<std::size_t>(limit - next) < origin.size()) {
        return std::unexpected{NameErrc::name_too_long};
    }
    std::memcpy(next, origin.data(), origin.size());
    return static_cast<std::size_t>(next - out) + origin.size();
}

}  // namespace loom::dns
