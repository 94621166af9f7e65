// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

namespace {

using loom::harness::Harness;
using loom::harness::LabelSet;
using loom::harness::Question;
using loom::harness::Reply;
using namespace std::chrono_literals;

const Reply address{.answer = {"www.example.org. A 192.0.2.1"}};

LabelSet request(const char* proto, const char* family, const char* type) {
    return {{"proto", proto}, {"family", family}, {"type", type}};
}

double requests(const Harness& h, const char* proto, const char* family, const char* type) {
    return h.metric("dnsloom_dns_requests_total", request(proto, family, type));
}

double responses(const Harness& h, const char* rcode) {
    return h.metric("dnsloom_dns_responses_total", {{"rcode", rcode}});
}

}  // namespace

TEST_CASE("plugin/metrics: requests: are counted by transport, family and type") {
    Harness h{loom_module_0};

    h.ask(Question{"a. A"});
    h.ask(Question{"a. A"});
    h.ask(Question{"a. AAAA"}.client("2001:db8::1").tcp());
    h.ask(Question{"a. TYPE65280"});

    CHECK(requests(h, "udp", "1", "A") == 2);
    CHECK(requests(h, "tcp", "2", "AAAA") == 1);
    CHECK(requests(h, "udp", "1", "other") == 1);
    CHECK(requests(h, "udp", "1", "AAAA") == 0);
}

TEST_CASE("plugin/metrics: responses: are counted by rcode") {
    Harness h{loom_module_0};
    h.behind.push(address)
        .push(Reply{.rcode = 3})
        .push(Reply{.rcode = 23})
        .push(Reply{.rcode = 99});

    for (int i = 0; i < 5; ++i) h.ask("www.example.org. A");

    CHECK(responses(h, "NOERROR") == 1);
    CHECK(responses(h, "NXDOMAIN") == 1);
    CHECK(responses(h, "BADCOOKIE") == 1);
    CHECK(responses(h, "other") == 1);
    CHECK(responses(h, "REFUSED") == 1);  // Nobody was left to answer.
}

TEST_CASE("plugin/metrics: DNSSEC OK: is counted") {
    Harness h{loom_module_0};

    h.ask(Question{"a."}.dnssec());
    h.ask(Question{"a."}.edns());

    CHECK(h.metric("dnsloom_dns_do_requests_total") == 1);
}

TEST_CASE("plugin/metrics: sizes: are the octets of query and response") {
    Harness h{loom_module_0};
    h.behind.push(address);

    h.ask(Question{"www.example.org. A"}.tcp());

    const auto& query = h.histogram("dnsloom_dns_request_size_bytes", {{"proto", "tcp"}});
    CHECK(query.count == 1);
    CHECK(query.sum == 33);
    const auto& response = h.histogram("dnsloom_dns_response_size_bytes", {{"proto", "tcp"}});
    CHECK(response.count == 1);
    CHECK(response.sum == 49);
}

TEST_CASE("plugin/metrics: duration: is the time from receipt to response") {
    Harness h{loom_module_0};
    h.behind.push(Reply{.rcode = 3, .after = 500ms});

    auto flight = h.send("example.org.");
    h.advance(500ms);

    const auto& duration = h.histogram("dnsloom_dns_request_duration_seconds");
    CHECK(duration.count == 1);
    CHECK(duration.sum == doctest::Approx(0.5));
}

TEST_CASE("plugin/metrics: page: has every series in Prometheus' format") {
    Harness h{loom_module_0, {{"listen", "127.0.0.1:9999"}, {"path", "/m"}}};
    h.ask("a. A");

    const auto page = h.http("/m", "127.0.0.1:9999");

    CHECK(page.status == 200);
    CHECK(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(page.body == h.metrics_text());
    CHECK(page.body.find("# TYPE dnsloom_dns_requests_total counter") != std::string::npos);
}

TEST_CASE("plugin/metrics: listen without a port: takes 9153") {
    Harness h{loom_module_0, {{"listen", "127.0.0.1"}}};

    CHECK(h.http("/metrics", "127.0.0.1:9153").status == 200);
}

TEST_CASE("plugin/metrics: options: a path without slash is refused at its line") {
    CHECK_THROWS_AS(
        (Harness{loom_module_0, {{"listen", "127.0.0.1"}, {"path", "metrics"}}}),
        loom::harness::Refused);
    CHECK(
        Harness::refusal(loom_module_0, {{"path", "metrics"}}).find("begins with /") !=
        std::string::npos);
}
