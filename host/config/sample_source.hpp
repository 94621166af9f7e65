// SPDX-License-Identifier: Apache-2.0
// For tests: files and variables in memory.
#pragma once

#include "config.hpp"

#include <fnmatch.h>

#include <map>
#include <string>
#include <vector>

namespace loom::host {

struct SampleFiles {
    std::map<std::string, std::string> files;
    std::map<std::string, std::string> variables;

    /// Refers to this object.
    ConfigSource source() const {
        return {
            .read = [this](const std::string& path) -> Result<std::string> {
                const auto found = files.find(path);
                if (found != files.end()) return found->second;
                return std::unexpected{Error{path + ": cannot be read: it is not there"}};
            },
            .match =
                [this](const std::string& pattern) {
                    std::vector<std::string> paths;
                    for (const auto& [path, text] : files) {
                        if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) {
                            paths.push_back(path);
                        }
                    }
                    return paths;
                },
            .variable = [this](const std::string& name) -> std::optional<std::string> {
                const auto found = variables.find(name);
                if (found == variables.end()) return std::nullopt;
                return found->second;
            }};
    }

    Result<Config> load(const std::string& path) const { return load_config(path, source()); }
};

/// The error's text; empty if there is none.
template <class T>
std::string error_of(const Result<T>& result) {
    return result ? std::string{} : result.error().text;
}

}  // namespace loom::host
