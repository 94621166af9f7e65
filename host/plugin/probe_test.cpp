// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

using namespace loom::host;
using Outcome = ProbeResult::Outcome;
using namespace std::chrono_literals;

namespace {

ProbeResult shell(std::string command, const ProbeLimits& limits = {}) {
    const std::vector<std::string> arguments{"-c", std::move(command)};
    auto result = run_child("/bin/sh", arguments, limits);
    if (!result) FAIL(result.error().text);
    return *result;
}

}  // namespace

TEST_CASE("plugin/probe: child: status 0 is ok") {
    const auto result = shell("exit 0");

    CHECK(result.outcome == Outcome::ok);
    CHECK(result.text.empty());
}

TEST_CASE("plugin/probe: child: another status is a refusal with its words") {
    const auto result = shell("printf 'one\\n\\033two\\n' >&2; echo unseen; exit 3");

    CHECK(result.outcome == Outcome::refused);
    CHECK(result.text == "one\n\\x1Btwo");
    CHECK(describe(result) == result.text);
}

TEST_CASE("plugin/probe: child: a deadly signal is named") {
    const auto result = shell("echo before >&2; kill -SEGV $$");

    CHECK(result.outcome == Outcome::crashed);
    CHECK(result.signal == "SIGSEGV");
    CHECK(describe(result) == "the plugin crashed (SIGSEGV): before");
}

TEST_CASE("plugin/probe: describe: a crash is one line, whatever was said") {
    const auto result = shell("printf 'one\n\n  two\n' >&2; kill -SEGV $$");

    CHECK(describe(result) == "the plugin crashed (SIGSEGV): one; two");
}

TEST_CASE("plugin/probe: child: one that hangs is killed with what it started") {
    // The inner shell holds the pipe open, so its end is seen, too.
    const auto result =
        shell("echo here >&2; (while :; do :; done) & while :; do :; done", {2s});

    CHECK(result.outcome == Outcome::hung);
    CHECK(result.text == "here");
}

TEST_CASE("plugin/probe: child: what it leaves running does not delay the result") {
    const auto start = std::chrono::steady_clock::now();

    const auto result = shell("(while :; do :; done) & exit 0");

    CHECK(result.outcome == Outcome::ok);
    CHECK(std::chrono::steady_clock::now() - start < 8s);
}

TEST_CASE("plugin/probe: child: endless output is cut") {
    const auto result = shell("while :; do echo 0123456789 >&2; done", {2s, 100});

    CHECK(result.outcome == Outcome::hung);
    CHECK(result.text.size() <= 100);
    CHECK(result.text.starts_with("0123456789\n0123456789"));
}

TEST_CASE("plugin/probe: child: gets no descriptor of the host's") {
    const int open = ::fcntl(0, F_DUPFD, 50);  // Inherited by exec: no O_CLOEXEC.
    REQUIRE(open >= 50);

    const auto result = shell("test ! -e /proc/$$/fd/" + std::to_string(open));

    CHECK(result.outcome == Outcome::ok);
    ::close(open);
}

TEST_CASE("plugin/probe: child: its exit status is told") {
    CHECK(shell("exit 0").status == 0);
    CHECK(shell("exit 17").status == 17);
}

// Run by the next one, in a process of its own.
TEST_CASE("plugin/probe: forbid_core_files: in a child" * doctest::skip()) {
    forbid_core_files();

    rlimit limit{1, 1};
    REQUIRE(::getrlimit(RLIMIT_CORE, &limit) == 0);
    CHECK(limit.rlim_cur == 0);
    CHECK(limit.rlim_max == 0);
    CHECK(::prctl(PR_GET_DUMPABLE) == 0);
}

TEST_CASE("plugin/probe: forbid_core_files: ends them for good") {
    const std::vector<std::string> arguments{
        "--no-skip", "--test-case=plugin/probe: forbid_core_files: in a child"};

    const auto result = probe(arguments);

    REQUIRE(result);
    CHECK(result->outcome == Outcome::ok);
}

TEST_CASE("plugin/probe: child: one that cannot be run is an error") {
    const auto result = run_child("/nowhere/at/all", {});

    REQUIRE_FALSE(result);
    CHECK(result.error().text.find("/nowhere/at/all") != std::string::npos);
}

TEST_CASE("plugin/probe: probe: runs this executable") {
    const std::vector<std::string> arguments{"--no-run", "--definitely-no-option"};

    const auto result = probe(arguments);

    REQUIRE(result);
    CHECK(result->outcome == Outcome::ok);
}
