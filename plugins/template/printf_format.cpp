// SPDX-License-Identifier: Apache-2.0
#include "printf_format.hpp"

#include <fmt/format.h>

namespace loom::templates {
namespace {

bool takes(char letter, Kind kind) {
    switch (letter) {
    case 'v':
        return true;
    case 's':
        return kind == Kind::text;
    case 't':
        return kind == Kind::boolean;
    case 'd':
    case 'b':
    case 'o':
        return kind == Kind::integer;
    case 'x':
    case 'X':
        return kind != Kind::boolean;
    default:
        return false;
    }
}

std::string in_base(std::int64_t number, char letter) {
    switch (letter) {
    case 'b':
        return fmt::format("{:b}", number);
    case 'o':
        return fmt::format("{:o}", number);
    case 'x':
        return fmt::format("{:x}", number);
    case 'X':
        return fmt::format("{:X}", number);
    default:
        return std::to_string(number);
    }
}

std::string hexadecimal(std::string_view text, char letter) {
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        out += letter == 'x' ? fmt::format("{:02x}", octet) : fmt::format("{:02X}", octet);
    }
    return out;
}

std::string shown(const Value& value, char letter) {
    if (value.kind == Kind::integer) return in_base(value.number, letter);
    if (value.kind == Kind::text && (letter == 'x' || letter == 'X'))
        return hexadecimal(value.text, letter);
    std::string text;
    value.append_to(text);
    return text;
}

}  // namespace

std::expected<PrintfFormat, std::string>
PrintfFormat::parse(std::string_view text, std::span<const Kind> arguments) {
    PrintfFormat made;
    std::string before;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            before += text[i];
            continue;
        }
        Verb verb;
        for (++i; i < text.size() && (text[i] == '0' || text[i] == '-'); ++i)
            (text[i] == '0' ? verb.zeros : verb.left) = true;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
            verb.width = verb.width * 10 + static_cast<unsigned>(text[i] - '0');
            if (verb.width > width_max)
                return std::unexpected{fmt::format("printf: {} is the largest width", width_max)};
        }
        if (i == text.size()) return std::unexpected{"printf: write %% for a percent sign"};
        verb.letter = text[i];
        if (verb.letter == '%') {
            before += '%';
            continue;
        }
        const std::size_t which = made.verbs_.size();
        if (!std::string_view{"vstdboxX"}.contains(verb.letter))
            return std::unexpected{fmt::format(
                "printf: there is no %{}: write %s, %d, %x, %X, %o, %b, %t or %v",
                verb.letter >= ' ' && verb.letter <= '~' ? verb.letter : '?')};
        if (which >= arguments.size())
            return std::unexpected{fmt::format("printf: there is nothing for %{}", verb.letter)};
        if (!takes(verb.letter, arguments[which]))
            return std::unexpected{
                fmt::format("printf: %{} is not for {}", verb.letter, describe(arguments[which]))};
        verb.before.swap(before);
        made.verbs_.push_back(std::move(verb));
    }
    if (made.verbs_.size() < arguments.size())
        return std::unexpected{fmt::format(
            "printf: {} values, and the text has room for {}",
            arguments.size(),
            made.verbs_.size())};
    made.rest_ = std::move(before);
    return made;
}

void PrintfFormat::append_to(std::string& out, std::span<const Value> arguments) const {
    for (std::size_t i = 0; i < verbs_.size(); ++i) {
        const Verb& verb = verbs_[i];
        out += verb.before;
        std::string text = shown(arguments[i], verb.letter);
        const std::size_t missing = verb.width > text.size() ? verb.width - text.size() : 0;
        if (verb.left) {
            text.append(missing, ' ');
        } else if (verb.zeros) {
            const bool has_sign = arguments[i].kind == Kind::integer && text.starts_with('-');
            text.insert(has_sign ? 1 : 0, missing, '0');
        } else {
            text.insert(0, missing, ' ');
        }
        out += text;
    }
    out += rest_;
}

}  // namespace loom::templates
