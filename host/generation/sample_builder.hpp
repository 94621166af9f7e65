// SPDX-License-Identifier: Apache-2.0
// A host without sockets for tests of the builder: its generations run the test plugin `traced`.
#pragma once

#include "../plugin/mapped.hpp"
#include "../plugin/test_plugins/test_plugins.hpp"
#include "../services/sample_services.hpp"
#include "builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace loom::host {

class SampleBuilder {
public:
    SampleBuilder() {
        std::filesystem::create_directory(plugins());
        install("traced");
        for (const auto& worker : host.workers) worker->start_thread();
    }
    ~SampleBuilder() {
        end(current);
        for (const auto& worker : host.workers) {
            worker->stop();
            worker->join();
        }
    }
    SampleBuilder(const SampleBuilder&) = delete;
    SampleBuilder& operator=(const SampleBuilder&) = delete;

    [[nodiscard]] std::filesystem::path plugins() const { return folder.path() / "plugins"; }

    /// Puts a test plugin into the plugin folder, by the name `as` if given.
    void install(std::string_view name, std::string_view as = {}) {
        const auto target = plugins() / (std::string{as.empty() ? name : as} + ".so");
        std::filesystem::remove(target);
        std::filesystem::copy_file(test_plugin(name), target);
    }

    /// A configuration of one server; a step of `steps` is what follows `trace = ...`.
    [[nodiscard]] Config config(std::initializer_list<std::string_view> steps) const {
        std::string list;
        for (const auto step : steps)
            list += fmt::format(
                "  {{ plugin = \"traced\", trace = \"{}\"{}{} }},\n", trace_file().string(),
                step.empty() ? "" : ", ", step);
        return read(list);
    }
    [[nodiscard]] Config read(std::string_view pipeline) const {
        auto config = parse_config(
            fmt::format(
                "[host]\nplugin_path = [\"{}\"]\n[[server]]\nname = \"s\"\n"
                "listen = \"dns://127.0.0.1:53\"\nzones = \"example.org\"\npipeline = [\n{}]\n",
                plugins().string(), pipeline),
            (folder.path() / "dnsloom.toml").string());
        if (!config) FAIL(config.error().text);
        return std::move(*config);
    }

    /// Builds it against `current` and makes it that, as a reload does.
    Result<void> reload(Config wanted) {
        const EventLoop::Here here{host.control};
        Builder builder{host.services, images};
        if (auto planned = builder.plan(std::move(wanted)); !planned) return planned;
        if (auto built = builder.build(current.get(), BuildGoal::serve, false, ++number); !built)
            return built;
        made = builder.made().size();
        auto old = std::exchange(current, builder.take());
        end(old);
        return {};
    }

    /// What the plugins have told since the last call.
    std::string trace() {
        std::ifstream file{trace_file()};
        const std::string all{std::istreambuf_iterator<char>{file}, {}};
        const std::string fresh = all.substr(told);
        told = all.size();
        return fresh;
    }

    /// Ends all instances that `current` does not have, as the end of a drain does.
    void end(std::unique_ptr<Generation>& generation) {
        if (!generation) return;
        const EventLoop::Here here{host.control};
        for (auto& instance : generation->instances) {
            if (current && current != generation && current->contains(instance.get())) continue;
            instance->end();
            auto image = instance->take_image();
            instance.reset();
            images.release(std::move(image));
        }
        generation.reset();
    }

    /// Copies of plugins that are mapped.
    [[nodiscard]] std::size_t mapped_files() const {
        std::size_t count = 0;
        for (const auto& entry :
             std::filesystem::directory_iterator{folder.path() / "run" / "plugins"})
            count += mapped_segments(entry.path()) != 0 ? 1 : 0;
        return count;
    }

    [[nodiscard]] static std::size_t open_descriptors() {
        return static_cast<std::size_t>(std::distance(
            std::filesystem::directory_iterator{"/proc/self/fd"},
            std::filesystem::directory_iterator{}));
    }

    TemporaryFolder folder;
    SampleServices host{2};
    PluginImages images{CopyFolder::open(make_run_dir()).value(), UnloadPolicy::unmap, host.log};
    std::unique_ptr<Generation> current;
    std::size_t made = 0;
    std::uint64_t number = 0;
    std::size_t told = 0;

private:
    [[nodiscard]] std::filesystem::path trace_file() const { return folder.path() / "trace"; }
    std::filesystem::path make_run_dir() const {
        std::filesystem::create_directory(folder.path() / "run");
        return folder.path() / "run";
    }
};

}  // namespace loom::host
