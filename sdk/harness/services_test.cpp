// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>

using namespace loom::harness;
using namespace loom::harness::test;
using namespace std::chrono_literals;
using loom::Query;

namespace {

using Lines = std::vector<std::string>;

/// A function for the ABI's (fn, arg) pairs.
struct Callback {
    std::function<void()> function;
    static void call(void* self) { static_cast<Callback*>(self)->function(); }
};

}  // namespace

TEST_CASE("harness/log: lines: are kept with level and fields, from the level on") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        query.host().log(LOOM_LOG_DEBUG, "detail");
        query.host().log(LOOM_LOG_WARNING, "took long", {{"upstream", "192.0.2.1"}, {"ms", "7"}});
        return LOOM_NEXT;
    }})};

    h.set_log_level(LOOM_LOG_INFO);
    h.ask("example.org.");

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].level == LOOM_LOG_WARNING);
    CHECK(h.log()[0].field("ms") == "7");
    CHECK(h.log()[0].field("s").empty());
    CHECK(h.logged("long"));
    CHECK_FALSE(h.logged("detail"));
}

TEST_CASE("harness/metrics: each kind: is found again by name and labels") {
    loom::Metric hits;
    loom::Metric size;
    loom::Metric time;
    const std::array bounds{0.1, 1.0};
    Harness h{pulled_by(
        {.create =
             [&](Puppet& puppet, const loom::Options&) {
                 const auto& host = puppet.host;
                 hits = host.counter("hits_total", "Hits.", {{"type", "A"}, {"rcode", "0"}});
                 size = host.gauge("size_octets", "Size.");
                 time = host.histogram("time_seconds", "Time.", bounds);
             },
         .on_query =
             [&](Query& query) {
                 query.host().add(query->worker, hits, 2);
                 query.host().set(size, 7.5);
                 query.host().observe(query->worker, time, 0.5);
                 query.host().observe(query->worker, time, 0.1);
                 query.host().observe(query->worker, time, 3);
                 return LOOM_NEXT;
             }})};

    h.ask("example.org.");

    CHECK(h.metric("hits_total", {{"rcode", "0"}, {"type", "A"}}) == 2);
    CHECK(h.metric("size_octets") == 7.5);
    CHECK_THROWS_AS(h.metric("hits_total"), std::out_of_range);
    CHECK(h.has_metric("size_octets"));
    CHECK_FALSE(h.has_metric("size_octets", {{"type", "A"}}));
    CHECK(h.histogram("time_seconds").count == 3);
    CHECK(h.histogram("time_seconds").buckets == std::vector<std::uint64_t>{1, 1});
    const auto text = h.metrics_text();
    CHECK(text.contains("# TYPE hits_total counter\nhits_total{rcode=\"0\",type=\"A\"} 2\n"));
    CHECK(text.contains("time_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST_CASE("harness/loop: posted, deferred and background work: runs on its thread, in order") {
    Lines ran;
    Callback posted{[&] { ran.emplace_back("posted"); }};
    Callback deferred{[&] { ran.emplace_back("deferred"); }};
    Harness h{pulled_by({.on_query = [&](Query& query) {
        const auto& loop = *query.host().loop_service();
        const auto* table = &query.host().table();
        loop.post(table, LOOM_CONTROL, Callback::call, &posted);
        loop.defer(table, query->worker, Callback::call, &deferred);
        ran.emplace_back("hook");
        return LOOM_NEXT;
    }})};

    h.send("example.org.");
    CHECK(ran == Lines{"hook", "deferred"});
    CHECK(h.run_ready() == 1);
    CHECK(ran == Lines{"hook", "deferred", "posted"});
}

TEST_CASE("harness/loop: background: works and then is done on the control thread") {
    struct Job {
        const loom::Host* host = nullptr;
        Lines steps;
    } job;
    Harness h{pulled_by({.start = [&](Puppet& puppet) {
        job.host = &puppet.host;
        puppet.host.loop_service()->background(
            &puppet.host.table(),
            [](void* self) { static_cast<Job*>(self)->steps.emplace_back("work"); },
            [](void* self) {
                auto& j = *static_cast<Job*>(self);
                j.steps.emplace_back("done");
                loom_handle handle = 0;
                CHECK(
                    j.host->loop_service()->timer(
                        &j.host->table(), LOOM_CONTROL, 1, [](void*) {}, nullptr, &handle) ==
                    LOOM_OK);
            },
            &job);
    }})};

    CHECK(job.steps.empty());
    h.run_ready();
    CHECK(job.steps == Lines{"work", "done"});
    CHECK(h.timer_count() == 1);
}

TEST_CASE("harness/loop: timers: fire at their own times, and not when cancelled") {
    std::vector<std::uint64_t> fired;
    std::unique_ptr<loom::Timer> slow;
    std::unique_ptr<loom::Timer> quick;
    const loom::Host* host = nullptr;
    Harness h{pulled_by(
        {.start =
             [&](Puppet& puppet) {
                 host = &puppet.host;
                 slow = std::make_unique<loom::Timer>(
                     puppet.host, LOOM_CONTROL, [&] { fired.push_back(host->monotonic_ns()); });
                 quick = std::make_unique<loom::Timer>(puppet.host, LOOM_CONTROL, [&] {
                     fired.push_back(host->monotonic_ns());
                     if (fired.size() == 2) slow->cancel();
                     if (fired.size() < 3) quick->arm(1s);
                 });
                 slow->arm(10s);
                 quick->arm(1s);
             },
         .stop =
             [&](Puppet&) {
                 slow.reset();
                 quick.reset();
             }})};
    const auto start = static_cast<std::uint64_t>(h.monotonic().count());
    const auto wall = h.realtime();

    h.advance(60s);

    const std::uint64_t second = 1'000'000'000;
    CHECK(fired == std::vector{start + second, start + 2 * second, start + 3 * second});
    CHECK(h.realtime() - wall == 60s);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("harness/loop: a descriptor: calls when it is ready, until unwatched") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    int calls = 0;
    std::optional<loom::FdWatch> watch;
    Harness h{pulled_by(
        {.start =
             [&](Puppet& puppet) {
                 watch.emplace(
                     puppet.host,
                     LOOM_CONTROL,
                     ends[0],
                     LOOM_FD_READABLE,
                     [&](std::uint32_t events) {
                         CHECK(events == LOOM_FD_READABLE);
                         char octet = 0;
                         CHECK(::read(ends[0], &octet, 1) == 1);
                         ++calls;
                     });
             },
         .stop = [&](Puppet&) { watch.reset(); }})};

    CHECK(h.run_ready() == 0);
    CHECK(::write(ends[1], "ab", 2) == 2);
    CHECK(h.run_until([&] { return calls == 2; }));
    CHECK(h.watched_descriptor_count() == 1);
    h.stop();
    CHECK(h.watched_descriptor_count() == 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("harness/watch: a changed file: is told to who watches it") {
    int changes = 0;
    Callback changed{[&] { ++changes; }};
    Harness h{
        pulled_by(
            {.create =
                 [&](Puppet& puppet, const loom::Options&) {
                     loom_handle handle = 0;
                     const auto* watch = puppet.host.service<loom_watch_1>(LOOM_SERVICE_WATCH);
                     watch->file(
                         &puppet.host.table(),
                         loom::str("zones/db"),
                         Callback::call,
                         &changed,
                         &handle);
                 }}),
        {},
        {.folder = "/srv"}};

    CHECK(h.watched_files() == Lines{"/srv/zones/db"});
    CHECK(h.change_file("/srv/zones/db"));
    CHECK(h.change_file("zones/db"));
    CHECK_FALSE(h.change_file("/srv/other"));
    CHECK(changes == 2);
}

TEST_CASE("harness/events: published: are listed; those of others reach the subscriber") {
    struct Listener {
        std::vector<std::size_t> sizes;
        static void heard(void* self, const loom_event* event) {
            CHECK(event->kind == LOOM_EVENT_ZONE_CHANGED);
            static_cast<Listener*>(self)->sizes.push_back(event->name.size);
        }
    } listener;
    const loom_events_1* service = nullptr;
    loom_handle handle = 0;
    Harness h{pulled_by(
        {.create =
             [&](Puppet& puppet, const loom::Options&) {
                 service = puppet.host.service<loom_events_1>(LOOM_SERVICE_EVENTS);
             },
         .start =
             [&](Puppet& puppet) {
                 service->subscribe(&puppet.host.table(), Listener::heard, &listener, &handle);
             },
         .on_query =
             [&](Query& query) {
                 const loom_event event{sizeof event, LOOM_EVENT_NAME_CHANGED, query->qname_lower};
                 service->publish(&query.host().table(), &event);
                 return LOOM_NEXT;
             }})};

    h.ask("Example.org.");
    h.emit(LOOM_EVENT_ZONE_CHANGED, "example.net.");

    REQUIRE(h.events().size() == 1);
    CHECK(h.events()[0].kind == LOOM_EVENT_NAME_CHANGED);
    CHECK(h.events()[0].name == "example.org.");
    CHECK(listener.sizes == std::vector<std::size_t>{13});
}

TEST_CASE("harness/publish: what is retired: is freed when no query from before is left") {
    int freed = 0;
    Callback free_it{[&] { ++freed; }};
    Callback retire;
    std::vector<loom_token> tokens;
    const loom::Host* host = nullptr;
    Harness h{pulled_by(
        {.create =
             [&](Puppet& puppet, const loom::Options&) {
                 host = &puppet.host;
                 const auto* publish = host->service<loom_publish_1>(LOOM_SERVICE_PUBLISH);
                 retire.function = [&, publish] {
                     publish->retire(&host->table(), Callback::call, &free_it);
                 };
             },
         .on_query = [&](Query& query) -> loom_verdict {
             tokens.push_back(query.suspend());
             return LOOM_PENDING;
         },
         .on_resume = [](Query&, std::int32_t, void*) -> loom_verdict { return LOOM_NEXT; }})};

    h.ask("before.example.");
    host->loop_service()->post(&host->table(), LOOM_CONTROL, Callback::call, &retire);
    h.run_ready();
    h.ask("after.example.");
    CHECK(h.retired_count() == 1);
    CHECK(freed == 0);

    host->resume(tokens[0], 0, nullptr);
    h.run_ready();
    CHECK(freed == 1);
    CHECK(h.retired_count() == 0);
    CHECK(h.suspended_count() == 1);
}

TEST_CASE("harness/command: a command: gets its words and gives what it writes") {
    std::optional<loom::Command> echo;
    Strings strings;
    strings.create = [&](Puppet& puppet, const loom::Options&) {
        echo.emplace(
            puppet.host, "echo", "WORD...",
            [](std::span<const std::string_view> words, const loom::CommandReply& reply) {
                if (words.empty()) throw std::runtime_error{"usage: echo WORD..."};
                for (const auto word : words) reply.write(std::string{word} + '\n');
                reply.finish();
            });
    };
    Harness h{pulled_by(std::move(strings))};

    const auto said = h.command("echo", {"one", "two"});
    CHECK(said.ok);
    CHECK(said.text == "one\ntwo\n");
    const auto failed = h.command("echo");
    CHECK(!failed.ok);
    CHECK(failed.text == "usage: echo WORD...\n");
    CHECK_THROWS_AS(h.command("ecko"), std::out_of_range);
}

TEST_CASE("harness/http: a page: is what its handler writes") {
    Harness h{pulled_by({.create = [](Puppet& puppet, const loom::Options&) {
        const auto* http = puppet.host.service<loom_http_1>(LOOM_SERVICE_HTTP);
        loom_address address{};
        address.family = 4;
        address.port = 8080;
        address.ip[10] = address.ip[11] = 0xFF;
        const auto handler = [](void*, loom_http_reply* reply) -> loom_status {
            reply->content_type = loom::str("text/html");
            reply->body->write(reply->body->self, "<p>", 3);
            return reply->body->write(reply->body->self, "hi", 2);
        };
        const auto path = loom::str("/hi");
        CHECK(http->serve(&puppet.host.table(), &address, path, handler, nullptr) == LOOM_OK);
        CHECK(http->serve(&puppet.host.table(), &address, path, handler, nullptr) != LOOM_OK);
    }})};

    const auto reply = h.http("/hi", "0.0.0.0:8080");

    CHECK(reply.status == 200);
    CHECK(reply.content_type == "text/html");
    CHECK(reply.body == "<p>hi");
    CHECK_THROWS_AS(h.http("/ho"), std::out_of_range);
    CHECK_THROWS_AS(h.http("/hi", "0.0.0.0:8081"), std::out_of_range);
}

TEST_CASE("harness/meta: facts: pass from the question to the plugin and from it to the answer") {
    const loom_meta_1* meta = nullptr;
    std::uint32_t country = 0;
    std::uint32_t mine = 0;
    std::string seen;
    Harness h{pulled_by(
        {.create =
             [&](Puppet& puppet, const loom::Options&) {
                 meta = puppet.host.service<loom_meta_1>(LOOM_SERVICE_META);
                 meta->key(&puppet.host.table(), loom::str("geoip/country"), &country);
                 meta->key(&puppet.host.table(), loom::str("puppet/fact"), &mine);
             },
         .on_query =
             [&](Query& query) {
                 const auto value = loom::view(meta->get(query.raw(), country));
                 seen.assign(value.begin(), value.end());
                 CHECK(meta->get(query.raw(), mine).data == nullptr);
                 meta->set(query.raw(), mine, query->qname);
                 return LOOM_NEXT;
             }})};

    const auto answer = h.ask(Question{"org. A"}.meta("geoip/country", "DE"));

    CHECK(seen == "DE");
    CHECK(answer.meta.at("geoip/country") == "DE");
    CHECK(answer.meta.at("puppet/fact") == std::string("\3org\0", 5));
    CHECK(h.meta_key("geoip/country") == country);
}
