// SPDX-License-Identifier: Apache-2.0
// A plugin's options, checked against its declarations: what service "loom.options/1" reads.
#pragma once

#include "codec.hpp"

#include <dnsloom/abi/options.h>
#include <dnsloom/harness/settings.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

class OptionTree;

/// One value; what a loom_option points at.
struct OptionNode {
    std::int64_t integer = 0;
    double real = 0;
    std::string text;
    Octets name;
    loom_address endpoint{};
    std::unique_ptr<OptionTree> table;
    std::vector<OptionNode> elements;  ///< Of a list.
    bool is_list = false;
    bool given = false;
    std::uint32_t line = 0;

    const loom_option* handle() const { return reinterpret_cast<const loom_option*>(this); }
    static const OptionNode& of(const loom_option* option) {
        return *reinterpret_cast<const OptionNode*>(option);
    }
};

/// A table of options; what a loom_options points at.
class OptionTree {
public:
    /// Checks `settings`, applies defaults; throws Refused. `line` is 0 for the outermost table,
    /// whose settings stand on lines 1, 2, 3...; all of an inner table stands on `line`.
    OptionTree(
        std::span<const loom_option_spec> specs,
        const Table& settings,
        std::string_view folder,
        std::uint32_t line);

    const OptionNode* find(std::string_view name) const;

    std::vector<Octets> zones;

    const loom_options* handle() const { return reinterpret_cast<const loom_options*>(this); }
    static const OptionTree& of(const loom_options* options) {
        return *reinterpret_cast<const OptionTree*>(options);
    }

private:
    std::map<std::string, OptionNode, std::less<>> nodes_;
};

/// The table behind LOOM_SERVICE_OPTIONS.
const loom_options_1& options_service();

}  // namespace loom::harness
