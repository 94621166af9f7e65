// SPDX-License-Identifier: Apache-2.0
// Commands of plugins for `dnsloom ctl`: service "loom.command/1".
#pragma once

#include <dnsloom/abi/service/command.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

class Instance;

/// What instances offer, and the replies that are under way. Control thread only.
class Commands {
public:
    static constexpr std::size_t commands_max = 16;  ///< An instance.
    static constexpr std::size_t name_size_max = 32;
    static constexpr std::size_t usage_size_max = 200;
    static constexpr std::size_t reply_size_max = std::size_t{64} << 20U;

    struct Command {
        const Instance* owner = nullptr;
        std::string name;
        std::string usage;
        loom_command_fn run = nullptr;
        void* arg = nullptr;
    };
    using Answer = std::function<void(bool ok, std::string text)>;

    loom_status add(Command command);
    [[nodiscard]] std::vector<const Command*> of(const Instance* owner) const;

    /// Runs the commands in turn with the same words, and answers once, with all that they wrote, when
    /// the last of them has finished: now or later. It is an error if one of them says so.
    void
    run(std::span<const Command* const> commands,
        std::span<const std::string> words,
        Answer answer);

    loom_status write(const Instance* owner, loom_handle reply, std::string_view text);
    loom_status finish(const Instance* owner, loom_handle reply, loom_status status);

    /// Its commands go; its unfinished replies end as errors.
    void remove_owner(const Instance* owner);

private:
    /// One for a `ctl`; shared by the replies of the instances that it is put together from.
    struct Joined {
        Answer answer;
        std::vector<std::string> texts;  // In the order of the commands.
        std::size_t size = 0;
        std::size_t left = 0;
        bool ok = true;
    };
    struct Reply {
        const Instance* owner = nullptr;
        std::shared_ptr<Joined> joined;
        std::size_t place = 0;
    };
    using Replies = std::map<loom_handle, Reply>;

    Replies::iterator find(const Instance* owner, loom_handle reply);
    void end(Replies::iterator reply, bool ok);

    std::vector<Command> commands_;
    Replies replies_;
    loom_handle last_ = 0;
};

}  // namespace loom::host
