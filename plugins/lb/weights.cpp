// SPDX-License-Identifier: Apache-2.0
#include "weights.hpp"

#include <dnsloom/dns/ip_network.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

namespace loom::lb {
namespace {

constexpr std::string_view blanks = " \t\r";

/// Takes the next word off a line; empty at its end.
std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

std::optional<std::uint32_t> read_weight(std::string_view text) {
    std::uint32_t weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (weight == 0 || weight > weight_max) return std::nullopt;
    return weight;
}

/// One line after the other into a table.
class LineReader {
public:
    LineReader(WeightTable& table, const WeightTable::Hash& hash) : table_{table}, hash_{hash} {}

    /// What is wrong with the line; empty if nothing is.
    std::string read(std::string_view line) {
        line = line.substr(0, line.find('#'));
        const auto first = next_word(line);
        const auto second = next_word(line);
        if (first.empty()) return {};
        if (!next_word(line).empty())
            return "more than two words: write a name alone, or an address and its weight";
        return second.empty() ? read_name(first) : read_address(first, second);
    }

private:
    std::string read_name(std::string_view text) {
        if (dns::parse_address(text)) {
            return fmt::format(
                "{} has no weight: write one from 1 to {} behind it", text, weight_max);
        }
        auto name = dns::Name::from_text(text);
        if (!name) {
            return fmt::format(
                "\"{}\" is no name ({}): write one such as www.example.org",
                text,
                dns::describe(name.error()));
        }
        name_ = *name;
        return {};
    }
    std::string read_address(std::string_view text, std::string_view weight_text) {
        const auto address = dns::parse_address(text);
        if (!address) return address.error();
        const auto weight = read_weight(weight_text);
        if (!weight) {
            return fmt::format(
                "\"{}\" is no weight: write a number from 1 to {}", weight_text, weight_max);
        }
        if (!name_) return "an address before the first name: write its name on a line above";
        if (!table_.add(*name_, *address, *weight, hash_)) {
            return fmt::format("{} has two weights under {}: leave one", text, name_->to_string());
        }
        return {};
    }

    WeightTable& table_;
    const WeightTable::Hash& hash_;
    std::optional<dns::Name> name_;
};

}  // namespace

bool NameWeights::add(const dns::IpAddress& address, std::uint32_t weight) {
    const auto at = std::ranges::lower_bound(entries_, address, {}, &Entry::address);
    if (at != entries_.end() && at->address == address) return false;
    entries_.insert(at, {address, weight});
    return true;
}

std::uint32_t NameWeights::weight(const dns::IpAddress& address) const {
    const auto at = std::ranges::lower_bound(entries_, address, {}, &Entry::address);
    return at != entries_.end() && at->address == address ? at->weight : weight_default;
}

NameWeights& WeightTable::place(const dns::Name& lower, const Hash& hash) {
    const std::uint64_t key = hash(lower.octets());
    const auto [begin, end] = names_.equal_range(key);
    for (auto at = begin; at != end; ++at)
        if (at->second.name.equals(lower)) return at->second.weights;
    return names_.emplace(key, Named{lower, {}})->second.weights;
}

bool WeightTable::add(
    dns::NameView name, const dns::IpAddress& address, std::uint32_t weight, const Hash& hash) {
    dns::Name lower{name};
    lower.lower();
    return place(lower, hash).add(address, weight);
}

const NameWeights* WeightTable::find(std::uint64_t hash, Bytes lower) const {
    const auto [begin, end] = names_.equal_range(hash);
    for (auto at = begin; at != end; ++at) {
        const Bytes name = at->second.name.octets();
        if (std::ranges::equal(name, lower)) return &at->second.weights;
    }
    return nullptr;
}

std::expected<WeightTable, std::string>
WeightTable::parse(std::string_view text, const Hash& hash) {
    WeightTable table;
    LineReader reader{table, hash};
    std::size_t number = 0;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        ++number;
        if (const auto fault = reader.read(line); !fault.empty())
            return std::unexpected{fmt::format("{}: {}", number, fault)};
    }
    return table;
}

std::expected<WeightTable, std::string>
WeightTable::load(const std::string& path, const Hash& hash) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        return std::unexpected{fmt::format(
            "{}: {}: make it readable, or name another file", path, std::strerror(errno))};
    }
    std::string text(file_size_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) return std::unexpected{fmt::format("{}: cannot be read", path)};
    if (text.size() > file_size_max) {
        return std::unexpected{
            fmt::format("{}: over {} MiB: split it up", path, file_size_max >> 20U)};
    }
    auto table = parse(text, hash);
    if (!table) return std::unexpected{fmt::format("{}:{}", path, table.error())};
    return table;
}

}  // namespace loom::lb
