// SPDX-License-Identifier: Apache-2.0
#include "place.hpp"

#include "error.hpp"

#include <fmt/format.h>

namespace loom::host {

std::string to_string(const Place& place) {
    std::string text = printable(place.file_name());
    if (place.line == 0) return text;
    return fmt::format("{}:{}:{}", text, place.line, place.column);
}

}  // namespace loom::host
