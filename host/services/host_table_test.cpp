// SPDX-License-Identifier: Apache-2.0
#include "../net/sample_worker.hpp"
#include "host_table.hpp"

#include <dnsloom/abi/abi.h>

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace loom::host;

namespace {

struct Sample {
    SampleServices host;
    loom_plugin plugin{};
    const loom_host* table = &host.instance(plugin, "main/fake#2");

    template <class Service>
    const Service& service(const char* id) const {
        const auto* found = static_cast<const Service*>(table->service(table, id));
        REQUIRE(found != nullptr);
        CHECK(found->size == sizeof(Service));
        return *found;
    }
};

loom_str text(std::string_view view) { return {view.data(), view.size()}; }

void count_up(void* count) { ++*static_cast<int*>(count); }

}  // namespace

TEST_CASE("host/host_table: the table: says what it is") {
    const Sample sample;
    CHECK(sample.table->size == sizeof(loom_host));
    CHECK(sample.table->abi_major == LOOM_ABI_MAJOR);
    CHECK(sample.table->abi_minor == LOOM_ABI_MINOR);
    CHECK(std::string_view{sample.table->product.data, sample.table->product.size} == "dnsloom");
    CHECK(std::string_view{sample.table->name.data, sample.table->name.size} == "main/fake#2");
    CHECK(sample.table->workers == 1);
}

TEST_CASE("host/host_table: service: has every table of the ABI, and null for others") {
    const Sample sample;
    sample.service<loom_response_1>(LOOM_SERVICE_RESPONSE);
    sample.service<loom_log_1>(LOOM_SERVICE_LOG);
    sample.service<loom_metrics_1>(LOOM_SERVICE_METRICS);
    sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    sample.service<loom_ask_1>(LOOM_SERVICE_ASK);
    sample.service<loom_meta_1>(LOOM_SERVICE_META);
    sample.service<loom_watch_1>(LOOM_SERVICE_WATCH);
    sample.service<loom_events_1>(LOOM_SERVICE_EVENTS);
    sample.service<loom_publish_1>(LOOM_SERVICE_PUBLISH);
    sample.service<loom_http_1>(LOOM_SERVICE_HTTP);
    sample.service<loom_options_1>(LOOM_SERVICE_OPTIONS);
    for (const auto* id : {"", "loom.log", "loom.log/2", "loom.log/1 "}) {
        CHECK(sample.table->service(sample.table, id) == nullptr);
        CHECK_FALSE(offers_service(id));
    }
}

TEST_CASE("host/host_table: alloc: refuses alignments that are none") {
    const Sample sample;
    SampleQuery query;
    for (const std::size_t align : {0U, 3U, 65U, 128U})
        CHECK(sample.table->alloc(query.e.get(), 8, align) == nullptr);
    CHECK(sample.table->alloc(query.e.get(), 8, 64) != nullptr);
}

TEST_CASE("host/host_table: hash_name: is the hash that queries have, in any case") {
    const Sample sample;
    const SampleQuery query{query_message({.qname = "www.example.org."})};
    const Octets parent = wire_name("EXAMPLE.org.");
    CHECK(
        sample.table->hash_name(sample.table, {parent.data(), parent.size()}) ==
        query.e->suffix_hash[1]);
}

TEST_CASE("host/host_table: resume: reasons below 0 are the host's") {
    const Sample sample;
    CHECK(sample.table->resume(sample.table, 1, -1, nullptr) == LOOM_E_ARGUMENT);
}

TEST_CASE("host/host_table: resume: tokens of workers that are not there are stale") {
    const Sample sample;
    const loom_token token = loom_token{1} << 32U | loom_token{77} << 24U | 1U;
    CHECK(sample.table->resume(sample.table, token, 0, nullptr) == LOOM_E_STALE);
    CHECK(sample.table->resume(sample.table, ~loom_token{0}, 0, nullptr) == LOOM_E_STALE);
}

TEST_CASE("host/host_table: meta: a value is found by its key") {
    const Sample sample;
    const auto& meta = sample.service<loom_meta_1>(LOOM_SERVICE_META);
    SampleQuery query;
    std::uint32_t country = 0;
    std::uint32_t city = 0;
    REQUIRE(meta.key(sample.table, text("geoip/country"), &country) == LOOM_OK);
    REQUIRE(meta.key(sample.table, text("geoip/city"), &city) == LOOM_OK);
    const std::uint8_t value[] = {'D', 'E'};
    const std::uint8_t other[] = {'F', 'R'};
    CHECK(meta.set(query.e.get(), country, {value, 2}) == LOOM_OK);
    CHECK(meta.get(query.e.get(), country).data == value);
    CHECK(meta.get(query.e.get(), city).data == nullptr);
    CHECK(meta.get(query.e.get(), city).size == 0);
    CHECK(meta.set(query.e.get(), country, {other, 2}) == LOOM_OK);
    CHECK(meta.get(query.e.get(), country).data == other);
}

TEST_CASE("host/host_table: meta: at most 32 values a query") {
    const Sample sample;
    const auto& meta = sample.service<loom_meta_1>(LOOM_SERVICE_META);
    SampleQuery query;
    for (std::uint32_t key = 1; key <= 32; ++key)
        CHECK(meta.set(query.e.get(), key, {}) == LOOM_OK);
    CHECK(meta.set(query.e.get(), 33, {}) == LOOM_E_LIMIT);
    CHECK(meta.set(query.e.get(), 32, {}) == LOOM_OK);
    reset_exchange(*query.e);
    CHECK(meta.get(query.e.get(), 1).data == nullptr);
    CHECK(meta.set(query.e.get(), 33, {}) == LOOM_OK);
}

TEST_CASE("host/host_table: meta: a key that is not PLUGIN/FACT is refused") {
    const Sample sample;
    const auto& meta = sample.service<loom_meta_1>(LOOM_SERVICE_META);
    std::uint32_t key = 0;
    CHECK(meta.key(sample.table, text("country"), &key) == LOOM_E_ARGUMENT);
}

TEST_CASE("host/host_table: metrics: have the server's label and count by worker") {
    const Sample sample;
    const auto& metrics = sample.service<loom_metrics_1>(LOOM_SERVICE_METRICS);
    const loom_label label{text("kind"), text("hit")};
    std::uint32_t id = 0;
    REQUIRE(
        metrics.define(
            sample.table,
            LOOM_METRIC_COUNTER,
            text("loom_hits_total"),
            text("Hits."),
            &label,
            1,
            nullptr,
            0,
            &id) == LOOM_OK);
    metrics.add(sample.table, 0, id, 2);
    metrics.add(sample.table, LOOM_CONTROL, id, 3);
    std::string out;
    const loom_sink sink{&out, [](void* self, const void* data, std::size_t size) {
                             static_cast<std::string*>(self)->append(
                                 static_cast<const char*>(data), size);
                             return loom_status{LOOM_OK};
                         }};
    REQUIRE(metrics.render(sample.table, &sink) == LOOM_OK);
    CHECK(out.find("loom_hits_total{kind=\"hit\",server=\"sample\"} 5\n") != std::string::npos);
}

TEST_CASE("host/host_table: metrics: a bad definition is refused") {
    const Sample sample;
    const auto& metrics = sample.service<loom_metrics_1>(LOOM_SERVICE_METRICS);
    std::uint32_t id = 0;
    const std::vector<double> bounds(33, 1);
    CHECK(
        metrics.define(
            sample.table,
            LOOM_METRIC_COUNTER,
            text("a b"),
            text("x"),
            nullptr,
            0,
            nullptr,
            0,
            &id) == LOOM_E_ARGUMENT);
    CHECK(
        metrics.define(
            sample.table,
            LOOM_METRIC_HISTOGRAM,
            text("loom_seconds"),
            text("x"),
            nullptr,
            0,
            bounds.data(),
            33,
            &id) == LOOM_E_LIMIT);
}

TEST_CASE("host/host_table: loop: what belongs to a thread is refused on others") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    int calls = 0;
    loom_handle handle = 0;
    const EventLoop::Here here{sample.host.control};
    CHECK(loop.defer(sample.table, 0, count_up, &calls) == LOOM_E_THREAD);
    CHECK(loop.timer(sample.table, 0, 1, count_up, &calls, &handle) == LOOM_E_THREAD);
    CHECK(loop.watch_fd(sample.table, 0, 0, 1, nullptr, &calls, &handle) == LOOM_E_THREAD);
    CHECK(loop.timer(sample.table, 7, 1, count_up, &calls, &handle) == LOOM_E_THREAD);
    std::thread{[&] {
        CHECK(
            loop.timer(sample.table, LOOM_CONTROL, 1, count_up, &calls, &handle) == LOOM_E_THREAD);
        CHECK(loop.background(sample.table, count_up, nullptr, &calls) == LOOM_E_THREAD);
        CHECK(loop.cancel(sample.table, 1) == LOOM_E_THREAD);
    }}.join();
}

TEST_CASE("host/host_table: loop: a timer fires once and can be cancelled before") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    int calls = 0;
    loom_handle first = 0;
    loom_handle second = 0;
    sample.host.control.post([&] {
        CHECK(loop.timer(sample.table, LOOM_CONTROL, 1, count_up, &calls, &first) == LOOM_OK);
        CHECK(loop.timer(sample.table, LOOM_CONTROL, 1, count_up, &calls, &second) == LOOM_OK);
        CHECK(loop.cancel(sample.table, first) == LOOM_OK);
        CHECK(loop.cancel(sample.table, first) == LOOM_E_STALE);
    });
    CHECK(run_until(sample.host.control, [&] { return calls == 1; }));
    const EventLoop::Here here{sample.host.control};
    CHECK(loop.cancel(sample.table, second) == LOOM_E_STALE);
}

TEST_CASE("host/host_table: loop: posted work runs there, and is known until it has run") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    int calls = 0;
    CHECK(loop.post(sample.table, 7, count_up, &calls) == LOOM_E_ARGUMENT);
    std::thread{[&] {
        CHECK(loop.post(sample.table, LOOM_CONTROL, count_up, &calls) == LOOM_OK);
    }}.join();
    CHECK(sample.host.instances[0]->has_work());
    run_ready(sample.host.control);
    CHECK(calls == 1);
    CHECK_FALSE(sample.host.instances[0]->has_work());
}

TEST_CASE("host/host_table: loop: posted work of a stopped instance does not run") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    int calls = 0;
    CHECK(loop.post(sample.table, LOOM_CONTROL, count_up, &calls) == LOOM_OK);
    sample.host.workers.clear();
    sample.host.instances[0]->stop();
    run_ready(sample.host.control);
    CHECK(calls == 0);
    CHECK_FALSE(sample.host.instances[0]->has_work());
}

TEST_CASE("host/host_table: loop: background work, then done on the control thread") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    struct Seen {
        std::thread::id work;
        std::thread::id done;
        bool ended = false;
    } seen;
    {
        const EventLoop::Here here{sample.host.control};
        REQUIRE(
            loop.background(
                sample.table,
                [](void* arg) { static_cast<Seen*>(arg)->work = std::this_thread::get_id(); },
                [](void* arg) {
                    static_cast<Seen*>(arg)->done = std::this_thread::get_id();
                    static_cast<Seen*>(arg)->ended = true;
                },
                &seen) == LOOM_OK);
    }
    CHECK(run_until(sample.host.control, [&] { return seen.ended; }));
    CHECK(seen.work != std::this_thread::get_id());
    CHECK(seen.done == std::this_thread::get_id());
    CHECK_FALSE(sample.host.instances[0]->has_work());
}

TEST_CASE("host/host_table: loop: the clocks are the host's") {
    Sample sample;
    const auto& loop = sample.service<loom_loop_1>(LOOM_SERVICE_LOOP);
    const auto monotonic = loop.monotonic_ns(sample.table);
    const auto realtime = loop.realtime_ns(sample.table);
    sample.host.clock.advance(3600 * sample_second);
    CHECK(loop.monotonic_ns(sample.table) >= monotonic + 3600 * sample_second);
    CHECK(loop.realtime_ns(sample.table) >= realtime + 3600 * sample_second);
}

TEST_CASE("host/host_table: events: a name that is none is refused") {
    const Sample sample;
    const auto& events = sample.service<loom_events_1>(LOOM_SERVICE_EVENTS);
    const loom_event empty{sizeof(loom_event), LOOM_EVENT_ZONE_CHANGED, {}};
    CHECK(events.publish(sample.table, &empty) == LOOM_E_ARGUMENT);
    const Octets long_name(256, 1);
    const loom_event large{sizeof(loom_event), LOOM_EVENT_ZONE_CHANGED, {long_name.data(), 256}};
    CHECK(events.publish(sample.table, &large) == LOOM_E_ARGUMENT);
}

TEST_CASE("host/host_table: watch and publish: are the control thread's") {
    const Sample sample;
    loom_handle handle = 0;
    CHECK(
        sample.service<loom_watch_1>(LOOM_SERVICE_WATCH)
            .file(sample.table, text("/x"), count_up, nullptr, &handle) == LOOM_E_THREAD);
    CHECK(
        sample.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)
            .retire(sample.table, count_up, nullptr) == LOOM_E_THREAD);
}

TEST_CASE("host/host_table: http: a path that is none is refused") {
    const Sample sample;
    const auto& http = sample.service<loom_http_1>(LOOM_SERVICE_HTTP);
    const loom_address address{};
    CHECK(http.serve(sample.table, &address, text(""), nullptr, nullptr) == LOOM_E_ARGUMENT);
    CHECK(http.serve(sample.table, &address, text("metrics"), nullptr, nullptr) == LOOM_E_ARGUMENT);
}
