// SPDX-License-Identifier: Apache-2.0
// From a configuration file to a generation that is ready to serve, or to the reasons why not.
#pragma once

#include "generation.hpp"
#include "plugin_images.hpp"
#include "config_text.hpp"
#include "../services/services.hpp"

#include <memory>
#include <string>
#include <vector>

namespace loom::host {

/// Where a build ends.
enum class BuildGoal : std::uint8_t {
    check,  ///< create() was called: `dnsloom check` and the probe.
    serve   ///< Workers know it, start() was called.
};

/// One build. What it made and did not hand out is undone by its destructor, in reverse.
class Builder {
public:
    Builder(Services& services, PluginImages& images) : services_{services}, images_{images} {}
    ~Builder();
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;

    /// Finds the plugins' files. Nothing of them runs.
    [[nodiscard]] Result<void> plan(Config config);
    const Config& config() const { return generation_->config; }
    /// Equal for equal configurations, plugins and variables; after plan().
    const Fingerprint& fingerprint() const { return generation_->fingerprint; }

    /// Loads and creates what is new against `current` (may be null); unchanged instances are carried
    /// over. With `try_first`, a child process does it before.
    [[nodiscard]] Result<void>
    build(const Generation* current, BuildGoal goal, bool try_first, std::uint64_t number);

    /// Instances that build() has made, for reports.
    const std::vector<std::shared_ptr<Instance>>& made() const { return made_; }
    /// Hands out the generation; it was built with BuildGoal::serve.
    std::unique_ptr<Generation> take();

private:
    struct Step {
        InstancePlan plan;
        std::filesystem::path file;
        Fingerprint content;
        std::shared_ptr<Instance> instance;
    };

    Result<void> find_files();
    void carry_over(const Generation* current);
    Result<void> stage_images();
    Result<void> try_in_child();
    Result<void> load_images();
    Result<void> create();
    Result<const loom_plugin*> choose_plugin(const Step& step, const PluginImage& image) const;
    Result<void> begin(const Generation* current);
    Result<void> check_shared_zones() const;
    void warn_of_order() const;

    Services& services_;
    PluginImages& images_;
    std::unique_ptr<Generation> generation_;
    std::vector<Step> steps_;  // Of all servers, in order.
    std::map<Fingerprint, StagedImage> staged_;
    std::map<Fingerprint, std::shared_ptr<PluginImage>> loaded_;
    std::vector<std::shared_ptr<Instance>> made_;
    bool handed_out_ = false;
};

/// The child's side of a try: creates and destroys the given steps with the given files. `tries` are
/// words `STEP=FILE`, the step's number counted over all servers.
[[nodiscard]] Result<void>
try_steps(const Config& config, std::span<const std::string> tries, Services& services);

/// A step's place in the words of try_steps().
struct TriedStep {
    std::size_t step = 0;
    std::string file;
};
[[nodiscard]] Result<TriedStep> parse_try(const std::string& word);

/// The exit code of the child where try_steps() fails.
[[nodiscard]] int probe_exit_code(Failure failure);

/// Runs `dnsloom WORDS...`, which tries the plugin `file`, and says what became of it.
[[nodiscard]] Result<void>
run_probe(std::span<const std::string> words, const std::string& file);

/// `SERVER/PLUGIN`, with a number from the second of a kind on; in the order of the configuration.
[[nodiscard]] std::vector<InstancePlan> plan_instances(const Config& config);

}  // namespace loom::host
