// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include "../config/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include <poll.h>
#include <time.h>
#include <unistd.h>

namespace loom::host {

namespace {

struct Gathered {
    bool on = false;
    std::string lines;
};
thread_local Gathered gathered;

std::string_view name_of(LogLevel level) {
    switch (level) {
    case LogLevel::debug:
        return "debug";
    case LogLevel::info:
        return "info";
    case LogLevel::warning:
        return "warning";
    case LogLevel::error:
        return "error";
    }
    return "error";
}

void append_time(std::uint64_t ns, std::string& out) {
    // The calendar changes once a second; the library's conversion is dear.
    thread_local time_t last_second = -1;
    thread_local char text[24] = {};
    const auto second = static_cast<time_t>(ns / 1'000'000'000U);
    if (second != last_second) {
        tm parts{};
        ::gmtime_r(&second, &parts);
        ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        last_second = second;
    }
    const auto ms = static_cast<unsigned>(ns / 1'000'000U % 1000U);
    out += text;
    const char tail[] = {
        '.', static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
        static_cast<char>('0' + ms % 10), 'Z'};
    out.append(tail, sizeof tail);
}

constexpr unsigned char ascii_end = 0x80;

// Octets that are no ASCII: characters stay as they are, anything else becomes `\\xHH`.
void append_foreign(std::string_view text, std::string& out) {
    for (const char c : printable(text, text.size() * 4 + 1)) {
        if (c == '\\') out += '\\';
        out += c;
    }
}

// As JSON strings are escaped (RFC 8259 section 7), which serves the text form, too.
void append_escaped(std::string_view text, std::string& out) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= ascii_end) {
            std::size_t end = at + 1;
            while (end < text.size() && static_cast<unsigned char>(text[end]) >= ascii_end) ++end;
            append_foreign(text.substr(at, end - at), out);
            at = end - 1;
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (octet < 0x20 || octet == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", unsigned{octet});
        } else {
            out += c;
        }
    }
}

void append_json(std::string_view key, std::string_view value, std::string& out) {
    out += ",\"";
    append_escaped(key, out);
    out += "\":\"";
    append_escaped(value, out);
    out += '"';
}

bool needs_quotes(std::string_view value) {
    return value.empty() || std::ranges::any_of(value, [](char c) {
               return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' ||
                      c == '\\' || c == 0x7F;
           });
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd entry{fd, POLLOUT, 0};
            ::poll(&entry, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

Log::Log(const Clock& clock, int fd) : clock_{clock}, fd_{fd}, writer_{[this] { run(); }} {}

Log::~Log() {
    flush_thread();
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    changed_.notify_one();
    writer_.join();
}

void Log::configure(LogLevel level, LogFormat format) {
    level_ = level;
    format_ = format;
}

void Log::write(
    LogLevel level, std::string_view who, std::string_view message,
    std::span<const LogField> fields) {
    if (!enabled(level)) return;
    format(gathered.lines, level, who, message, fields);
    if (!gathered.on) flush_thread();
}

void Log::gather(bool on) { gathered.on = on; }

void Log::flush_thread() {
    if (gathered.lines.empty()) return;
    enqueue(gathered.lines);
    gathered.lines.clear();
}

void Log::format(
    std::string& out, LogLevel level, std::string_view who, std::string_view message,
    std::span<const LogField> fields) const {
    if (format_.load(std::memory_order_relaxed) == LogFormat::json) {
        out += "{\"time\":\"";
        append_time(clock_.realtime_ns(), out);
        out += '"';
        append_json("level", name_of(level), out);
        append_json("who", who, out);
        append_json("message", message, out);
        for (const LogField& field : fields) append_json(field.key, field.value, out);
        out += "}\n";
        return;
    }
    append_time(clock_.realtime_ns(), out);
    out += ' ';
    out += name_of(level);
    out += ' ';
    append_escaped(who, out);
    out += ": ";
    append_escaped(message, out);
    for (const LogField& field : fields) {
        out += ' ';
        append_escaped(field.key, out);
        out += '=';
        const bool quotes = needs_quotes(field.value);
        if (quotes) out += '"';
        append_escaped(field.value, out);
        if (quotes) out += '"';
    }
    out += '\n';
}

void Log::enqueue(std::string_view lines) {
    bool was_empty = false;
    {
        const std::lock_guard lock{mutex_};
        if (queue_.size() + lines.size() > queue_max) {
            dropped_ += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
            return;
        }
        was_empty = queue_.empty();
        queue_ += lines;
    }
    if (was_empty) changed_.notify_one();
}

void Log::run() {
    std::uint64_t reported = 0;
    std::string batch;
    while (true) {
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [&] { return !queue_.empty() || ending_; });
            if (queue_.empty()) return;
            batch.swap(queue_);
        }
        write_all(fd_, batch);
        batch.clear();
        if (const std::uint64_t dropped = dropped_; dropped != reported) {
            std::string line;
            format(
                line, LogLevel::warning, "log",
                fmt::format("{} lines were dropped: the log is slower than what is logged",
                            dropped - reported),
                {});
            reported = dropped;
            write_all(fd_, line);
        }
    }
}

}  // namespace loom::host
