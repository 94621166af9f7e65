// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"
#include "value.hpp"

#include <fmt/format.h>

#include <iterator>

namespace loom::host {
namespace {

void append_part(std::string_view part, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{}:{}", part.size(), part);
}

}  // namespace

std::string StepConfig::identity(const ZoneNames& zones) const {
    std::string text;
    append_part(plugin, text);
    append_part(name, text);
    append_part(directory, text);
    append_canonical(*options, text);
    // In their order, which the plugin sees. A name ends where its root label is.
    const auto octets = zones.octets();
    text.append(octets.begin(), octets.end());
    return text;
}

}  // namespace loom::host
