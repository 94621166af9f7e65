// SPDX-License-Identifier: Apache-2.0
#include "option_tree.hpp"

#include "option_units.hpp"

#include <dnsloom/harness/harness.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>

namespace loom::harness {
namespace {

std::string type_name(int32_t type) {
    switch (type) {
    case LOOM_OPTION_STRING:
        return "a string";
    case LOOM_OPTION_INTEGER:
        return "an integer";
    case LOOM_OPTION_BOOLEAN:
        return "true or false";
    case LOOM_OPTION_REAL:
        return "a number";
    case LOOM_OPTION_DURATION:
        return "a duration such as \"30s\" or \"1h30m\"";
    case LOOM_OPTION_SIZE:
        return "a size such as \"64MiB\" or 512";
    case LOOM_OPTION_NAME:
        return "a domain name or CIDR block";
    case LOOM_OPTION_PATH:
        return "a path";
    case LOOM_OPTION_ENDPOINT:
        return "an address such as \"192.0.2.1\" or \"[2001:db8::1]:53\"";
    case LOOM_OPTION_TABLE:
        return "a table";
    default:
        return "of a type that this harness does not know";
    }
}

/// Reads the values of one option.
class ValueReader {
public:
    ValueReader(const loom_option_spec& spec, std::string_view folder, std::uint32_t line)
        : spec_{spec}, folder_{folder}, line_{line} {}

    OptionNode read(const Value& value) const {
        if ((spec_.flags & LOOM_OPTION_LIST) == 0) return read_one(value);
        OptionNode node = blank();
        node.is_list = true;
        if (const auto* list = value.as<List>())
            for (const auto& element : *list) node.elements.push_back(read_one(element));
        else
            node.elements.push_back(read_one(value));
        const std::size_t most = spec_.list_max != 0 ? spec_.list_max : 65535;
        if (node.elements.size() > most)
            refuse("has more than " + std::to_string(most) + " elements");
        return node;
    }

    [[noreturn]] void refuse(const std::string& complaint) const {
        throw Refused{std::string{view(spec_.name)} + ": " + complaint, line_};
    }

private:
    OptionNode blank() const {
        OptionNode node;
        node.line = line_;
        return node;
    }

    OptionNode read_one(const Value& value) const {
        OptionNode node = blank();
        if (!fill(node, value)) refuse("must be " + type_name(spec_.type));
        return node;
    }

    bool fill(OptionNode& node, const Value& value) const {
        const auto* text = value.as<std::string>();
        if (text) node.text = *text;
        switch (spec_.type) {
        case LOOM_OPTION_STRING:
            if (text) check_choice(*text), check_bounds(static_cast<std::int64_t>(text->size()));
            return text != nullptr;
        case LOOM_OPTION_INTEGER:
            return fill_integer(node, integer(value));
        case LOOM_OPTION_BOOLEAN:
            if (const auto* flag = value.as<bool>()) return node.integer = *flag ? 1 : 0, true;
            return false;
        case LOOM_OPTION_REAL:
            return fill_real(node, value);
        case LOOM_OPTION_DURATION:
            return fill_integer(node, text ? parse_duration(*text) : std::nullopt);
        case LOOM_OPTION_SIZE:
            return fill_integer(node, text ? parse_size(*text) : integer(value));
        case LOOM_OPTION_NAME:
            return text && fill_name(node, *text);
        case LOOM_OPTION_PATH:
            if (text) node.text = (std::filesystem::path{folder_} / *text).lexically_normal();
            return text && !text->empty();
        case LOOM_OPTION_ENDPOINT:
            return text && fill_endpoint(node, *text);
        case LOOM_OPTION_TABLE:
            return fill_table(node, value);
        default:
            return false;
        }
    }

    static std::optional<std::int64_t> integer(const Value& value) {
        const auto* number = value.as<std::int64_t>();
        return number ? std::optional{*number} : std::nullopt;
    }

    bool fill_integer(OptionNode& node, std::optional<std::int64_t> number) const {
        if (!number) return false;
        check_bounds(*number);
        node.integer = *number;
        return true;
    }

    static bool fill_real(OptionNode& node, const Value& value) {
        if (const auto* real = value.as<double>()) return node.real = *real, true;
        if (const auto* number = value.as<std::int64_t>())
            return node.real = static_cast<double>(*number), true;
        return false;
    }

    static bool fill_name(OptionNode& node, std::string_view text) {
        auto name = parse_zone_name(text);
        if (name) node.name = std::move(*name);
        return name.has_value();
    }

    static bool fill_endpoint(OptionNode& node, std::string_view text) {
        const auto address = parse_endpoint(text);
        if (address) node.endpoint = *address;
        return address.has_value();
    }

    bool fill_table(OptionNode& node, const Value& value) const {
        const auto* table = value.as<Table>();
        if (!table) return false;
        node.table = std::make_unique<OptionTree>(
            std::span{spec_.fields, spec_.field_count}, *table, folder_, line_);
        return true;
    }

    void check_bounds(std::int64_t number) const {
        if (spec_.minimum == 0 && spec_.maximum == 0) return;
        if (number >= spec_.minimum && number <= spec_.maximum) return;
        refuse(
            "must be within " + std::to_string(spec_.minimum) + " and " +
            std::to_string(spec_.maximum));
    }

    void check_choice(std::string_view text) const {
        const auto choices = view(spec_.choices);
        if (choices.empty()) return;
        for (std::size_t begin = 0; begin <= choices.size();) {
            const auto end = std::min(choices.find('|', begin), choices.size());
            if (choices.substr(begin, end - begin) == text) return;
            begin = end + 1;
        }
        refuse("must be one of " + std::string{choices});
    }

    const loom_option_spec& spec_;
    std::string_view folder_;
    std::uint32_t line_;
};

template <class T>
std::optional<Value> number_value(const std::string& text) {
    T number{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return Value{number};
}

/// A default's text as the value that it would be in a file.
Value scalar_default(int32_t type, const std::string& text) {
    if (type == LOOM_OPTION_BOOLEAN && (text == "true" || text == "false"))
        return Value{text == "true"};
    if (type == LOOM_OPTION_INTEGER) return number_value<std::int64_t>(text).value_or(text);
    if (type == LOOM_OPTION_REAL) return number_value<double>(text).value_or(text);
    return Value{text};
}

std::string trimmed(std::string_view text, std::string_view characters) {
    const auto first = text.find_first_not_of(characters);
    if (first == std::string_view::npos) return {};
    return std::string{text.substr(first, text.find_last_not_of(characters) - first + 1)};
}

Value default_value(const loom_option_spec& spec) {
    const std::string_view text = view(spec.default_value);
    if ((spec.flags & LOOM_OPTION_LIST) == 0) return scalar_default(spec.type, std::string{text});
    List list;
    const auto inner = trimmed(text, " []");
    for (std::size_t begin = 0; begin < inner.size();) {
        const auto end = std::min(inner.find(',', begin), inner.size());
        list.push_back(
            scalar_default(spec.type, trimmed(inner.substr(begin, end - begin), " \"'")));
        begin = end + 1;
    }
    return Value{std::move(list)};
}

std::string known_names(std::span<const loom_option_spec> specs) {
    std::string names;
    for (const auto& spec : specs)
        names += (names.empty() ? "" : ", ") + std::string{view(spec.name)};
    return names.empty() ? "none" : names;
}

}  // namespace

OptionTree::OptionTree(
    std::span<const loom_option_spec> specs,
    const Table& settings,
    std::string_view folder,
    std::uint32_t line) {
    std::uint32_t place = line;
    for (const auto& setting : settings) {
        if (line == 0) ++place;
        const auto spec = std::ranges::find(
            specs, setting.key, [](const loom_option_spec& s) { return view(s.name); });
        if (spec == specs.end())
            throw Refused{
                setting.key + ": no such option; there are: " + known_names(specs), place};
        const ValueReader reader{*spec, folder, place};
        if (nodes_.contains(setting.key)) reader.refuse("is given twice");
        auto node = reader.read(setting.value);
        node.given = true;
        for (auto& element : node.elements) element.given = true;
        nodes_.emplace(setting.key, std::move(node));
    }
    for (const auto& spec : specs) {
        const std::string name{view(spec.name)};
        if (nodes_.contains(name)) continue;
        const ValueReader reader{spec, folder, line};
        if ((spec.flags & LOOM_OPTION_REQUIRED) != 0) reader.refuse("must be given");
        if (spec.default_value.size != 0) nodes_.emplace(name, reader.read(default_value(spec)));
    }
}

const OptionNode* OptionTree::find(std::string_view name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : &found->second;
}

namespace {

const OptionNode* element(const OptionNode& node, std::uint32_t index) {
    if (!node.is_list) return index == 0 ? &node : nullptr;
    return index < node.elements.size() ? &node.elements[index] : nullptr;
}

constexpr loom_options_1 make_options_service() {
    loom_options_1 s{};
    s.size = sizeof s;
    s.get = [](const loom_options* options, loom_str name) noexcept -> const loom_option* {
        const auto* node = OptionTree::of(options).find(view(name));
        return node ? node->handle() : nullptr;
    };
    s.count = [](const loom_option* option) noexcept -> std::uint32_t {
        const auto& node = OptionNode::of(option);
        return node.is_list ? static_cast<std::uint32_t>(node.elements.size()) : 1;
    };
    s.at = [](const loom_option* option, std::uint32_t index) noexcept -> const loom_option* {
        const auto* node = element(OptionNode::of(option), index);
        return node ? node->handle() : nullptr;
    };
    s.integer = [](const loom_option* option) noexcept { return OptionNode::of(option).integer; };
    s.real = [](const loom_option* option) noexcept { return OptionNode::of(option).real; };
    s.string = [](const loom_option* option) noexcept {
        return str(std::string_view{OptionNode::of(option).text});
    };
    s.name = [](const loom_option* option) noexcept { return bytes(OptionNode::of(option).name); };
    s.endpoint = [](const loom_option* option, loom_address* address) noexcept -> loom_status {
        *address = OptionNode::of(option).endpoint;
        return address->family != 0 ? LOOM_OK : LOOM_E_ARGUMENT;
    };
    s.table = [](const loom_option* option) noexcept -> const loom_options* {
        const auto& table = OptionNode::of(option).table;
        return table ? table->handle() : nullptr;
    };
    s.given = [](const loom_option* option) noexcept -> int32_t {
        return OptionNode::of(option).given ? 1 : 0;
    };
    s.position = [](const loom_option* option,
                    loom_str* file,
                    std::uint32_t* line,
                    std::uint32_t* column) noexcept {
        if (file) *file = str("test.toml");
        *line = OptionNode::of(option).line;
        *column = 1;
    };
    s.zone_count = [](const loom_options* options) noexcept {
        return static_cast<std::uint32_t>(OptionTree::of(options).zones.size());
    };
    s.zone = [](const loom_options* options, std::uint32_t index) noexcept -> loom_bytes {
        const auto& zones = OptionTree::of(options).zones;
        return index < zones.size() ? bytes(zones[index]) : loom_bytes{};
    };
    return s;
}

}  // namespace

const loom_options_1& options_service() {
    static constexpr loom_options_1 service = make_options_service();
    return service;
}

}  // namespace loom::harness
