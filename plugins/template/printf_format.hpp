// SPDX-License-Identifier: Apache-2.0
// The format of printf: text with %s, %d, %x, %03d and the like.
#pragma once

#include "value.hpp"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

class PrintfFormat {
public:
    static constexpr unsigned width_max = 255;

    /// `arguments`: what it will be given. The error says what to change.
    [[nodiscard]] static std::expected<PrintfFormat, std::string>
    parse(std::string_view text, std::span<const Kind> arguments);

    void append_to(std::string& out, std::span<const Value> arguments) const;

private:
    struct Verb {
        std::string before{};  // Text in front of it.
        char letter = 'v';
        bool zeros = false;
        bool left = false;
        unsigned width = 0;
    };
    std::vector<Verb> verbs_;
    std::string rest_;
};

}  // namespace loom::templates
