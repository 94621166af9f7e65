// SPDX-License-Identifier: Apache-2.0
#include "option_tree.hpp"

#include "option_specs.hpp"
#include "options.hpp"

namespace loom::host {
namespace {

template <class T>
const T* data_of(const loom_option* option) {
    return std::get_if<T>(&OptionNode::of(option).data);
}

const loom_option* get(const loom_options* options, loom_str name) noexcept {
    const auto* node = OptionTree::of(options).find(view(name));
    return node ? node->handle() : nullptr;
}

std::uint32_t count(const loom_option* option) noexcept {
    const auto* list = data_of<std::vector<OptionNode>>(option);
    return list ? static_cast<std::uint32_t>(list->size()) : 1;
}

const loom_option* at(const loom_option* option, std::uint32_t index) noexcept {
    const auto* list = data_of<std::vector<OptionNode>>(option);
    if (list == nullptr) return index == 0 ? option : nullptr;
    return index < list->size() ? (*list)[index].handle() : nullptr;
}

std::int64_t integer(const loom_option* option) noexcept {
    const auto* number = data_of<std::int64_t>(option);
    return number ? *number : 0;
}

double real(const loom_option* option) noexcept {
    const auto* number = data_of<double>(option);
    return number ? *number : 0;
}

loom_str string(const loom_option* option) noexcept {
    const auto& text = OptionNode::of(option).text;
    return {text.data(), text.size()};
}

loom_bytes name(const loom_option* option) noexcept {
    const auto* octets = data_of<NameOctets>(option);
    return octets ? loom_bytes{octets->data(), octets->size()} : loom_bytes{};
}

loom_status endpoint(const loom_option* option, loom_address* address) noexcept {
    const auto* endpoint = data_of<loom_address>(option);
    if (endpoint == nullptr) return LOOM_E_ARGUMENT;
    *address = *endpoint;
    return LOOM_OK;
}

const loom_options* table(const loom_option* option) noexcept {
    const auto* tree = data_of<std::unique_ptr<OptionTree>>(option);
    return tree ? (*tree)->handle() : nullptr;
}

std::int32_t given(const loom_option* option) noexcept {
    return OptionNode::of(option).given ? 1 : 0;
}

void position(
    const loom_option* option,
    loom_str* file,
    std::uint32_t* line,
    std::uint32_t* column) noexcept {
    const Place& place = OptionNode::of(option).place;
    const auto name = place.file_name();
    if (file != nullptr) *file = {name.data(), name.size()};
    if (line != nullptr) *line = place.line;
    if (column != nullptr) *column = place.column;
}

std::uint32_t zone_count(const loom_options* options) noexcept {
    return static_cast<std::uint32_t>(OptionTree::of(options).zones().size());
}

loom_bytes zone(const loom_options* options, std::uint32_t index) noexcept {
    const auto& zones = OptionTree::of(options).zones();
    if (index >= zones.size()) return {};
    return {zones[index].data(), zones[index].size()};
}

}  // namespace

const OptionNode* OptionTree::find(std::string_view name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : &found->second;
}

constinit const loom_options_1 options_service = {
    .size = sizeof(loom_options_1),
    .get = get,
    .count = count,
    .at = at,
    .integer = integer,
    .real = real,
    .string = string,
    .name = name,
    .endpoint = endpoint,
    .table = table,
    .given = given,
    .position = position,
    .zone_count = zone_count,
    .zone = zone};

}  // namespace loom::host
