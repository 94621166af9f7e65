// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

using namespace loom::host;

namespace {

// A log that writes to a pipe.
class PipedLog {
public:
    explicit PipedLog(LogLevel level = LogLevel::info, LogFormat format = LogFormat::text) {
        REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
        log.emplace(clock, ends_[1]);
        log->configure(level, format);
    }
    ~PipedLog() {
        log.reset();
        if (ends_[1] >= 0) ::close(ends_[1]);
        ::close(ends_[0]);
    }
    PipedLog(const PipedLog&) = delete;
    PipedLog& operator=(const PipedLog&) = delete;

    /// Ends the log and gives what it has written, without the times.
    std::string text() {
        std::string out;
        // Reads as it ends: it may have more to write than a pipe takes.
        std::thread reader{[&] {
            char room[65536];
            for (ssize_t count = 0; (count = ::read(ends_[0], room, sizeof room)) > 0;)
                out.append(room, static_cast<std::size_t>(count));
        }};
        log.reset();
        ::close(ends_[1]);
        ends_[1] = -1;
        reader.join();
        return out;
    }

    Clock clock;
    std::optional<Log> log;

private:
    int ends_[2] = {-1, -1};
};

constexpr std::size_t time_size = std::string_view{"2026-01-02T03:04:05.678Z"}.size();

// The one line of a text log behind its time.
std::string line(PipedLog& piped) {
    const std::string text = piped.text();
    REQUIRE(text.size() > time_size + 2);
    REQUIRE(text.find('\n') == text.size() - 1);
    return text.substr(time_size + 1, text.size() - time_size - 2);
}

std::string message_line(std::string_view message) {
    PipedLog piped;
    piped.log->info("host", message);
    return line(piped);
}

std::string field_line(std::string_view value) {
    PipedLog piped;
    const LogField field{"key", value};
    piped.log->write(LogLevel::info, "host", "m", {&field, 1});
    return line(piped);
}

}  // namespace

TEST_CASE("host/log: write: is TIME LEVEL WHO: MESSAGE key=value") {
    PipedLog piped;
    const LogField fields[] = {{"zone", "example.org."}, {"serial", "7"}};
    piped.log->write(LogLevel::warning, "main/file", "zone is old", fields);
    CHECK(line(piped) == "warning main/file: zone is old zone=example.org. serial=7");
}

TEST_CASE("host/log: write: the time is UTC with milliseconds") {
    PipedLog piped;
    piped.log->info("host", "m");
    const std::string text = piped.text();
    const std::string_view shape = "dddd-dd-ddTdd:dd:dd.dddZ ";
    REQUIRE(text.size() > shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 'd') {
            CHECK((text[i] >= '0' && text[i] <= '9'));
        } else {
            CHECK(text[i] == shape[i]);
        }
    }
}

TEST_CASE("host/log: write: the time follows the host's clock") {
    PipedLog piped;
    const auto now = static_cast<time_t>(piped.clock.realtime_ns() / 1'000'000'000U);
    piped.clock.advance(std::uint64_t{400} * 86'400 * 1'000'000'000);
    piped.log->info("host", "m");
    tm then{};
    const time_t later = now + 400 * 86'400;
    ::gmtime_r(&later, &then);
    CHECK(piped.text().starts_with(std::to_string(then.tm_year + 1900)));
}

TEST_CASE("host/log: write: one call is one line") {
    CHECK(message_line("a\nb\r\nc") == "info host: a\\nb\\u000d\\nc");
}

TEST_CASE("host/log: write: control characters, quotes and backslashes are escaped") {
    CHECK(message_line("\x1B[31m\x7F") == "info host: \\u001b[31m\\u007f");
    CHECK(message_line("say \"hi\" \\o/") == "info host: say \\\"hi\\\" \\\\o/");
    CHECK(message_line(std::string_view{"a\0b", 3}) == "info host: a\\u0000b");
}

TEST_CASE("host/log: write: UTF-8 stays, and other octets do not come through") {
    CHECK(
        message_line("Gr\xC3\xB6\xC3\x9F"
                     "e") == "info host: Gr\xC3\xB6\xC3\x9F"
                             "e");
    for (const auto* bad : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xC2\x9B"}) {
        const std::string text = message_line(bad);
        for (const char c : text) CHECK(static_cast<unsigned char>(c) < 0x80);
    }
}

TEST_CASE("host/log: write: a value that would not be told apart stands in quotes") {
    CHECK(field_line("plain") == "info host: m key=plain");
    CHECK(field_line("") == "info host: m key=\"\"");
    CHECK(field_line("two words") == "info host: m key=\"two words\"");
    CHECK(field_line("a=b") == "info host: m key=\"a=b\"");
    CHECK(field_line("a\"b") == "info host: m key=\"a\\\"b\"");
    CHECK(field_line("a\nb") == "info host: m key=\"a\\nb\"");
}

TEST_CASE("host/log: write: as JSON is one object a line") {
    PipedLog piped{LogLevel::info, LogFormat::json};
    const LogField fields[] = {{"zone", "a\"b"}, {"empty", ""}};
    piped.log->write(LogLevel::error, "main/file", "it\nis \\ so", fields);
    const std::string text = piped.text();
    CHECK(text.starts_with("{\"time\":\""));
    CHECK(
        text.substr(std::string_view{"{\"time\":\""}.size() + time_size) ==
        "\",\"level\":\"error\",\"who\":\"main/file\",\"message\":\"it\\nis \\\\ so\","
        "\"zone\":\"a\\\"b\",\"empty\":\"\"}\n");
}

TEST_CASE("host/log: write: JSON is UTF-8 whatever was logged (RFC 8259 section 8.1)") {
    PipedLog piped{LogLevel::info, LogFormat::json};
    piped.log->info("host", "\xFF\xC3\x9F\xC0");
    for (const char c : piped.text()) {
        CHECK(static_cast<unsigned char>(c) != 0xFF);
        CHECK(static_cast<unsigned char>(c) != 0xC0);
    }
}

TEST_CASE("host/log: configure: lines below the level are left out") {
    PipedLog piped{LogLevel::warning};
    CHECK_FALSE(piped.log->enabled(LogLevel::debug));
    CHECK_FALSE(piped.log->enabled(LogLevel::info));
    CHECK(piped.log->enabled(LogLevel::warning));
    CHECK(piped.log->enabled(LogLevel::error));
    piped.log->info("host", "left out");
    piped.log->error("host", "kept");
    CHECK(line(piped) == "error host: kept");
}

TEST_CASE("host/log: gather: lines wait for flush_thread, in order") {
    PipedLog piped;
    Log::gather(true);
    piped.log->info("host", "one");
    piped.log->info("host", "two");
    std::thread{[&] { piped.log->info("other", "thread"); }}.join();
    piped.log->flush_thread();
    Log::gather(false);
    const std::string text = piped.text();
    const auto one = text.find("host: one\n");
    const auto two = text.find("host: two\n");
    const auto other = text.find("other: thread\n");
    REQUIRE(two != std::string::npos);
    CHECK(other < one);
    CHECK(one < two);
}

TEST_CASE("host/log: the end: writes what is left") {
    PipedLog piped;
    for (int i = 0; i < 1000; ++i) piped.log->info("host", "line");
    const std::string text = piped.text();
    CHECK(std::count(text.begin(), text.end(), '\n') == 1000);
}

TEST_CASE("host/log: a full queue: drops lines, counts them and says so") {
    PipedLog piped;
    // Nobody reads the pipe, so the queue fills.
    const std::string message(100'000, 'x');
    int written = 0;
    while (piped.log->dropped() == 0 && written < 1000) {
        piped.log->info("host", message);
        ++written;
    }
    piped.log->info("host", message);
    const std::uint64_t dropped = piped.log->dropped();
    REQUIRE(dropped >= 1);
    const std::string text = piped.text();
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    // All that were not dropped, and the line that says how many were.
    CHECK(lines == static_cast<std::uint64_t>(written) + 1 - dropped + 1);
    CHECK(
        text.find(" warning log: " + std::to_string(dropped) + " lines were dropped") !=
        std::string::npos);
}
