// SPDX-License-Identifier: Apache-2.0
// The commands of `dnsloom ctl`.
#include "server.hpp"

#include "config/suggest.hpp"
#include "config/units.hpp"
#include "version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include <unistd.h>

namespace loom::host {

namespace {

constexpr std::array<std::string_view, 7> known_commands = {
    "status", "plugins", "commands", "metrics", "reload", "stop", "clock"};

std::string view(loom_str text) { return {text.data, text.size}; }

}  // namespace

void Server::command(std::vector<std::string> words, const ControlAnswer& answer) {
    const std::string& name = words.front();
    if (name == "status") {
        answer(status());
    } else if (name == "plugins") {
        answer(plugins());
    } else if (name == "commands") {
        answer(commands());
    } else if (name == "metrics") {
        answer({true, metrics_.render()});
    } else if (name == "reload") {
        request_reload("ctl reload", [answer](const ReloadOutcome& outcome) {
            answer({outcome.ok, outcome.text + '\n'});
        });
    } else if (name == "stop") {
        answer({true, "stopping\n"});
        begin_stop();
    } else if (name == "clock") {
        answer(move_clock(words));
    } else {
        plugin_command(words, answer);
    }
}

std::vector<const Instance*> Server::instances_called(std::string_view name) const {
    std::vector<const Instance*> called;
    if (!current_) return called;
    for (const auto& instance : current_->instances)
        if (view(instance->plugin().id) == name || instance->plan().name == name ||
            instance->plan().step.name == name)
            called.push_back(instance.get());
    return called;
}

void Server::plugin_command(
    const std::vector<std::string>& words, const ControlAnswer& answer) {
    const std::string& who = words.front();
    const auto instances = instances_called(who);
    if (instances.empty()) {
        answer({false, fmt::format("unknown command {}{}\n", quoted(who),
                                   suggestion(who, known_commands))});
        return;
    }
    std::vector<const Commands::Command*> chosen;
    std::vector<std::string> names;
    for (const Instance* instance : instances) {
        for (const Commands::Command* command : commands_.of(instance)) {
            if (std::ranges::find(names, command->name) == names.end())
                names.push_back(command->name);
            if (words.size() > 1 && command->name == words[1]) chosen.push_back(command);
        }
    }
    if (names.empty()) {
        answer({false, fmt::format("{} has no commands\n", who)});
    } else if (words.size() == 1) {
        answer({false, fmt::format("usage: {} {}\n", who, fmt::join(names, "|"))});
    } else if (chosen.empty()) {
        answer({false, fmt::format("{} has no command {}; allowed: {}\n", who, quoted(words[1]),
                                   fmt::join(names, ", "))});
    } else {
        commands_.run(chosen, std::span{words}.subspan(2), [answer](bool ok, std::string text) {
            answer({ok, std::move(text)});
        });
    }
}

ControlReply Server::commands() const {
    if (!current_) return {true, ""};
    std::string text;
    for (const auto& instance : current_->instances)
        for (const Commands::Command* command : commands_.of(instance.get()))
            text += fmt::format(
                "{} {}{}{}\n", instance->plan().name, command->name,
                command->usage.empty() ? "" : " ", command->usage);
    return {true, text};
}

ControlReply Server::status() const {
    if (!current_) return {true, "state: stopping\n"};
    std::string text = fmt::format(
        "version: {}\nstate: serving\npid: {}\nconfig: {}\ngeneration: {}\nworkers: {}\n"
        "uptime: {}s\n",
        product_version, ::getpid(), config_path_, current_->number, workers_.size(),
        (clock_.monotonic_ns() - started_ns_) / 1'000'000'000U);
    for (const auto& entry : listeners_.entries()) {
        Listen bound = entry.listen;
        bound.address = entry.bound;
        text += fmt::format("listen: {}\n", to_string(bound));
    }
    for (const std::string& address : http_.addresses())
        text += fmt::format("http: {}\n", address);
    text += fmt::format(
        "instances: {}\ndraining: {}\nreloads_failed: {}\n", current_->instances.size(),
        retiring_.size(), reloads_failed_);
    text += fmt::format("plugins_loaded: {}\n", images_->loaded_count());
    for (const std::string& reason : images_->pinned())
        text += fmt::format("pinned: {}\n", reason);
    if (!last_error_.empty()) text += fmt::format("last_error: {}\n", last_error_);
    return {true, text};
}

ControlReply Server::plugins() const {
    if (!current_) return {true, ""};
    std::string text;
    for (const auto& instance : current_->instances) {
        const PluginImage& image = instance->image();
        text += fmt::format(
            "{}\tplugin={} version={} build={} errors={} file={}\n", instance->plan().name,
            view(instance->plugin().id), view(instance->plugin().version),
            image.content.short_text(), instance->errors(), image.source.string());
    }
    for (const std::string& reason : images_->pinned())
        text += fmt::format("pinned\t{}\n", reason);
    return {true, text};
}

ControlReply Server::move_clock(const std::vector<std::string>& words) {
    if (!current_ || !current_->config.host.test_clock)
        return {false, "the clock moves only with host.test_clock = true\n"};
    if (words.size() != 2) return {false, "usage: clock DURATION\n"};
    const auto step = parse_duration(words[1]);
    if (!step) return {false, step.error() + '\n'};
    clock_.advance(static_cast<std::uint64_t>(step->count()));
    // Everybody has seen the new time when the command returns.
    control_.clock_moved();
    for (const auto& worker : workers_) {
        worker->clock_moved();
        worker->call([] {});
    }
    return {true, ""};
}

}  // namespace loom::host
