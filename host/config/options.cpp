// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "mistakes.hpp"
#include "option_default.hpp"
#include "option_specs.hpp"
#include "option_tree.hpp"
#include "option_value.hpp"
#include "scalar.hpp"
#include "step_table.hpp"
#include "suggest.hpp"
#include "value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loom::host {
namespace {

constexpr std::size_t list_size_max = 65535;

/// A table of options: the step itself or a value of type TABLE.
struct OptionTable {
    const Table& table;
    const Place& place;
    std::string owner;  ///< For messages: `plugin "x"`.
    bool is_step = false;
};

class OptionCheck {
public:
    OptionCheck(std::string_view directory, const ZoneNames& zones, Mistakes& mistakes)
        : directory_{directory}, zones_{zones}, mistakes_{mistakes} {}

    std::unique_ptr<OptionTree> read(const OptionTable& from, const OptionSpecs& specs) const {
        auto tree = std::make_unique<OptionTree>(zones_);
        if (!specs.readable()) {
            mistakes_.add(
                from.place,
                from.owner + " declares its options as this host cannot read them; rebuild it");
            return tree;
        }
        read_given(from, specs, *tree);
        for (std::uint32_t i = 0; i != specs.size(); ++i) complete(from, specs[i], *tree);
        return tree;
    }

private:
    void read_given(const OptionTable& from, const OptionSpecs& specs, OptionTree& tree) const {
        for (const Entry& entry : from.table.entries) {
            if (mistakes_.full()) return;
            const auto* spec = specs.find(entry.key);
            if (spec == nullptr) {
                report_unknown(from, entry, specs);
                continue;
            }
            auto node = read_option(*spec, entry.value);
            mark_given(node);
            tree.add(entry.key, std::move(node));
        }
    }

    void
    report_unknown(const OptionTable& from, const Entry& entry, const OptionSpecs& specs) const {
        auto known = specs.names();
        if (from.is_step) known.insert(known.end(), step_keys.begin(), step_keys.end());
        mistakes_.add(
            entry.place,
            fmt::format(
                "{} has no option {}{}",
                from.owner,
                quoted(entry.key),
                suggestion(entry.key, known)));
    }

    /// Adds the default of an option that was not given, or complains that it was not.
    void complete(const OptionTable& from, const loom_option_spec& spec, OptionTree& tree) const {
        const auto name = view(spec.name);
        if (from.is_step && std::ranges::find(step_keys, name) != step_keys.end()) {
            mistakes_.add(
                from.place,
                fmt::format(
                    "{} declares an option {}, but that key is the host's",
                    from.owner,
                    quoted(name)));
            return;
        }
        if (tree.find(name) != nullptr) return;
        if ((spec.flags & LOOM_OPTION_REQUIRED) != 0) {
            mistakes_.add(
                from.place,
                fmt::format(
                    "{} needs the option {}: {}",
                    from.owner,
                    quoted(name),
                    printable(view(spec.help))));
        } else if (!view(spec.default_value).empty()) {
            tree.add(name, read_option(spec, default_of(spec, from.place)));
        }
    }

    OptionNode read_option(const loom_option_spec& spec, const Value& value) const {
        if ((spec.flags & LOOM_OPTION_LIST) == 0) {
            auto nodes = read_elements(spec, value);
            return nodes.empty() ? OptionNode{} : std::move(nodes.front());
        }
        OptionNode node;
        node.place = value.place;
        node.data = read_list(spec, value);
        return node;
    }

    std::vector<OptionNode> read_list(const loom_option_spec& spec, const Value& value) const {
        const auto* array = value.as<Array>();
        const auto elements = array ? std::span{*array} : std::span{&value, 1};
        const std::size_t count_max = spec.list_max != 0 ? spec.list_max : list_size_max;
        std::vector<OptionNode> list;
        for (const Value& element : elements) {
            if (mistakes_.full()) return list;
            for (auto& node : read_elements(spec, element)) list.push_back(std::move(node));
            if (list.size() <= count_max) continue;
            complain(spec, element.place, fmt::format("has more than {} values", count_max));
            return list;
        }
        return list;
    }

    /// The nodes of one value; none if it is wrong.
    std::vector<OptionNode> read_elements(const loom_option_spec& spec, const Value& value) const {
        if (spec.type == LOOM_OPTION_TABLE) return read_table(spec, value);
        auto nodes = read_option_value(spec, value, directory_);
        if (!nodes) {
            complain(spec, value.place, nodes.error());
            return {};
        }
        for (OptionNode& node : *nodes) node.place = value.place;
        return std::move(*nodes);
    }

    std::vector<OptionNode> read_table(const loom_option_spec& spec, const Value& value) const {
        std::vector<OptionNode> nodes;
        const auto* table = value.as<Table>();
        if (table == nullptr) {
            complain(spec, value.place, fmt::format("must be a table, not {}", describe(value)));
            return nodes;
        }
        const OptionTable inner{*table, value.place, "option " + quoted(view(spec.name))};
        OptionNode node;
        node.place = value.place;
        node.data = read(inner, {spec.fields, spec.field_count});
        nodes.push_back(std::move(node));
        return nodes;
    }

    void complain(const loom_option_spec& spec, const Place& place, std::string_view text) const {
        mistakes_.add(place, fmt::format("option {} {}", quoted(view(spec.name)), text));
    }

    static void mark_given(OptionNode& node) {
        node.given = true;
        auto* list = std::get_if<std::vector<OptionNode>>(&node.data);
        if (list == nullptr) return;
        for (OptionNode& element : *list) element.given = true;
    }

    std::string_view directory_;
    const ZoneNames& zones_;
    Mistakes& mistakes_;
};

}  // namespace

OptionsBlock::OptionsBlock(std::unique_ptr<OptionTree> tree) : tree_{std::move(tree)} {}
OptionsBlock::~OptionsBlock() = default;

const loom_options* OptionsBlock::raw() const { return tree_->handle(); }

std::expected<std::unique_ptr<OptionsBlock>, std::vector<Error>> OptionsBlock::check(
    const StepConfig& step, const loom_plugin& plugin, const ZoneNames& zones) {
    Mistakes mistakes;
    const OptionTable from{*step.options, step.place, "plugin " + quoted(view(plugin.id)), true};
    auto tree = OptionCheck{step.directory, zones, mistakes}.read(
        from, {plugin.options, plugin.option_count});
    if (!mistakes.empty()) return std::unexpected{mistakes.list()};
    return std::unique_ptr<OptionsBlock>{new OptionsBlock{std::move(tree)}};
}

}  // namespace loom::host
