// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <algorithm>
#include <utility>

namespace loom::host {

namespace {

bool is_command_name(std::string_view name) {
    return !name.empty() && name.size() <= Commands::name_size_max &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}
bool is_usage(std::string_view usage) {
    return usage.size() <= Commands::usage_size_max && std::ranges::none_of(usage, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
           });
}

}  // namespace

loom_status Commands::add(Command command) {
    if (!is_command_name(command.name) || !is_usage(command.usage) || !command.run)
        return LOOM_E_ARGUMENT;
    const auto mine = of(command.owner);
    if (mine.size() == commands_max) return LOOM_E_LIMIT;
    if (std::ranges::find(mine, command.name, &Command::name) != mine.end()) return LOOM_E_ARGUMENT;
    commands_.push_back(std::move(command));
    return LOOM_OK;
}

std::vector<const Commands::Command*> Commands::of(const Instance* owner) const {
    std::vector<const Command*> mine;
    for (const Command& command : commands_)
        if (command.owner == owner) mine.push_back(&command);
    return mine;
}

void Commands::run(
    std::span<const Command* const> commands, std::span<const std::string> words, Answer answer) {
    auto joined = std::make_shared<Joined>(
        Joined{std::move(answer), std::vector<std::string>(commands.size()), 0, commands.size()});
    std::vector<loom_str> views;
    for (const std::string& word : words) views.push_back({word.data(), word.size()});
    const auto count = static_cast<std::uint32_t>(views.size());
    // All are there before the first runs, which may finish at once.
    const loom_handle first = last_ + 1;
    for (std::size_t i = 0; i < commands.size(); ++i)
        replies_.emplace(++last_, Reply{commands[i]->owner, joined, i});
    for (std::size_t i = 0; i < commands.size(); ++i)
        commands[i]->run(commands[i]->arg, views.data(), count, first + i);
}

loom_status Commands::write(const Instance* owner, loom_handle reply, std::string_view text) {
    const auto found = find(owner, reply);
    if (found == replies_.end()) return LOOM_E_STALE;
    Joined& joined = *found->second.joined;
    if (text.size() > reply_size_max - joined.size) return LOOM_E_LIMIT;
    joined.size += text.size();
    joined.texts[found->second.place] += text;
    return LOOM_OK;
}

loom_status Commands::finish(const Instance* owner, loom_handle reply, loom_status status) {
    const auto found = find(owner, reply);
    if (found == replies_.end()) return LOOM_E_STALE;
    end(found, status >= LOOM_OK);
    return LOOM_OK;
}

void Commands::remove_owner(const Instance* owner) {
    std::erase_if(commands_, [&](const Command& command) { return command.owner == owner; });
    for (auto reply = replies_.begin(); reply != replies_.end();) {
        const auto next = std::next(reply);
        if (reply->second.owner == owner) {
            reply->second.joined->texts[reply->second.place] +=
                "the plugin was replaced before it was done\n";
            end(reply, false);
        }
        reply = next;
    }
}

Commands::Replies::iterator Commands::find(const Instance* owner, loom_handle reply) {
    const auto found = replies_.find(reply);
    return found != replies_.end() && found->second.owner == owner ? found : replies_.end();
}

void Commands::end(Replies::iterator reply, bool ok) {
    const std::shared_ptr<Joined> joined = std::move(reply->second.joined);
    replies_.erase(reply);
    if (!ok) joined->ok = false;
    if (--joined->left != 0) return;
    std::string text;
    for (const std::string& part : joined->texts) text += part;
    joined->answer(joined->ok, std::move(text));
}

}  // namespace loom::host
