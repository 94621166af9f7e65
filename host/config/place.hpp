// SPDX-License-Identifier: Apache-2.0
// Where something stands in a configuration file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace loom::host {

/// File, line and column; the latter are 1-based and 0 when not known. Copies share the file name.
struct Place {
    std::shared_ptr<const std::string> file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    std::string_view file_name() const {
        return file ? std::string_view{*file} : std::string_view{};
    }
};

/// `dnsloom.toml:14:7`, or without what is not known.
[[nodiscard]] std::string to_string(const Place& place);

}  // namespace loom::host
