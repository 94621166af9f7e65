// SPDX-License-Identifier: Apache-2.0
#include "line_format.hpp"

#include <dnsloom/nearest.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace loom::log {
namespace {

constexpr std::string_view common =
    "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" "
    "{rcode} {>rflags} {rsize} {duration}";
constexpr std::string_view combined = "{common} {>opcode}";

/// As CoreDNS writes them.
constexpr std::array<std::string_view, 19> words{
    "common",
    "combined",
    "type",
    "name",
    "class",
    "proto",
    "remote",
    "local",
    "port",
    "size",
    "duration",
    "rcode",
    "rsize",
    "kind",
    ">id",
    ">opcode",
    ">do",
    ">bufsize",
    ">rflags"};

std::optional<Field> field_of(std::string_view word, const MetaKey& meta_key) {
    const bool is_known = word.starts_with('/') || std::ranges::find(words, word) != words.end();
    if (!is_known) return std::nullopt;
    if (word.starts_with('>')) word.remove_prefix(1);
    return field_named(word, meta_key);
}

std::string unknown(std::string_view word) {
    const std::string shown = "there is no {" + std::string{word} + "}:";
    if (word.starts_with('/')) return shown + " write {/PLUGIN/FACT}, as in {/geoip/country/code}";
    return shown + suggest(word, words) + ", and {/PLUGIN/FACT}";
}

}  // namespace

std::expected<LineFormat, std::string>
LineFormat::compile(std::string_view text, const MetaKey& meta_key) {
    if (text.size() > size_max)
        return std::unexpected{
            "the format has more than " + std::to_string(size_max) + " characters"};
    LineFormat made;
    if (auto problem = made.add(text, meta_key); !problem.empty())
        return std::unexpected{std::move(problem)};
    if (made.pieces_.empty())
        return std::unexpected{
            "\"" + std::string{text} +
            "\" has no {field}: write fields, common, combined, or a text "
            "such as \"{remote} {name} {rcode}\""};
    if (made.pieces_.size() > fields_max)
        return std::unexpected{
            "the format has more than " + std::to_string(fields_max) + " fields"};
    return made;
}

/// What is wrong; empty if nothing is.
std::string LineFormat::add(std::string_view text, const MetaKey& meta_key) {
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        rest_ += text.substr(0, open);
        if (open == text.npos) break;
        const std::size_t close = text.find('}', open);
        if (close == text.npos) return "a { without its }";
        const std::string_view word = text.substr(open + 1, close - open - 1);
        text.remove_prefix(close + 1);
        if (word == "common" || word == "combined") {
            if (auto problem = add(word == "common" ? common : combined, meta_key);
                !problem.empty())
                return problem;
            if (pieces_.size() > fields_max) return {};
            continue;
        }
        const auto field = field_of(word, meta_key);
        if (!field) return unknown(word);
        pieces_.push_back({std::exchange(rest_, {}), *field});
    }
    return {};
}

void LineFormat::append_to(std::string& out, const Facts& facts) const {
    for (const Piece& piece : pieces_) {
        out += piece.text;
        append(piece.field, facts, out);
    }
    out += rest_;
}

}  // namespace loom::log
