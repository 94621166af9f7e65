// SPDX-License-Identifier: Apache-2.0
// Service "loom.log/1".
#include "core.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>

namespace loom::harness {
namespace {

std::int32_t enabled(const loom_host* host, std::int32_t level) noexcept {
    auto& core = Harness::Core::of(host);
    const std::lock_guard lock{core.mutex};
    return level >= core.log_level ? 1 : 0;
}

void write(
    const loom_host* host,
    std::int32_t level,
    loom_str message,
    const loom_log_field* fields,
    std::uint32_t field_count) noexcept {
    auto& core = Harness::Core::of(host);
    if (level < LOOM_LOG_DEBUG || level > LOOM_LOG_ERROR)
        core.misuse("a line was logged with an unknown level");
    LogLine line{level, std::string{view(message)}, {}};
    for (const auto& field : std::span{fields, field_count})
        line.fields.emplace_back(view(field.key), view(field.value));
    const std::lock_guard lock{core.mutex};
    if (level >= core.log_level) core.log.push_back(std::move(line));
}

}  // namespace

std::string LogLine::field(std::string_view key) const {
    const auto found = std::ranges::find(
        fields, key, [](const auto& field) -> std::string_view { return field.first; });
    return found == fields.end() ? std::string{} : found->second;
}

const loom_log_1 log_service = {.size = sizeof(loom_log_1), .enabled = enabled, .write = write};

}  // namespace loom::harness
