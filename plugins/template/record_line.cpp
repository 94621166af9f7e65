// SPDX-License-Identifier: Apache-2.0
#include "record_line.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <fmt/format.h>

#include <limits>
#include <optional>

namespace loom::templates {
namespace {

constexpr std::uint64_t ttl_max = 0x7FFFFFFF;  // RFC 2181 section 8.
constexpr std::size_t shown_max = 60;          // Octets of a word in an error.

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view take_word(std::string_view& text) {
    std::size_t begin = 0;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    std::size_t end = begin;
    // A space behind a backslash belongs to the name.
    while (end < text.size() && !is_space(text[end])) end += text[end] == '\\' ? 2 : 1;
    end = std::min(end, text.size());
    const std::string_view word = text.substr(begin, end - begin);
    text.remove_prefix(end);
    return word;
}

/// `3600`, or with BIND's units: `1h30m`.
std::optional<std::uint32_t> read_ttl(std::string_view word) {
    std::uint64_t sum = 0;
    std::uint64_t number = 0;
    bool has_digits = false;
    for (const char c : word) {
        if (c >= '0' && c <= '9') {
            number = number * 10 + static_cast<unsigned>(c - '0');
            has_digits = true;
        } else {
            constexpr std::string_view letters = "smhdw";
            constexpr std::uint64_t seconds[] = {1, 60, 3600, 86'400, 604'800};
            const std::size_t unit = letters.find(static_cast<char>(c | 0x20));
            if (!has_digits || unit == letters.npos) return std::nullopt;
            sum += number * seconds[unit];
            number = 0;
            has_digits = false;
        }
        if (number > ttl_max || sum > ttl_max) return std::nullopt;
    }
    sum += number;
    if (word.empty() || sum > ttl_max) return std::nullopt;
    return static_cast<std::uint32_t>(sum);
}

/// A record class; a mnemonic such as ANY is a type, too, and then that is meant.
std::optional<std::uint16_t> read_class(std::string_view word) {
    const auto klass = dns::class_from_string(word);
    if (!klass || *klass == dns::rr_class::any || *klass == dns::rr_class::none)
        return std::nullopt;
    return klass;
}

std::string shown(std::string_view word) {
    std::string text;
    for (const char c : word.substr(0, shown_max)) text += c >= ' ' && c <= '~' ? c : '?';
    return text;
}

std::string no_type(std::string_view word) {
    if (word.empty()) return "the type is missing: write OWNER TTL CLASS TYPE DATA";
    return fmt::format(
        "\"{}\" is no type, class or TTL: write OWNER TTL CLASS TYPE DATA, as in "
        "{{{{ .Name }}}} 60 IN A 192.0.2.1",
        shown(word));
}

}  // namespace

std::expected<RecordLine, std::string> read_record(std::string_view text) {
    RecordLine record;
    const std::string_view owner = take_word(text);
    const auto name = dns::Name::from_text(owner, {});
    if (!name)
        return std::unexpected{
            fmt::format("owner \"{}\": {}", shown(owner), dns::describe(name.error()))};
    record.owner = *name;
    bool has_ttl = false;
    bool has_class = false;
    std::string_view word = take_word(text);
    for (int i = 0; i < 2; ++i, word = take_word(text)) {
        const auto ttl = has_ttl ? std::nullopt : read_ttl(word);
        const auto klass = has_class ? std::nullopt : read_class(word);
        if (ttl) {
            record.ttl = *ttl;
            has_ttl = true;
        } else if (klass) {
            record.klass = *klass;
            has_class = true;
        } else {
            break;
        }
    }
    const auto type = dns::type_from_string(word);
    if (!type) return std::unexpected{no_type(word)};
    if (dns::is_meta_type(*type))
        return std::unexpected{fmt::format("{} is no type of a record", shown(word))};
    record.type = *type;
    auto rdata = dns::rdata_from_text(record.type, text, dns::NameView{});
    if (!rdata) return std::unexpected{rdata.error().message};
    record.rdata = std::move(*rdata);
    return record;
}

std::string problem_of_form(std::string_view text, char unknown) {
    if (take_word(text).empty()) return "the owner is missing";
    bool has_ttl = false;
    bool has_class = false;
    while (true) {
        const std::string_view word = take_word(text);
        if (word.contains(unknown)) return {};
        if (!has_ttl && read_ttl(word)) {
            has_ttl = true;
        } else if (!has_class && read_class(word)) {
            has_class = true;
        } else {
            const auto type = dns::type_from_string(word);
            return type && !dns::is_meta_type(*type) ? std::string{} : no_type(word);
        }
    }
}

}  // namespace loom::templates
