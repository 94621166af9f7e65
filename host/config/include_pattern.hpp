// SPDX-License-Identifier: Apache-2.0
// The patterns of `include`.
#pragma once

#include <string>
#include <string_view>

namespace loom::host {

/// What stands for the files of an `include`.
struct IncludePattern {
    std::string pattern;    ///< For glob(7), with the directory it starts from.
    std::string directory;  ///< Where it looks: the part without wildcards.
    bool wildcard = false;  ///< Without one it names a file, which has to be there.
};

/// `text` as written in a file in `directory`, which is empty for the working directory.
[[nodiscard]] IncludePattern include_pattern(std::string_view text, std::string_view directory);

}  // namespace loom::host
