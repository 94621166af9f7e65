// SPDX-License-Identifier: Apache-2.0
// Numbers for the names of facts about queries: service "loom.meta/1".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace loom::host {

/// Names are never forgotten: a number means the same in every generation. Control thread only.
class MetaKeys {
public:
    static constexpr std::size_t keys_max = 4096;

    /// 0 if the name is not "PLUGIN/FACT" or there are too many.
    std::uint32_t key(std::string_view name) {
        const auto slash = name.find('/');
        if (slash == std::string_view::npos || slash == 0 || slash + 1 == name.size()) return 0;
        if (const auto found = keys_.find(name); found != keys_.end()) return found->second;
        if (keys_.size() >= keys_max) return 0;
        const auto number = static_cast<std::uint32_t>(keys_.size() + 1);
        keys_.emplace(name, number);
        return number;
    }

private:
    std::map<std::string, std::uint32_t, std::less<>> keys_;
};

}  // namespace loom::host
