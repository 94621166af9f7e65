// SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include "mapped.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace loom::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* folder = "/proc/self/task";
constexpr std::uint64_t exiting = 0x4;  // PF_EXITING of the kernel's sched.h.

/// `ID (NAME) STATE PPID PGRP SESSION TTY TPGID FLAGS ...`; the name may hold anything.
bool is_ending(const fs::path& task) {
    std::ifstream file{task / "stat"};
    std::string line;
    if (!std::getline(file, line)) return true;
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return false;
    std::istringstream rest{line.substr(name_end + 1)};
    std::string state;
    std::int64_t other = 0;
    std::uint64_t flags = 0;
    rest >> state >> other >> other >> other >> other >> other >> flags;
    return rest && (flags & exiting) != 0;
}

/// Where a thread waits; nothing if it runs just now.
struct Position {
    std::uintptr_t instruction = 0;
    std::uintptr_t stack = 0;
};

/// `NUMBER ARGUMENT*6 STACK INSTRUCTION` in a system call, `-1 STACK INSTRUCTION` where it waits in
/// the kernel for another reason, else `running` (proc(5)).
std::optional<Position> position_of(pid_t thread) {
    std::ifstream file{fs::path{folder} / std::to_string(thread) / "syscall"};
    std::vector<std::string> words{std::istream_iterator<std::string>{file}, {}};
    if (words.size() < 3) return std::nullopt;
    const auto number = [](const std::string& word) {
        return static_cast<std::uintptr_t>(std::strtoull(word.c_str(), nullptr, 16));
    };
    return Position{number(words.back()), number(words[words.size() - 2])};
}

/// A thread that runs soon waits, as a rule; on a busy machine one that wants to run may take a while.
std::optional<Position> wait_for_position(pid_t thread) {
    constexpr int tries_max = 100;
    constexpr std::chrono::milliseconds pause{1};
    auto position = position_of(thread);
    for (int tries = 1; !position && tries < tries_max; ++tries) {
        std::this_thread::sleep_for(pause);
        position = position_of(thread);
    }
    return position;
}

/// Whether any word in `stack` points into `code`; nothing if it cannot be read. By a system call,
/// since the stack's owner may go on meanwhile.
std::optional<bool> points_into(const AddressRange& stack, const AddressRange& code) {
    std::vector<std::uintptr_t> words(std::size_t{8} * 1024);
    for (std::uintptr_t at = stack.first; at < stack.end;) {
        const iovec local{words.data(), words.size() * sizeof words[0]};
        const iovec remote{reinterpret_cast<void*>(at), std::min(local.iov_len, stack.end - at)};
        const auto got = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
        if (got <= 0) return std::nullopt;
        const std::span seen{words.data(), static_cast<std::size_t>(got) / sizeof words[0]};
        if (std::ranges::any_of(seen, [&](auto word) { return code.has(word); })) return true;
        at += static_cast<std::uintptr_t>(got);
    }
    return false;
}

}  // namespace

bool may_run_in(pid_t thread, const fs::path& path) {
    const auto code = mapped_range(path);
    if (!code) return false;
    const auto position = wait_for_position(thread);
    if (!position || code->has(position->instruction)) return true;
    constexpr std::uintptr_t word_size = sizeof(std::uintptr_t);
    const auto stack = mapping_of(position->stack);
    if (!stack) return true;
    return points_into({position->stack & ~(word_size - 1), stack->end}, *code).value_or(true);
}

std::set<pid_t> running_threads() {
    std::set<pid_t> threads;
    std::error_code error;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename();
        pid_t thread = 0;
        std::from_chars(name.data(), name.data() + name.size(), thread);
        if (thread != 0 && !is_ending(at->path())) threads.insert(thread);
    }
    return threads;
}

std::string thread_name(pid_t thread) {
    std::ifstream file{fs::path{folder} / std::to_string(thread) / "comm"};
    std::string name;
    std::getline(file, name);
    return name;
}

}  // namespace loom::host
