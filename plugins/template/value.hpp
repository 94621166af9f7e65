// SPDX-License-Identifier: Apache-2.0
// A text, an integer or a boolean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace loom::templates {

enum class Kind : std::uint8_t { text, integer, boolean };

constexpr std::string_view describe(Kind kind) {
    switch (kind) {
    case Kind::text:
        return "a text";
    case Kind::integer:
        return "a number";
    case Kind::boolean:
        break;
    }
    return "true or false";
}

struct Value {
    Kind kind = Kind::text;
    std::string text{};
    std::int64_t number = 0;  ///< Of a boolean: 0 or 1.

    static Value of(std::string text) { return {Kind::text, std::move(text), 0}; }
    static Value of(std::int64_t number) { return {Kind::integer, {}, number}; }
    static Value of(bool truth) { return {Kind::boolean, {}, truth ? 1 : 0}; }

    /// As `if` sees it: the empty text and 0 are false.
    bool is_true() const { return kind == Kind::text ? !text.empty() : number != 0; }

    void append_to(std::string& out) const {
        if (kind == Kind::text)
            out += text;
        else if (kind == Kind::integer)
            out += std::to_string(number);
        else
            out += number != 0 ? "true" : "false";
    }
};

}  // namespace loom::templates
