// SPDX-License-Identifier: Apache-2.0
#include "plugin_images.hpp"

#include "../services/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace loom::host {

namespace {

constexpr std::size_t pinned_listed_max = 16;

}  // namespace

PluginImages::PluginImages(CopyFolder folder, UnloadPolicy policy, Log& log)
    : folder_{std::move(folder)}, policy_{policy}, log_{log} {}

Result<Fingerprint> PluginImages::content_of(const std::filesystem::path& path) {
    const auto known = known_.find(path);
    const auto now = fingerprint_file(path, known != known_.end() ? &known->second : nullptr);
    if (!now) return std::unexpected{now.error()};
    known_[path] = *now;
    return now->content;
}

std::shared_ptr<PluginImage> PluginImages::find(const Fingerprint& content) const {
    const auto found = images_.find(content);
    return found != images_.end() ? found->second : nullptr;
}

Result<StagedImage>
PluginImages::stage(const std::filesystem::path& path, std::string_view name) {
    // A file that is replaced while it is copied is copied again.
    constexpr int tries_max = 5;
    auto copy = folder_.copy(path, name);
    for (int tries = 1; !copy && tries < tries_max; ++tries) copy = folder_.copy(path, name);
    if (!copy) return std::unexpected{copy.error()};
    auto file = check_elf_file(copy->path());
    if (!file) {
        // The operator knows the file by its own name, not by the copy's.
        std::string text = file.error().text;
        const std::string own = copy->path().string();
        if (text.starts_with(own)) text.replace(0, own.size(), path.string());
        return std::unexpected{Error{std::move(text), file.error().failure}};
    }
    const Fingerprint content = copy->source().content;
    return StagedImage{std::move(*copy), std::move(*file), path, content};
}

Result<std::shared_ptr<PluginImage>> PluginImages::load(StagedImage staged) {
    auto library = Library::open(staged.copy->path(), staged.file, policy_);
    if (!library) {
        std::string text = library.error().text;
        const std::string own = staged.copy->path().string();
        if (text.starts_with(own)) text.replace(0, own.size(), staged.source.string());
        return std::unexpected{Error{std::move(text), library.error().failure}};
    }
    for (const std::string& warning : staged.file.warnings)
        log_.warning("loader", fmt::format("{}: {}", staged.source.string(), warning));
    auto image = std::make_shared<PluginImage>(PluginImage{
        std::move(*library), std::move(staged.copy), staged.source, staged.content});
    log_.write(
        LogLevel::info, "loader", "plugin loaded",
        std::array<LogField, 4>{{
            {"file", staged.source.native()},
            {"version", image->library.file().version},
            {"build_id", image->library.file().build_id},
            {"copy", image->copy->path().native()},
        }});
    images_[image->content] = image;
    return image;
}

void PluginImages::release(std::shared_ptr<PluginImage> image) {
    // One reference is the map's, one the caller's.
    if (!image || image.use_count() > 2) return;
    images_.erase(image->content);
    const UnloadResult result = image->library.close();
    const std::string source = image->source.string();
    switch (result.outcome) {
    case UnloadResult::Outcome::unmapped:
        log_.write(
            LogLevel::info, "loader", "plugin unloaded",
            std::array<LogField, 2>{{
                {"file", source}, {"build_id", image->library.file().build_id}}});
        if (image->copy) folder_.retire(std::move(*image->copy));
        return;
    case UnloadResult::Outcome::pinned:
        log_.warning(
            "loader", fmt::format("{}: stays mapped after it was unloaded: {}", source, result.reason));
        ++pinned_count_;
        pinned_.push_back(fmt::format("{}: {}", source, result.reason));
        if (pinned_.size() > pinned_listed_max) pinned_.pop_front();
        break;
    case UnloadResult::Outcome::kept:
        break;
    }
    zombies_.push_back(std::move(image));
}

}  // namespace loom::host
