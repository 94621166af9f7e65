// SPDX-License-Identifier: Apache-2.0
#include "consolidation.hpp"

#include <fmt/format.h>

#include <re2/re2.h>

namespace loom::errors {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
// Enough for thousands of alternatives.
constexpr std::int64_t memory_max = std::int64_t{1} << 20U;

std::int32_t level_of(std::string_view name) {
    if (name == "debug") return LOOM_LOG_DEBUG;
    if (name == "info") return LOOM_LOG_INFO;
    if (name == "warning") return LOOM_LOG_WARNING;
    return LOOM_LOG_ERROR;
}

std::unique_ptr<const RE2> compile(const Option& option) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    auto compiled = std::make_unique<RE2>(option.string(), options);
    if (compiled->ok()) return compiled;
    throw ConfigError{
        option,
        fmt::format(
            "\"{}\" is no regular expression of RE2's syntax: {}",
            option.string(),
            compiled->error())};
}

}  // namespace

constinit const OptionSpec consolidation_fields[4] = {
    OptionSpec{"regexp", LOOM_OPTION_STRING, "What the errors' texts have to match."}
        .required()
        .between(1, Consolidation::pattern_size_max),
    OptionSpec{"duration", LOOM_OPTION_DURATION, "How long they are counted before they are told."}
        .required()
        .between(second_ns, 24 * 3600 * second_ns),
    OptionSpec{"level", LOOM_OPTION_STRING, "The log level."}
        .one_of("error|warning|info|debug")
        .by_default("error"),
    OptionSpec{"show_first", LOOM_OPTION_BOOLEAN, "Whether the first one is told at once."}
        .by_default("false")};

Consolidation::Consolidation(const Options& options)
    : pattern{options["regexp"].string()},
      expression{compile(options["regexp"])},
      duration{options["duration"].duration()},
      level{level_of(options["level"].string())},
      show_first{options["show_first"].boolean()} {}
Consolidation::~Consolidation() = default;

bool Consolidation::covers(std::string_view text) const {
    const re2::StringPiece piece{text.data(), text.size()};
    return expression->Match(piece, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

Consolidations read_consolidations(const Options& options) {
    Consolidations all;
    const auto list = options.find("consolidate");
    for (std::uint32_t i = 0; list && i < list->size(); ++i)
        all.push_back(std::make_unique<Consolidation>((*list)[i].table()));
    return all;
}

}  // namespace loom::errors
