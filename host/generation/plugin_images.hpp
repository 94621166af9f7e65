// SPDX-License-Identifier: Apache-2.0
// The plugin code that is loaded, by content: one image for all instances of one build.
#pragma once

#include "../plugin/catalog.hpp"
#include "../plugin/fingerprint.hpp"
#include "../plugin/library.hpp"
#include "../plugin/private_copy.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loom::host {

class Log;

struct PluginImage {
    Library library;
    std::optional<PrivateCopy> copy;  ///< None in the probe process, which loads its parent's.
    std::filesystem::path source;
    Fingerprint content;
};

/// A file that was copied and checked, but not loaded: none of its code has run.
struct StagedImage {
    std::optional<PrivateCopy> copy;
    PluginFile file;
    std::filesystem::path source;
    Fingerprint content;
};

/// Control thread only.
class PluginImages {
public:
    PluginImages(CopyFolder folder, UnloadPolicy policy, Log& log);

    void set_policy(UnloadPolicy policy) { policy_ = policy; }

    /// The content of the file now; read again only if the file was touched.
    [[nodiscard]] Result<Fingerprint> content_of(const std::filesystem::path& path);
    /// The image of this content, if it is loaded.
    [[nodiscard]] std::shared_ptr<PluginImage> find(const Fingerprint& content) const;
    /// Copies and checks the file.
    [[nodiscard]] Result<StagedImage> stage(const std::filesystem::path& path, std::string_view name);
    /// Loads what was staged: static initializers run.
    [[nodiscard]] Result<std::shared_ptr<PluginImage>> load(StagedImage staged);
    /// Gives back one reference. With the last one the code is unloaded, and that is verified.
    void release(std::shared_ptr<PluginImage> image);

    /// How many images could not be unmapped.
    std::size_t pinned_count() const { return pinned_count_; }
    /// The latest of them, each with the reason, in a line.
    const std::deque<std::string>& pinned() const { return pinned_; }
    std::size_t loaded_count() const { return images_.size(); }

private:
    CopyFolder folder_;
    UnloadPolicy policy_;
    Log& log_;
    std::map<std::filesystem::path, FileFingerprint> known_;
    std::map<Fingerprint, std::shared_ptr<PluginImage>> images_;
    std::size_t pinned_count_ = 0;
    std::deque<std::string> pinned_;
    std::vector<std::shared_ptr<PluginImage>> zombies_;
};

}  // namespace loom::host
