// SPDX-License-Identifier: Apache-2.0
#include "metric_registry.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <thread>

using namespace loom::host;

namespace {

MetricRegistry::Definition counter(std::string name, MetricLabels labels = {}) {
    return {LOOM_METRIC_COUNTER, std::move(name), "Counts.", std::move(labels), {}};
}

MetricRegistry::Definition gauge(std::string name) {
    return {LOOM_METRIC_GAUGE, std::move(name), "Stands.", {}, {}};
}

MetricRegistry::Definition
histogram(std::string name, std::vector<double> bounds, MetricLabels labels = {}) {
    return {
        LOOM_METRIC_HISTOGRAM, std::move(name), "Spreads.", std::move(labels), std::move(bounds)};
}

}  // namespace

TEST_CASE("host/metric_registry: render: a counter in Prometheus' text format") {
    MetricRegistry registry{2};
    const auto id = registry.define(counter("loom_hits_total", {{"server", "a"}, {"kind", "b"}}));
    REQUIRE(id);
    registry.add(0, *id, 3);
    CHECK(
        registry.render() == "# HELP loom_hits_total Counts.\n"
                             "# TYPE loom_hits_total counter\n"
                             "loom_hits_total{kind=\"b\",server=\"a\"} 3\n");
}

TEST_CASE("host/metric_registry: render: a gauge has the last value set") {
    MetricRegistry registry{1};
    const auto id = registry.define(gauge("loom_size"));
    REQUIRE(id);
    registry.set(*id, 4);
    registry.set(*id, 2.5);
    CHECK(registry.render().ends_with("# TYPE loom_size gauge\nloom_size 2.5\n"));
    CHECK(registry.value(*id) == 2.5);
}

TEST_CASE("host/metric_registry: render: numbers that are none have Prometheus' words") {
    MetricRegistry registry{1};
    const auto id = registry.define(gauge("loom_size"));
    REQUIRE(id);
    registry.set(*id, std::numeric_limits<double>::infinity());
    CHECK(registry.render().ends_with("loom_size +Inf\n"));
    registry.set(*id, std::nan(""));
    CHECK(registry.render().ends_with("loom_size NaN\n"));
}

TEST_CASE("host/metric_registry: render: the buckets of a histogram are cumulative") {
    MetricRegistry registry{2};
    const auto id = registry.define(histogram("loom_seconds", {0.1, 1, 10}, {{"server", "a"}}));
    REQUIRE(id);
    for (const double value : {0.05, 0.1, 0.5, 100.0}) registry.observe(0, *id, value);
    registry.observe(1, *id, 2);
    CHECK(
        registry.render() == "# HELP loom_seconds Spreads.\n"
                             "# TYPE loom_seconds histogram\n"
                             "loom_seconds_bucket{server=\"a\",le=\"0.1\"} 2\n"
                             "loom_seconds_bucket{server=\"a\",le=\"1\"} 3\n"
                             "loom_seconds_bucket{server=\"a\",le=\"10\"} 4\n"
                             "loom_seconds_bucket{server=\"a\",le=\"+Inf\"} 5\n"
                             "loom_seconds_sum{server=\"a\"} 102.65\n"
                             "loom_seconds_count{server=\"a\"} 5\n");
}

TEST_CASE("host/metric_registry: render: series of a name stand together, sorted by name") {
    MetricRegistry registry{1};
    REQUIRE(registry.define(counter("loom_b_total", {{"x", "2"}})));
    REQUIRE(registry.define(counter("loom_b")));
    REQUIRE(registry.define(counter("loom_a_total")));
    REQUIRE(registry.define(counter("loom_b_total", {{"x", "1"}})));
    CHECK(
        registry.render() ==
        "# HELP loom_a_total Counts.\n# TYPE loom_a_total counter\nloom_a_total 0\n"
        "# HELP loom_b Counts.\n# TYPE loom_b counter\nloom_b 0\n"
        "# HELP loom_b_total Counts.\n# TYPE loom_b_total counter\n"
        "loom_b_total{x=\"1\"} 0\nloom_b_total{x=\"2\"} 0\n");
}

TEST_CASE("host/metric_registry: render: label values are escaped") {
    MetricRegistry registry{1};
    REQUIRE(registry.define(counter("loom_total", {{"x", "a\"b\\c\nd"}})));
    CHECK(registry.render().ends_with("loom_total{x=\"a\\\"b\\\\c\\nd\"} 0\n"));
}

TEST_CASE("host/metric_registry: render: a help text is one line") {
    MetricRegistry registry{1};
    auto definition = counter("loom_total");
    definition.help = "One\ntwo \\ \"three\".";
    REQUIRE(registry.define(definition));
    CHECK(registry.render().starts_with("# HELP loom_total One\\ntwo \\\\ \"three\".\n# TYPE "));
}

TEST_CASE("host/metric_registry: add: lanes are summed") {
    MetricRegistry registry{4};
    const auto id = registry.define(counter("loom_total"));
    REQUIRE(id);
    for (std::uint32_t lane = 0; lane < 4; ++lane) registry.add(lane, *id, lane + 1);
    CHECK(registry.value(*id) == 10);
}

TEST_CASE("host/metric_registry: add: threads with lanes of their own lose nothing") {
    MetricRegistry registry{2};
    const auto id = registry.define(counter("loom_total"));
    REQUIRE(id);
    const auto count = [&](std::uint32_t lane) {
        for (int i = 0; i < 10'000; ++i) registry.add(lane, *id, 1);
    };
    std::thread other{count, 0};
    count(1);
    other.join();
    CHECK(registry.value(*id) == 20'000);
}

TEST_CASE("host/metric_registry: lane: the control thread's is the last") {
    const MetricRegistry registry{3};
    CHECK(registry.lane(0) == 0);
    CHECK(registry.lane(1) == 1);
    CHECK(registry.lane(2) == 2);
    CHECK(registry.lane(UINT32_MAX) == 2);
}

TEST_CASE("host/metric_registry: define: an equal definition is the same series") {
    MetricRegistry registry{1};
    const auto first = registry.define(counter("loom_total", {{"a", "1"}, {"b", "2"}}));
    const auto second = registry.define(counter("loom_total", {{"b", "2"}, {"a", "1"}}));
    REQUIRE(first);
    CHECK(first == second);
    registry.add(0, *first, 1);
    registry.add(0, *second, 1);
    CHECK(registry.value(*first) == 2);
}

TEST_CASE("host/metric_registry: define: other labels are another series") {
    MetricRegistry registry{1};
    const auto first = registry.define(counter("loom_total", {{"a", "1"}}));
    const auto second = registry.define(counter("loom_total", {{"a", "2"}}));
    REQUIRE((first && second));
    CHECK(*first != *second);
}

TEST_CASE("host/metric_registry: release: the value survives as long as somebody uses it") {
    MetricRegistry registry{1};
    const auto old = registry.define(counter("loom_total"));
    REQUIRE(old);
    registry.add(0, *old, 5);
    const auto next = registry.define(counter("loom_total"));
    registry.release(*old);
    CHECK(registry.value(*next) == 5);
    registry.release(*next);
    CHECK(registry.render().empty());
}

TEST_CASE("host/metric_registry: release: a series defined again begins at 0") {
    MetricRegistry registry{2};
    for (int round = 0; round < 3; ++round) {
        const auto id = registry.define(counter("loom_total"));
        REQUIRE(id);
        CHECK(registry.value(*id) == 0);
        registry.add(0, *id, 5);
        registry.add(1, *id, 5);
        registry.release(*id);
    }
}

TEST_CASE("host/metric_registry: release: a histogram defined again is empty") {
    MetricRegistry registry{1};
    const auto old = registry.define(histogram("loom_a_seconds", {1, 2}));
    REQUIRE(old);
    registry.observe(0, *old, 1.5);
    registry.release(*old);
    REQUIRE(registry.define(histogram("loom_b_seconds", {3, 4})));
    CHECK(registry.render().ends_with(
        "le=\"+Inf\"} 0\nloom_b_seconds_sum 0\nloom_b_seconds_count 0\n"));
}

TEST_CASE("host/metric_registry: ids that are none: do nothing") {
    MetricRegistry registry{1};
    const auto id = registry.define(counter("loom_total"));
    REQUIRE(id);
    registry.release(*id);
    for (const std::uint32_t none : {std::uint32_t{0}, *id, std::uint32_t{77}, UINT32_MAX}) {
        registry.add(0, none, 1);
        registry.observe(0, none, 1);
        registry.set(none, 1);
        registry.release(none);
        CHECK(registry.value(none) == 0);
    }
    const auto again = registry.define(counter("loom_total"));
    CHECK(registry.value(*again) == 0);
}

TEST_CASE("host/metric_registry: observe: does nothing to a counter") {
    MetricRegistry registry{1};
    const auto id = registry.define(counter("loom_total"));
    registry.observe(0, *id, 1);
    CHECK(registry.value(*id) == 0);
}

TEST_CASE("host/metric_registry: define: refuses malformed names and labels") {
    MetricRegistry registry{1};
    for (const auto* bad : {"", "1st", "a-b", "a b", "a{b", "\xC3\xA4"}) {
        CHECK_FALSE(registry.define(counter(bad)));
        CHECK_FALSE(registry.define(counter("loom_total", {{bad, "x"}})));
    }
    CHECK_FALSE(registry.define(counter("loom_total", {{"a:b", "x"}})));
    CHECK(registry.define(counter("loom:total")));
}

TEST_CASE("host/metric_registry: define: refuses a label given twice") {
    MetricRegistry registry{1};
    CHECK_FALSE(registry.define(counter("loom_total", {{"server", "a"}, {"server", "b"}})));
}

TEST_CASE("host/metric_registry: define: refuses kinds that are none") {
    MetricRegistry registry{1};
    auto definition = counter("loom_total");
    definition.kind = 4;
    CHECK_FALSE(registry.define(definition));
}

TEST_CASE("host/metric_registry: define: refuses bounds that are none") {
    MetricRegistry registry{1};
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK_FALSE(registry.define(histogram("loom_seconds", {})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {2, 1})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {1, 1})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", std::vector<double>(33, 1))));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {1, infinity})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {std::nan("")})));
}

TEST_CASE("host/metric_registry: define: a name has one kind, whatever the labels") {
    MetricRegistry registry{1};
    REQUIRE(registry.define(counter("loom_total", {{"a", "1"}})));
    CHECK_FALSE(registry.define(gauge("loom_total")));
    CHECK_FALSE(registry.define(histogram("loom_total", {1}, {{"a", "2"}})));
}

TEST_CASE("host/metric_registry: define: a name has one set of bounds, whatever the labels") {
    MetricRegistry registry{1};
    REQUIRE(registry.define(histogram("loom_seconds", {1, 2}, {{"a", "1"}})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {1, 3}, {{"a", "1"}})));
    CHECK_FALSE(registry.define(histogram("loom_seconds", {1, 3}, {{"a", "2"}})));
    CHECK(registry.define(histogram("loom_seconds", {1, 2}, {{"a", "2"}})));
}

TEST_CASE("host/metric_registry: define: ends at the limit and goes on after a release") {
    MetricRegistry registry{1};
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < MetricRegistry::series_max; ++i) {
        const auto id = registry.define(counter("loom_total", {{"i", std::to_string(i)}}));
        REQUIRE(id);
        last = *id;
    }
    CHECK_FALSE(registry.define(counter("loom_more_total")));
    registry.release(last);
    CHECK(registry.define(counter("loom_more_total")));
}
