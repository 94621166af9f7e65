// SPDX-License-Identifier: Apache-2.0
// Finds the file of a plugin by its name in a configuration.
#pragma once

#include "../config/error.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

struct CatalogEntry {
    std::string name;  ///< The file's without `.so`.
    std::filesystem::path path;
    bool hidden = false;  ///< A folder further to the front has a file of that name, too.
};

/// The folders where plugins are. Looks at the disk on each call: files come and go.
class Catalog {
public:
    /// Searched in this order.
    explicit Catalog(std::vector<std::filesystem::path> folders);

    /// Of `host.plugin_path`: if that is empty, the folder where plugins are installed.
    [[nodiscard]] static Catalog of(std::span<const std::string> plugin_path);

    /// `cache` is the first cache.so in the folders; a name with a slash, or one that ends in
    /// `.so`, is the path of the file itself. The error lists where was looked, and the nearest
    /// name that is there.
    [[nodiscard]] Result<std::filesystem::path> find(std::string_view name) const;

    /// Where find() looks for it, whether there is a file or not.
    [[nodiscard]] std::vector<std::filesystem::path> candidates(std::string_view name) const;

    /// All `*.so` files, folder by folder, in the order of their names. Folders that cannot be
    /// read are left out.
    [[nodiscard]] std::vector<CatalogEntry> list() const;

private:
    std::vector<std::filesystem::path> folders_;
};

}  // namespace loom::host
