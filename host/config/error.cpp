// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace loom::host {
namespace {

std::uint8_t octet(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

/// Octets of the UTF-8 sequence that a lead octet begins, 0 if it begins none (RFC 3629).
std::size_t sequence_size(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// How many octets at `at` may be shown as they are: one character, or 0.
std::size_t showable(std::string_view text, std::size_t at) {
    const auto lead = octet(text, at);
    if (lead < 0x20 || lead == 0x7F) return 0;
    const auto second = octet(text, at + 1);
    // The control characters U+0080 to U+009F move cursors just as those below U+0020 do.
    if (lead == 0xC2 && second < 0xA0) return 0;
    // Overlong forms and surrogates.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    const auto size = sequence_size(lead);
    for (std::size_t i = 1; i < size; ++i) {
        if ((octet(text, at + i) & 0xC0U) != 0x80U) return 0;
    }
    return size;
}

}  // namespace

Error join(std::span<const Error> errors) {
    Error all;
    if (!errors.empty()) all.failure = errors.front().failure;
    for (const Error& error : errors) {
        if (!all.text.empty()) all.text += '\n';
        all.text += error.text;
    }
    return all;
}

std::string printable(std::string_view text, std::size_t size_max) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (out.size() >= size_max) return out + "...";
        const auto size = showable(text, at);
        if (size == 0) {
            out += fmt::format("\\x{:02X}", octet(text, at));
            ++at;
            continue;
        }
        out += text.substr(at, size);
        at += size;
    }
    return out;
}

std::string quoted(std::string_view text) { return '"' + printable(text) + '"'; }
std::string quoted(const std::string& text) { return quoted(std::string_view{text}); }
std::string quoted(const char* text) { return quoted(std::string_view{text}); }

}  // namespace loom::host
