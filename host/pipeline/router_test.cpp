// SPDX-License-Identifier: Apache-2.0
#include "router.hpp"
#include "sample_query.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <deque>

using namespace loom;
using namespace loom::host;

namespace {

// Zones by text; their servers are numbered in this order.
class SampleRouter {
public:
    SampleRouter(std::initializer_list<std::string_view> zones) {
        for (const auto zone : zones) add(zone);
    }

    void add(std::string_view zone) {
        zones_.push_back(name(zone));
        router_.add(sample_key, zones_.back(), static_cast<std::uint32_t>(zones_.size() - 1));
    }
    // `2 example.org.`, or `none`.
    std::string find(std::string_view qname, std::uint16_t qtype = dns::rr_type::a) const {
        const SampleQuery query{query_message({.qname = qname, .qtype = qtype})};
        const auto route = router_.find(*query.e);
        return route ? fmt::format("{} {}", route->server, route->zone.to_string()) : "none";
    }
    // All of them in the order in which they are tried: `2 example.org., 0 org.`
    std::string all(std::string_view qname, std::uint16_t qtype = dns::rr_type::a) const {
        const SampleQuery query{query_message({.qname = qname, .qtype = qtype})};
        std::string text;
        for (auto route = router_.find(*query.e); route; route = router_.find_next(*query.e, *route))
            text += fmt::format(
                "{}{} {}", text.empty() ? "" : ", ", route->server, route->zone.to_string());
        return text;
    }
    const Router& router() const { return router_; }

private:
    std::deque<dns::Name> zones_;
    Router router_;
};

}  // namespace

TEST_CASE("host/router: find: nothing without zones") {
    CHECK(SampleRouter{}.find("example.org.") == "none");
}

TEST_CASE("host/router: find: the longest zone wins, whatever the order") {
    const SampleRouter sample{"example.org.", "org.", "a.b.example.org."};
    CHECK(sample.find("www.example.org.") == "0 example.org.");
    CHECK(sample.find("example.org.") == "0 example.org.");
    CHECK(sample.find("b.example.org.") == "0 example.org.");
    CHECK(sample.find("x.a.b.example.org.") == "2 a.b.example.org.");
    CHECK(sample.find("example.net.org.") == "1 org.");
    CHECK(sample.find("example.net.") == "none");
}

TEST_CASE("host/router: find: zones end between labels") {
    const SampleRouter sample{"example.org."};
    CHECK(sample.find("notexample.org.") == "none");
    CHECK(sample.find("org.") == "none");
}

TEST_CASE("host/router: find: the root takes what nobody else has") {
    const SampleRouter sample{".", "example.org."};
    CHECK(sample.find("www.example.org.") == "1 example.org.");
    CHECK(sample.find("example.net.") == "0 .");
    CHECK(sample.find(".") == "0 .");
}

TEST_CASE("host/router: find: case does not matter") {
    const SampleRouter sample{"example.org."};
    CHECK(sample.find("WWW.eXaMpLe.ORG.") == "0 example.org.");
}

TEST_CASE("host/router: find: DS of a zone's apex goes to the zone above") {
    const SampleRouter sample{"example.org.", "org.", "a.example.org."};
    CHECK(sample.find("example.org.", dns::rr_type::ds) == "1 org.");
    CHECK(sample.find("a.example.org.", dns::rr_type::ds) == "0 example.org.");
}

TEST_CASE("host/router: find: DS below an apex stays in the zone") {
    const SampleRouter sample{"example.org.", "org."};
    CHECK(sample.find("sub.example.org.", dns::rr_type::ds) == "0 example.org.");
}

TEST_CASE("host/router: find: DS of an apex stays where no zone is above") {
    const SampleRouter sample{"example.org."};
    CHECK(sample.find("example.org.", dns::rr_type::ds) == "0 example.org.");
    CHECK(SampleRouter{"."}.find(".", dns::rr_type::ds) == "0 .");
}

TEST_CASE("host/router: add: a zone added twice keeps its first server") {
    const SampleRouter sample{"example.org.", "example.org."};
    CHECK(sample.find("example.org.") == "0 example.org.");
    CHECK(sample.router().size() == 1);
}

TEST_CASE("host/router: find_next: servers with the zone in order, then those of the zones above") {
    const SampleRouter sample{"org.", "example.org.", "org.", "example.org.", "example.org.", "."};
    CHECK(sample.all("www.example.org.") == "1 example.org., 3 example.org., 4 example.org., 0 org., 2 org., 5 .");
    CHECK(sample.all("example.org.") == "1 example.org., 3 example.org., 4 example.org., 0 org., 2 org., 5 .");
    CHECK(sample.all("org.") == "0 org., 2 org., 5 .");
    CHECK(sample.all("net.") == "5 .");
    CHECK(SampleRouter{"example.org."}.all("example.org.") == "0 example.org.");
}

TEST_CASE("host/router: find_next: for DS the zone itself comes last") {
    const SampleRouter sample{"org.", "example.org.", "org.", "example.org."};
    CHECK(sample.all("example.org.", dns::rr_type::ds) == "0 org., 2 org., 1 example.org., 3 example.org.");
    CHECK(sample.all("a.example.org.", dns::rr_type::ds) == "1 example.org., 3 example.org., 0 org., 2 org.");
    CHECK(SampleRouter{".", "."}.all(".", dns::rr_type::ds) == "0 ., 1 .");
}

TEST_CASE("host/router: find: is right among 10,000 zones") {
    SampleRouter sample{};
    for (int i = 0; i < 10'000; ++i) sample.add(fmt::format("zone{}.example.", i));
    CHECK(sample.router().size() == 10'000);
    for (int i = 0; i < 10'000; i += 7)
        CHECK(
            sample.find(fmt::format("www.Zone{}.example.", i)) ==
            fmt::format("{0} zone{0}.example.", i));
    CHECK(sample.find("zone10000.example.") == "none");
    CHECK(sample.find("example.") == "none");
}

TEST_CASE("host/router: find: a name of 127 labels finds its zone") {
    std::string deepest;
    for (int i = 0; i < 127; ++i) deepest += "a.";
    const SampleRouter sample{"a.", deepest};
    CHECK(sample.find(deepest) == "1 " + deepest);
    CHECK(sample.find(deepest, dns::rr_type::ds) == "0 a.");
}
