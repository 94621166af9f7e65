// SPDX-License-Identifier: Apache-2.0
// Service "loom.command/1".
#include "plugin_commands.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>
#include <stdexcept>

namespace loom::harness {
namespace {

loom_status
add(const loom_host* host,
    loom_str name,
    loom_str usage,
    loom_command_fn run,
    void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.in_create("add() of a command")) return LOOM_E_THREAD;
    if (name.size == 0 || !run) {
        core.misuse("add() was called for a command without a name or a function");
        return LOOM_E_ARGUMENT;
    }
    const bool taken =
        std::ranges::find(core.commands, view(name), &OfferedCommand::name) != core.commands.end();
    if (taken) return LOOM_E_ARGUMENT;
    core.commands.push_back({std::string{view(name)}, std::string{view(usage)}, run, argument});
    return LOOM_OK;
}

// Null, and a misuse, unless the reply is open and the thread is right.
StartedCommand* open_reply(const loom_host* host, std::string_view function, loom_handle reply) {
    auto& core = Harness::Core::of(host);
    if (!core.on_control(function)) return nullptr;
    const auto found = core.started_commands.find(reply);
    if (found != core.started_commands.end() && !found->second.finished) return &found->second;
    core.misuse(std::string{function} + " was called for a reply that is finished");
    return nullptr;
}

loom_status write(const loom_host* host, loom_handle reply, loom_str text) noexcept {
    StartedCommand* command = open_reply(host, "write() of a command", reply);
    if (!command) return LOOM_E_STALE;
    command->result.text += view(text);
    return LOOM_OK;
}

loom_status finish(const loom_host* host, loom_handle reply, loom_status status) noexcept {
    StartedCommand* command = open_reply(host, "finish() of a command", reply);
    if (!command) return LOOM_E_STALE;
    command->result.ok = status >= LOOM_OK;
    command->finished = true;
    return LOOM_OK;
}

}  // namespace

loom_handle
start_command(Harness::Core& core, std::string_view name, const std::vector<std::string>& words) {
    const auto found = std::ranges::find(core.commands, name, &OfferedCommand::name);
    if (found == core.commands.end())
        throw std::out_of_range{"the plugin has no command " + std::string{name}};
    std::vector<loom_str> views;
    for (const auto& word : words) views.push_back(str(word));
    const loom_handle reply = ++core.last_handle;
    core.started_commands[reply];
    core.loop().run_as(LOOM_CONTROL, [&] {
        found->run(found->argument, views.data(), static_cast<std::uint32_t>(views.size()), reply);
    });
    return reply;
}

CommandResult take_result(Harness::Core& core, loom_handle reply) {
    const auto found = core.started_commands.find(reply);
    if (!found->second.finished) throw std::runtime_error{"the command has not finished"};
    return found->second.result;
}

const loom_command_1 command_service = {
    .size = sizeof(loom_command_1), .add = add, .write = write, .finish = finish};

}  // namespace loom::harness
