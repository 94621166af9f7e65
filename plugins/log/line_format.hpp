// SPDX-License-Identifier: Apache-2.0
// CoreDNS's format of a line: text with {remote}, {>id}, {/geoip/country/code} in it.
#pragma once

#include "facts.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::log {

class LineFormat {
public:
    static constexpr std::size_t size_max = 4096;  ///< Octets of its text.
    static constexpr std::size_t fields_max = 128;

    /// `{common}` and `{combined}` stand for CoreDNS's lines. The error says what to change.
    [[nodiscard]] static std::expected<LineFormat, std::string>
    compile(std::string_view text, const MetaKey& meta_key);

    void append_to(std::string& out, const Facts& facts) const;

private:
    struct Piece {
        std::string text;  // In front of the field.
        Field field;
    };
    std::string add(std::string_view text, const MetaKey& meta_key);

    std::vector<Piece> pieces_;
    std::string rest_;
};

}  // namespace loom::log
