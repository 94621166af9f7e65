// SPDX-License-Identifier: Apache-2.0
// A plugin's options, checked against its declarations: what service "loom.options/1" reads.
#pragma once

#include "config.hpp"
#include "error.hpp"

#include <dnsloom/abi/plugin.h>

#include <expected>
#include <memory>
#include <vector>

namespace loom::host {

class OptionTree;

/// The options of one step with defaults and units applied. Keeps a reference to nothing; it has to
/// outlive create().
class OptionsBlock {
public:
    /// Checks the options of `step` against what `plugin` declares: unknown keys, types, ranges,
    /// choices, required ones. Each error begins with its place; there are at most 20.
    [[nodiscard]] static std::expected<std::unique_ptr<OptionsBlock>, std::vector<Error>>
    check(const StepConfig& step, const loom_plugin& plugin, const ZoneNames& zones);

    ~OptionsBlock();
    OptionsBlock(const OptionsBlock&) = delete;
    OptionsBlock& operator=(const OptionsBlock&) = delete;

    /// What create() gets; to be read through options_service.
    const loom_options* raw() const;

private:
    explicit OptionsBlock(std::unique_ptr<OptionTree> tree);

    std::unique_ptr<OptionTree> tree_;
};

/// The table behind LOOM_SERVICE_OPTIONS.
extern const loom_options_1 options_service;

}  // namespace loom::host
