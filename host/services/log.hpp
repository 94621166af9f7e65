// SPDX-License-Identifier: Apache-2.0
// The log: lines from any thread, written by a thread of its own, so that nobody waits for a disk or
// a pipe.
#pragma once

#include "clock.hpp"
#include "../config/config.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace loom::host {

struct LogField {
    std::string_view key;
    std::string_view value;
};

/// Lines go to a descriptor, as `TIME LEVEL WHO: MESSAGE key=value` or one JSON object each. What is
/// foreign in them is escaped: one call is one line. When the queue is full, lines are dropped and
/// the number of them is logged.
class Log {
public:
    Log(const Clock& clock, int fd);
    ~Log();  ///< Writes what is left.
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void configure(LogLevel level, LogFormat format);
    bool enabled(LogLevel level) const {
        return level >= level_.load(std::memory_order_relaxed);
    }

    /// `who` is the part of the host or the instance that speaks.
    void write(
        LogLevel level, std::string_view who, std::string_view message,
        std::span<const LogField> fields = {});
    void info(std::string_view who, std::string_view message) {
        write(LogLevel::info, who, message);
    }
    void warning(std::string_view who, std::string_view message) {
        write(LogLevel::warning, who, message);
    }
    void error(std::string_view who, std::string_view message) {
        write(LogLevel::error, who, message);
    }

    /// Gives the lines that the calling thread has gathered to the writer. Threads that call
    /// gather(true) gather until then; lines of others go at once.
    void flush_thread();
    static void gather(bool on);

    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t queue_max = std::size_t{4} << 20U;

    void format(
        std::string& out, LogLevel level, std::string_view who, std::string_view message,
        std::span<const LogField> fields) const;
    void enqueue(std::string_view lines);
    void run();

    const Clock& clock_;
    int fd_;
    std::atomic<LogLevel> level_{LogLevel::info};
    std::atomic<LogFormat> format_{LogFormat::text};
    std::atomic<std::uint64_t> dropped_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string queue_;
    bool ending_ = false;
    std::thread writer_;
};

}  // namespace loom::host
