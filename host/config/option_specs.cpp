// SPDX-License-Identifier: Apache-2.0
#include "option_specs.hpp"

#include <algorithm>

namespace loom::host {

const loom_option_spec* OptionSpecs::find(std::string_view name) const {
    for (std::uint32_t i = 0; i != count_; ++i) {
        const loom_option_spec& spec = (*this)[i];
        if (view(spec.name) == name) return &spec;
    }
    return nullptr;
}

std::vector<std::string_view> OptionSpecs::names() const {
    std::vector<std::string_view> names;
    for (std::uint32_t i = 0; i != count_; ++i) names.push_back(view((*this)[i].name));
    return names;
}

std::vector<std::string_view> choices_of(const loom_option_spec& spec) {
    std::vector<std::string_view> choices;
    const auto all = view(spec.choices);
    for (std::size_t begin = 0; !all.empty() && begin <= all.size();) {
        const auto end = std::min(all.find('|', begin), all.size());
        choices.push_back(all.substr(begin, end - begin));
        begin = end + 1;
    }
    return choices;
}

}  // namespace loom::host
