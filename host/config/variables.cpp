// SPDX-License-Identifier: Apache-2.0
#include "variables.hpp"

#include <utility>

namespace loom::host {
namespace {

void expand_value(Value& value, const VariableLookup& lookup, Mistakes& mistakes) {
    if (auto* table = std::get_if<Table>(&value.data)) return expand_all(*table, lookup, mistakes);
    if (auto* array = std::get_if<Array>(&value.data)) {
        for (Value& element : *array) expand_value(element, lookup, mistakes);
        return;
    }
    auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr || text->find("${") == std::string::npos) return;
    auto expanded = expand_variables(*text, lookup);
    if (!expanded) return mistakes.add(value.place, expanded.error());
    *text = std::move(*expanded);
    value.expanded = true;
}

}  // namespace

void expand_all(Table& table, const VariableLookup& lookup, Mistakes& mistakes) {
    for (Entry& entry : table.entries) expand_value(entry.value, lookup, mistakes);
}

}  // namespace loom::host
