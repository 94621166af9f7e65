// SPDX-License-Identifier: Apache-2.0
#include "mistakes.hpp"

#include <fmt/format.h>

namespace loom::host {

void Mistakes::add(const Place& place, std::string_view text) {
    if (full()) return;
    const auto where = to_string(place);
    errors_.push_back({where.empty() ? std::string{text} : fmt::format("{}: {}", where, text)});
}

}  // namespace loom::host
