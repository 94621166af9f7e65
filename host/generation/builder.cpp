// SPDX-License-Identifier: Apache-2.0
#include "builder.hpp"

#include "../config/mistakes.hpp"
#include "../plugin/probe.hpp"
#include "../services/host_table.hpp"
#include "../services/http_pages.hpp"
#include "../services/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace loom::host {

namespace {

std::string_view view(loom_str text) {
    return text.size != 0 ? std::string_view{text.data, text.size} : std::string_view{};
}

Result<void> collect(const std::vector<Error>& errors) {
    if (errors.empty()) return {};
    return std::unexpected{join(errors)};
}

Error at(const StepConfig& step, const Error& error) {
    return Error{fmt::format("{}: {}", to_string(step.place), error.text), error.failure};
}

std::span<const std::byte> octets(std::string_view text) { return std::as_bytes(std::span{text}); }

/// Same after a reload: the instance is unchanged.
Fingerprint identity_of(const InstancePlan& plan, const Fingerprint& content) {
    FingerprintBuilder identity;
    identity.add(octets(
        fmt::format("{}\n{}\n{}\n", plan.server, content.text(), plan.step.identity({}))));
    identity.add(std::as_bytes(plan.zones.octets()));
    return identity.finish();
}

// Other statuses than those of the child's own death by an exception or a wrong command line.
constexpr int first_probe_exit_code = 16;

/// Its reverse; what main() gives for an exception that nobody caught is a crash.
Failure failure_of(int exit_code) {
    const int failure = exit_code - first_probe_exit_code;
    if (failure < 0 || failure >= static_cast<int>(failure_names.size()))
        return Failure::plugin_crashed;
    return static_cast<Failure>(failure);
}

}  // namespace

std::vector<InstancePlan> plan_instances(const Config& config) {
    std::vector<InstancePlan> plans;
    std::map<std::string, unsigned> counts;
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const ServerConfig& server = config.servers[i];
        for (const StepConfig& step : server.pipeline) {
            InstancePlan plan;
            plan.name = server.name + '/' + (step.name.empty() ? step.plugin : step.name);
            if (const unsigned count = ++counts[plan.name]; count > 1)
                plan.name += fmt::format("#{}", count);
            plan.server = server.name;
            plan.server_index = static_cast<std::uint32_t>(i);
            plan.step = step;
            plan.zones = server.zones;
            plans.push_back(std::move(plan));
        }
    }
    return plans;
}

Builder::~Builder() {
    services_.http.withdraw();
    if (!handed_out_) {
        // In reverse, as they may have found each other.
        while (!made_.empty()) {
            auto instance = std::move(made_.back());
            made_.pop_back();
            instance->end();
            std::erase_if(steps_, [&](const Step& step) { return step.instance == instance; });
            if (generation_) std::erase(generation_->instances, instance);
            images_.release(instance->take_image());
        }
    }
    for (auto& [content, image] : loaded_) images_.release(std::move(image));
}

Result<void> Builder::plan(Config config) {
    generation_ = std::make_unique<Generation>();
    generation_->config = std::move(config);
    for (InstancePlan& plan : plan_instances(generation_->config)) {
        steps_.emplace_back();
        steps_.back().plan = std::move(plan);
    }
    return find_files();
}

Result<void> Builder::find_files() {
    const HostConfig& host = generation_->config.host;
    const Catalog catalog = Catalog::of(host.plugin_path);
    std::vector<Error> errors;
    std::map<std::string, std::filesystem::path> found;
    for (Step& step : steps_) {
        const std::string& name = step.plan.step.plugin;
        if (const auto known = found.find(name); known != found.end()) {
            step.file = known->second;
        } else if (auto file = catalog.find(name)) {
            step.file = *file;
            found.emplace(name, *file);
        } else {
            errors.push_back(at(step.plan.step, file.error()));
            continue;
        }
        auto content = images_.content_of(step.file);
        if (!content) {
            content.error().failure = Failure::plugin_missing;
            errors.push_back(at(step.plan.step, content.error()));
            continue;
        }
        step.content = *content;
    }
    if (!errors.empty()) return collect(errors);

    FingerprintBuilder all;
    all.add(octets(canonical_text(generation_->config)));
    for (Step& step : steps_) {
        step.plan.identity = identity_of(step.plan, step.content);
        all.add(octets(step.content.text()));
    }
    generation_->fingerprint = all.finish();
    return {};
}

Result<void> Builder::build(
    const Generation* current, BuildGoal goal, bool try_first, std::uint64_t number) {
    generation_->number = number;
    carry_over(current);
    if (auto done = stage_images(); !done) return done;
    if (try_first) {
        if (auto done = try_in_child(); !done) return done;
    }
    if (auto done = load_images(); !done) return done;
    if (auto done = create(); !done) return done;
    if (auto done = check_shared_zones(); !done) return done;
    warn_of_order();
    if (goal == BuildGoal::check) return {};
    return begin(current);
}

void Builder::carry_over(const Generation* current) {
    if (!current) return;
    std::set<const Instance*> taken;
    for (Step& step : steps_) {
        for (const auto& instance : current->instances) {
            if (taken.contains(instance.get()) ||
                instance->plan().identity != step.plan.identity ||
                instance->plan().name != step.plan.name)
                continue;
            taken.insert(instance.get());
            step.instance = instance;
            break;
        }
    }
}

Result<void> Builder::stage_images() {
    std::vector<Error> errors;
    std::set<std::filesystem::path> refused;
    for (Step& step : steps_) {
        if (step.instance || refused.contains(step.file)) continue;
        if (images_.find(step.content) || staged_.contains(step.content)) continue;
        auto staged = images_.stage(step.file, step.plan.step.plugin);
        if (!staged) {
            refused.insert(step.file);
            errors.push_back(at(step.plan.step, staged.error()));
            continue;
        }
        // Between looking and copying the file may have been replaced: the copy decides.
        const Fingerprint content = staged->content;
        for (Step& other : steps_)
            if (other.file == step.file && !other.instance) other.content = content;
        staged_.insert_or_assign(content, std::move(*staged));
    }
    return collect(errors);
}

// One child a step: what crashes or hangs is known by name. Once is enough, a hang costs seconds.
Result<void> Builder::try_in_child() {
    std::vector<Error> errors;
    std::set<std::filesystem::path> crashed;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const Step& step = steps_[i];
        if (step.instance || crashed.contains(step.file)) continue;
        const auto staged = staged_.find(step.content);
        const auto image = images_.find(step.content);
        std::string file;
        if (staged != staged_.end()) {
            file = staged->second.copy->path().string();
        } else if (image && image->copy) {
            file = image->copy->path().string();
        } else {
            continue;
        }
        const std::vector<std::string> words{
            "probe", generation_->config.files.front(), fmt::format("{}={}", i, file)};
        const auto tried = run_probe(words, step.file.string());
        if (tried) continue;
        if (tried.error().failure == Failure::plugin_crashed) crashed.insert(step.file);
        errors.push_back(
            tried.error().text.starts_with(step.file.string()) ? at(step.plan.step, tried.error())
                                                               : tried.error());
    }
    return collect(errors);
}

Result<void> Builder::load_images() {
    std::vector<Error> errors;
    for (const Step& step : steps_) {
        if (step.instance || loaded_.contains(step.content)) continue;
        if (auto image = images_.find(step.content)) {
            loaded_.emplace(step.content, std::move(image));
            continue;
        }
        const auto staged = staged_.find(step.content);
        if (staged == staged_.end()) continue;  // It was refused for an earlier step.
        auto image = images_.load(std::move(staged->second));
        staged_.erase(staged);
        if (!image) {
            errors.push_back(at(step.plan.step, image.error()));
            continue;
        }
        loaded_.emplace(step.content, std::move(*image));
    }
    return collect(errors);
}

Result<const loom_plugin*>
Builder::choose_plugin(const Step& step, const PluginImage& image) const {
    const auto plugins = image.library.plugins();
    const std::string& name = step.plan.step.plugin;
    const loom_plugin* plugin = plugins.size() == 1 ? plugins[0] : image.library.find(name);
    if (!plugin) {
        return std::unexpected{Error{
            fmt::format(
                "{}: has {} plugins, and none of them is \"{}\"", image.source.string(),
                plugins.size(), name),
            Failure::plugin_missing}};
    }
    for (const char* const* id = plugin->required_services; id && *id; ++id) {
        if (offers_service(*id)) continue;
        return std::unexpected{Error{
            fmt::format(
                "{}: needs the service {}, which this host does not offer: it wants a newer "
                "dnsloom",
                image.source.string(), printable(*id)),
            Failure::plugin_abi}};
    }
    return plugin;
}

Result<void> Builder::create() {
    std::vector<Error> errors;
    for (Step& step : steps_) {
        if (step.instance) continue;
        const auto image = loaded_.find(step.content);
        if (image == loaded_.end()) continue;
        const auto plugin = choose_plugin(step, *image->second);
        if (!plugin) {
            errors.push_back(at(step.plan.step, plugin.error()));
            continue;
        }
        step.instance =
            std::make_shared<Instance>(step.plan, image->second, **plugin, services_);
        made_.push_back(step.instance);
        if (auto created = step.instance->create(); !created)
            errors.insert(errors.end(), created.error().begin(), created.error().end());
    }
    if (!errors.empty()) return collect(errors);
    generation_->servers.resize(generation_->config.servers.size());
    for (const Step& step : steps_) {
        generation_->instances.push_back(step.instance);
        generation_->servers[step.plan.server_index].instances.push_back(step.instance.get());
    }
    return {};
}

/// Servers with the same zone have to leave queries to each other.
Result<void> Builder::check_shared_zones() const {
    std::vector<Error> errors;
    for (const SharedZone& shared : generation_->config.shared_zones) {
        const auto& instances = generation_->servers[shared.server].instances;
        const bool selects = std::ranges::any_of(instances, [](const Instance* instance) {
            return (instance->plugin().roles & LOOM_ROLE_SELECTS) != 0;
        });
        if (!selects && errors.size() < mistakes_max) errors.push_back(shared.error);
    }
    return collect(errors);
}

Result<void> Builder::begin(const Generation* current) {
    for (const auto& instance : made_)
        if (auto done = instance->init_workers(); !done) return done;
    if (current) {
        for (const auto& instance : made_) {
            const auto older = current->find_named(instance->plan().name);
            if (older && view(older->plugin().id) == view(instance->plugin().id))
                instance->import_from(*older, LOOM_STATE_WARM);
        }
    }
    for (const auto& instance : made_)
        if (auto done = instance->start(); !done) return done;
    auto opened = services_.http.open_ports();
    if (!opened) opened.error().failure = Failure::bind;
    return opened;
}

// Orders that are legal and mostly a mistake; the words are roles, never names of plugins.
void Builder::warn_of_order() const {
    for (std::size_t i = 0; i < generation_->servers.size(); ++i) {
        const Instance* cache = nullptr;
        const Instance* upstream = nullptr;
        for (const Instance* instance : generation_->servers[i].instances) {
            const std::uint32_t roles = instance->plugin().roles;
            const std::string place = to_string(instance->plan().step.place);
            const auto warn = [&](std::string_view text, const Instance* other) {
                services_.log.warning(
                    "config", fmt::format("{}: {} {} {}", place, instance->plan().step.plugin, text,
                                          other->plan().step.plugin));
            };
            if ((roles & LOOM_ROLE_POLICY) != 0 && cache)
                warn("decides who may ask, but who asks again is answered before it by", cache);
            if (upstream) warn("is never reached: everything is answered before it by", upstream);
            if ((roles & LOOM_ROLE_CACHE) != 0) cache = instance;
            const OutcomeRules& on = instance->plan().step.on;
            const bool always_answers = on.nxdomain == Outcome::stop &&
                                        on.nodata == Outcome::stop &&
                                        on.servfail == Outcome::stop && on.refused == Outcome::stop;
            if ((roles & LOOM_ROLE_UPSTREAM) != 0 && always_answers && !upstream &&
                (roles & LOOM_ROLE_CACHE) == 0)
                upstream = instance;
        }
    }
}

std::unique_ptr<Generation> Builder::take() {
    services_.http.commit();
    handed_out_ = true;
    return std::move(generation_);
}

Result<void> run_probe(std::span<const std::string> words, const std::string& file) {
    const auto result = probe(words);
    if (!result) return std::unexpected{result.error()};
    if (result->outcome == ProbeResult::Outcome::ok) return {};
    if (result->outcome == ProbeResult::Outcome::refused && !result->text.empty()) {
        // What main() says of an exception that nobody caught: a static initialiser's, most likely.
        constexpr std::string_view uncaught = "dnsloom: ";
        if (result->text.starts_with(uncaught)) {
            return std::unexpected{Error{
                fmt::format(
                    "{}: throws when it is loaded: {}", file,
                    result->text.substr(uncaught.size())),
                Failure::plugin_crashed}};
        }
        return std::unexpected{Error{result->text, failure_of(result->status)}};
    }
    return std::unexpected{Error{
        fmt::format("{}: tried in a child process: {}", file, describe(*result)),
        Failure::plugin_crashed}};
}

int probe_exit_code(Failure failure) { return first_probe_exit_code + static_cast<int>(failure); }

Result<TriedStep> parse_try(const std::string& word) {
    TriedStep tried;
    const auto equals = word.find('=');
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + std::min(equals, word.size()), tried.step);
    if (equals == std::string::npos || error != std::errc{} || end != word.data() + equals)
        return std::unexpected{Error{"probe: expected STEP=FILE, got " + quoted(word)}};
    tried.file = word.substr(equals + 1);
    return tried;
}

Result<void> try_steps(
    const Config& config, std::span<const std::string> tries, Services& services) {
    auto plans = plan_instances(config);
    std::vector<Error> errors;
    std::map<std::string, std::shared_ptr<PluginImage>> images;
    std::vector<std::unique_ptr<Instance>> instances;
    for (const std::string& word : tries) {
        auto tried = parse_try(word);
        if (!tried) return std::unexpected{tried.error()};
        // The configuration changed since the parent read it: its next look will see that.
        if (tried->step >= plans.size()) continue;
        auto& image = images[tried->file];
        if (!image) {
            auto file = check_elf_file(tried->file);
            if (!file) return std::unexpected{file.error()};
            auto library = Library::open(tried->file, *file, UnloadPolicy::unmap);
            if (!library) return std::unexpected{library.error()};
            image = std::make_shared<PluginImage>(
                PluginImage{std::move(*library), std::nullopt, tried->file, {}});
        }
        InstancePlan& plan = plans[tried->step];
        const auto plugins = image->library.plugins();
        const loom_plugin* plugin =
            plugins.size() == 1 ? plugins[0] : image->library.find(plan.step.plugin);
        if (!plugin) continue;
        instances.push_back(
            std::make_unique<Instance>(std::move(plan), image, *plugin, services));
        if (auto created = instances.back()->create(); !created)
            errors.insert(errors.end(), created.error().begin(), created.error().end());
    }
    for (const auto& instance : instances) instance->end();
    return collect(errors);
}

}  // namespace loom::host
