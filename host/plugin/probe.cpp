// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::host {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_{number} {}
    Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { close(); }
    [[nodiscard]] int get() const { return number_; }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

private:
    int number_;
};

std::unexpected<Error> failure(std::string_view what, int error) {
    return std::unexpected{Error{fmt::format("probe: {}: {}", what, std::strerror(error))}};
}

/// What the child begins with. A fork() of a process with threads could hang in the child, so
/// posix_spawn() does all of it.
class SpawnPlan {
public:
    SpawnPlan() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    /// 0 or an errno.
    int prepare(int standard_error) {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        constexpr auto flags = static_cast<short>(
            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        const std::array done{
            ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0),
            ::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0),
            ::posix_spawn_file_actions_adddup2(&actions_, standard_error, 2),
            ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3),
            ::posix_spawnattr_setsigmask(&attributes_, &none),
            ::posix_spawnattr_setsigdefault(&attributes_, &all),
            ::posix_spawnattr_setpgroup(&attributes_, 0),
            ::posix_spawnattr_setflags(&attributes_, flags)};
        const auto wrong = std::ranges::find_if(done, [](int error) { return error != 0; });
        return wrong == done.end() ? 0 : *wrong;
    }

    int spawn(pid_t& child, const char* executable, std::span<const std::string> arguments) {
        std::vector<char*> argv;
        argv.push_back(const_cast<char*>(executable));
        for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
        argv.push_back(nullptr);
        return ::posix_spawn(&child, executable, &actions_, &attributes_, argv.data(), environ);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// A child that runs. Kills and reaps it, where that was not done.
class Child {
public:
    Child(pid_t number, Descriptor handle, Descriptor output)
        : number_{number}, handle_{std::move(handle)}, output_{std::move(output)} {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (number_ > 0) reap();
    }

    [[nodiscard]] int handle() const { return handle_.get(); }
    [[nodiscard]] int output() const { return output_.get(); }

    /// Until its end or `deadline`, collecting at most `size_max` octets of its output into
    /// `text`. True: it ended.
    bool wait(Clock::time_point deadline, std::size_t size_max, std::string& text) {
        for (;;) {
            std::array<pollfd, 2> wanted{{{output_.get(), POLLIN, 0}, {handle_.get(), POLLIN, 0}}};
            const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            if (rest.count() <= 0) return false;
            const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(rest.count()));
            if (ready < 0 && errno != EINTR) return false;
            if (ready <= 0) continue;
            if (wanted[0].revents != 0) take_output(size_max, text);
            if (wanted[1].revents == 0) continue;
            take_output(size_max, text);
            return true;
        }
    }

    /// Kills the child's group and takes its status. siginfo_t::si_code is 0 if it is lost.
    siginfo_t reap() {
        // Before waitid(): as long as the child is a zombie, nobody else can have its number.
        ::kill(-number_, SIGKILL);
        siginfo_t status{};
        while (::waitid(P_PID, static_cast<id_t>(number_), &status, WEXITED) != 0) {
            if (errno != EINTR) break;
        }
        number_ = 0;
        return status;
    }

private:
    void take_output(std::size_t size_max, std::string& text) {
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto got = ::read(output_.get(), chunk.data(), chunk.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return;
            if (got == 0) return output_.close();  // poll() passes over a negative number.
            const auto size = std::min(static_cast<std::size_t>(got), size_max - text.size());
            text.append(chunk.data(), size);
            // A child that writes without end must not keep the caller here.
            if (size == 0) return;
        }
    }

    pid_t number_;
    Descriptor handle_;
    Descriptor output_;
};

/// Of a process that was not reaped; readable when it ended. pidfd_open() of glibc 2.36 is declared
/// without C linkage.
int open_handle(pid_t child) { return static_cast<int>(::syscall(SYS_pidfd_open, child, 0)); }

void limit_child(pid_t child, const ProbeLimits& limits) {
    // Ends the child also where the host itself dies before it.
    const auto seconds =
        static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(limits.time).count()) + 1;
    const rlimit processor_time{seconds, seconds};
    ::prlimit(child, RLIMIT_CPU, &processor_time, nullptr);
}

std::string signal_name(int number) {
    const char* name = ::sigabbrev_np(number);
    return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

/// Line by line, so that the newlines stay.
std::string printable_lines(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (!out.empty()) out += '\n';
        // An octet becomes four at most.
        out += printable(text.substr(0, end), 4 * end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// What a dying process says, in one line.
std::string joined(std::string text) {
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
        const auto next = std::min(text.find_first_not_of("\n ", at), text.size());
        text.replace(at, next - at, next == text.size() ? "" : "; ");
    }
    return text;
}

ProbeResult judge(const siginfo_t& status, bool ended, std::string_view text) {
    using Outcome = ProbeResult::Outcome;
    ProbeResult result{Outcome::hung, printable_lines(text), {}, 0};
    if (!ended) return result;
    if (status.si_code == CLD_EXITED) {
        result.status = status.si_status;
        result.outcome = status.si_status == 0 ? Outcome::ok : Outcome::refused;
        return result;
    }
    result.outcome = Outcome::crashed;
    result.signal = signal_name(status.si_status);
    return result;
}

}  // namespace

Result<ProbeResult> probe(std::span<const std::string> arguments, const ProbeLimits& limits) {
    return run_child("/proc/self/exe", arguments, limits);
}

Result<ProbeResult> run_child(
    const std::filesystem::path& executable,
    std::span<const std::string> arguments,
    const ProbeLimits& limits) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure("no pipe", errno);
    Descriptor output{ends[0]};
    Descriptor input{ends[1]};
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);

    SpawnPlan plan;
    if (const int error = plan.prepare(input.get())) return failure("cannot be prepared", error);
    pid_t number = 0;
    if (const int error = plan.spawn(number, executable.c_str(), arguments)) {
        return failure(fmt::format("{} cannot be run", printable(executable.native())), error);
    }
    input.close();
    limit_child(number, limits);
    Child child{number, Descriptor{open_handle(number)}, std::move(output)};
    if (child.handle() < 0) return failure("the child cannot be watched", errno);

    std::string text;
    const bool ended = child.wait(Clock::now() + limits.time, limits.text_size_max, text);
    const siginfo_t status = child.reap();
    if (status.si_pid == 0) return failure("the child's status is lost", ECHILD);
    return judge(status, ended, text);
}

void forbid_core_files() {
    constexpr rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    // Where a program takes core files, the limit counts for nothing (core(5)).
    ::prctl(PR_SET_DUMPABLE, 0);
}

std::string describe(const ProbeResult& result, const ProbeLimits& limits) {
    using Outcome = ProbeResult::Outcome;
    std::string text;
    switch (result.outcome) {
    case Outcome::ok:
        return "ok";
    case Outcome::refused:
        return result.text.empty() ? "refused without a reason" : result.text;
    case Outcome::crashed:
        text = "the plugin crashed (" + result.signal + ")";
        break;
    case Outcome::hung:
        text = fmt::format("the plugin did not come back within {} ms", limits.time.count());
        break;
    }
    return result.text.empty() ? text : text + ": " + joined(result.text);
}

}  // namespace loom::host
