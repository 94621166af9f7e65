// SPDX-License-Identifier: Apache-2.0
// What the reload tests swap. Answers every question with two TXT strings: which instance it is, and
// its version. Two texts in the file are there to be overwritten by the tests, which so get as many
// builds as they want out of one (tests/support/subject.py): the version, and a fault.

#include "fault.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

namespace dns = loom::dns;
using loom::test::fault_is;
using namespace std::chrono_literals;

constexpr std::string_view version_mark = "LOOM-TEST-VERSION=";
constexpr std::size_t version_size = 8;
// Volatile: the compiler must not know what the test will write there.
extern "C" const volatile char loom_test_version[] = "LOOM-TEST-VERSION=00000001";

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"delay", LOOM_OPTION_DURATION, "Suspends each query for so long."}.by_default(
        "0"),
    loom::OptionSpec{"fault", LOOM_OPTION_STRING, "A fault on top of what the file says."},
    loom::OptionSpec{"label", LOOM_OPTION_STRING, "Nothing: makes two configurations differ."},
};

std::string version() {
    std::string text;
    for (std::size_t i = 0; i < version_size; ++i)
        text += loom_test_version[version_mark.size() + i];
    return text;
}

void append_string(std::vector<std::uint8_t>& rdata, std::string_view text) {
    rdata.push_back(static_cast<std::uint8_t>(text.size()));
    rdata.insert(rdata.end(), text.begin(), text.end());
}

/// One suspended query, in its scratch memory.
struct Wait {
    const loom::Host* host;
    loom_token token;
    loom_handle timer;
};

class Subject {
public:
    static constexpr loom::Info info{
        .summary = "Tells its version.",
        .roles = LOOM_ROLE_SOURCE,
        .options = options,
        .option_count = std::size(options),
        .state_version = 1,
        .scratch_size = sizeof(Wait),
    };

    Subject(const loom::Host& host, const loom::Options& settings)
        : host_{host},
          delay_{settings["delay"].duration()},
          fault_{settings.find("fault") ? settings["fault"].string() : loom::test::file_fault()},
          answers_{host.counter("dnsloom_subject_answers_total", "Answers given.")},
          suspended_{host.counter("dnsloom_subject_suspended_total", "Suspensions.")},
          cancelled_{
              host.counter("dnsloom_subject_cancelled_total", "Suspensions that were cancelled.")},
          stale_{
              host.counter("dnsloom_subject_stale_total", "Late resumptions that were refused.")},
          said_{host.counter("dnsloom_subject_said_total", "Calls of the command say.")},
          say_{
              host,
              "say",
              "WORD... (without words: never ends)",
              [this](auto words, const auto& reply) { say(words, reply); }} {
        std::array<char, 40> identity{};
        std::snprintf(
            identity.data(),
            identity.size(),
            "%p.%llu",
            static_cast<void*>(this),
            static_cast<unsigned long long>(host.monotonic_ns()));
        append_string(rdata_, identity.data());
        append_string(rdata_, version());
        loom::test::run_create_fault(fault_, settings);
    }

    struct Worker {
        Worker(Subject& subject, std::uint32_t number) {
            if (subject.fault_ == "worker_init" && number == 1)
                throw std::runtime_error("worker 1 fails, as it was told to");
        }
    };

    void start() {
        if (fault_ == "start") throw loom::ConfigError("start fails, as it was told to");
        if (fault_ == "timer_left")
            host_.loop_service()->timer(
                &host_.table(),
                LOOM_CONTROL,
                3'600'000'000'000,
                [](void*) {},
                nullptr,
                &left_timer_);
    }

    loom_verdict on_query(Worker&, loom::Query& query) {
        if (fault_ == "hook_throws") throw std::runtime_error("a hook throws, as it was told to");
        if (fault_ == "hook_fails") return -77;
        if (fault_ == "hook_drops") return LOOM_DROP;
        if (fault_ == "hook_aborts") std::abort();
        if (delay_ == 0ns && fault_ != "never_resumes") return answer(query);
        return suspend(query);
    }

    loom_verdict on_resume(Worker&, loom::Query& query, std::int32_t, void*) {
        return answer(query);
    }

    void on_cancel(Worker&, loom::Query& query, loom_token token) {
        host_.add(query->worker, cancelled_);
        const auto& wait = query.scratch<Wait>();
        if (wait.timer) host_.loop_service()->cancel(&host_.table(), wait.timer);
        if (host_.resume(token, 0, nullptr) == LOOM_E_STALE) host_.add(query->worker, stale_);
    }

    loom_status export_state(std::int32_t, const loom_sink& sink) {
        return sink.write(sink.self, rdata_.data(), rdata_.size());
    }
    loom_status import_state(std::int32_t, std::uint32_t, const loom_source& source) {
        std::array<char, 64> octets{};
        const auto size = source.read(source.self, octets.data(), octets.size());
        return size < 0 ? static_cast<loom_status>(size) : LOOM_OK;
    }

private:
    void say(std::span<const std::string_view> words, const loom::CommandReply& reply) {
        host_.add(LOOM_CONTROL, said_);
        if (words.empty()) return;
        if (words[0] == "nothing") throw std::runtime_error("say something");
        for (const auto word : words) reply.write(std::string{word} + '\n');
        reply.finish();
    }

    loom_verdict suspend(loom::Query& query) {
        auto& wait = query.scratch<Wait>();
        wait = {&host_, query.suspend(), 0};
        if (wait.token == 0) return LOOM_FAIL(dns::rcode::servfail);
        host_.add(query->worker, suspended_);
        if (fault_ == "never_resumes") return LOOM_PENDING;
        const auto status = host_.loop_service()->timer(
            &host_.table(),
            query->worker,
            static_cast<std::uint64_t>(delay_.count()),
            on_time,
            &wait,
            &wait.timer);
        if (status != LOOM_OK) host_.resume(wait.token, 0, nullptr);
        return LOOM_PENDING;
    }

    static void on_time(void* self) noexcept {
        const auto& wait = *static_cast<Wait*>(self);
        wait.host->resume(wait.token, 0, nullptr);
    }

    loom_verdict answer(loom::Query& query) {
        host_.add(query->worker, answers_);
        auto response = query.response();
        response.begin(0, LOOM_FLAG_AA);
        response.add(
            LOOM_ANSWER, {query->qname, dns::rr_type::txt, query->qclass, 0, loom::bytes(rdata_)});
        return LOOM_ANSWERED;
    }

    loom::Host host_;
    std::chrono::nanoseconds delay_;
    std::string fault_;
    std::vector<std::uint8_t> rdata_;
    loom_handle left_timer_ = 0;
    loom::Metric answers_, suspended_, cancelled_, stale_, said_;
    loom::Command say_;
};

}  // namespace

LOOM_PLUGIN(Subject, "subject", "1.0.0");
