// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

namespace loom::host {

void Pipeline::add(const Stage& stage, const StageDetails& detail) {
    const StageMask bit = StageMask{1} << stages.size();
    stages.push_back(stage);
    details.push_back(detail);
    const OutcomeRules& on = detail.on;
    const auto goes_on = [](Outcome outcome) { return outcome != Outcome::stop; };
    if (goes_on(on.nxdomain) || goes_on(on.nodata) || goes_on(on.refused) || goes_on(on.servfail))
        rules |= bit;
    if (stage.on_response) responders |= bit;
    if (!stage.on_query) silent |= bit;
    if (detail.plugin->prepare) preparers |= bit;
    const auto roles = detail.plugin->roles;
    if ((roles & LOOM_ROLE_SOURCE) != 0 && (roles & LOOM_ROLE_ANY_CLASS) == 0) in_only |= bit;
    if ((roles & LOOM_ROLE_SELECTS) != 0) selects = true;
    details.back().scratch_offset = scratch_size;
    scratch_size += (detail.plugin->scratch_size + 15U) & ~15U;
}

}  // namespace loom::host
