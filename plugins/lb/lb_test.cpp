// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using loom::harness::Answer;
using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Question;
using loom::harness::Reply;
using loom::harness::Table;
using Records = std::vector<std::string>;

const Records three{
    "example.org. 60 IN A 192.0.2.1",
    "example.org. 60 IN A 192.0.2.2",
    "example.org. 60 IN A 192.0.2.3"};

/// An instance, and what stands behind it.
struct Balanced {
    explicit Balanced(Table settings = {}, Reply reply = {.answer = three, .as_wire = true})
        : h{loom_module_0, std::move(settings)} {
        h.behind.otherwise([reply](const auto&) { return reply; });
    }
    Records ask(const Question& question = "example.org. A") { return h.ask(question).answer; }
    /// Which answers came first in so many tries, and how often.
    std::map<std::string, unsigned>
    firsts(unsigned tries, const Question& question = "example.org.") {
        std::map<std::string, unsigned> out;
        for (unsigned i = 0; i < tries; ++i) {
            const auto answer = ask(question).at(0);
            ++out[answer.substr(answer.rfind(' ') + 1)];
        }
        return out;
    }
    Harness h;
};

/// A file that goes away with the test.
struct Folder {
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "lb-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string& text) const {
        const auto file = path / "weights";
        std::ofstream{file} << text;
        return file.string();
    }
    std::filesystem::path path;
};

std::string refusal(Table settings) { return Harness::refusal(loom_module_0, std::move(settings)); }

Table weight(std::string address, int number) {
    return {{"name", "example.org"}, {"address", std::move(address)}, {"weight", number}};
}

bool same_set(Records a, Records b) {
    std::ranges::sort(a);
    std::ranges::sort(b);
    return a == b;
}

}  // namespace

TEST_CASE("plugin/lb: round_robin: every address comes first, and none is lost") {
    Balanced lb;
    const auto firsts = lb.firsts(200);

    CHECK(firsts.size() == 3);
    CHECK(same_set(lb.ask(), three));
    CHECK(lb.h.metric("dnsloom_lb_reordered_total") > 100);
}

TEST_CASE("plugin/lb: one address: is passed on as it is, in wire form") {
    Balanced lb{{}, {.answer = {three[0]}, .as_wire = true}};
    const auto answer = lb.h.ask("example.org. A");

    CHECK(answer.answer == Records{three[0]});
    CHECK(answer.wire_form);
    CHECK(lb.h.metric("dnsloom_lb_reordered_total") == 0);
}

TEST_CASE("plugin/lb: answer of records: is ordered as one in wire form") {
    Balanced lb{{}, {.answer = three}};

    CHECK(lb.firsts(100).size() == 3);
    CHECK(lb.h.ask("example.org. A").flags == 0);
}

TEST_CASE("plugin/lb: a TTL: goes with its address") {
    Balanced lb{
        {},
        {.answer = {"example.org. 1 IN A 192.0.2.1", "example.org. 2 IN A 192.0.2.2"},
         .as_wire = true}};
    for (int i = 0; i < 50; ++i) {
        for (const auto& record : lb.ask()) CHECK(record[13] == record.back());
    }
}

TEST_CASE("plugin/lb: alias in front: stays there") {
    Records records{"www.example.org. 60 IN CNAME example.org."};
    records.insert(records.end(), three.begin(), three.end());
    Balanced lb{{}, {.answer = records, .as_wire = true}};
    std::set<std::string> seconds;
    for (int i = 0; i < 100; ++i) {
        const auto answer = lb.ask("www.example.org. A");
        REQUIRE(answer.size() == 4);
        CHECK(answer[0] == records[0]);
        seconds.insert(answer[1]);
    }
    CHECK(seconds.size() == 3);
}

TEST_CASE("plugin/lb: RRsets of two owners: are not mixed") {
    Balanced lb{
        {},
        {.answer =
             {"a.example.org. 60 IN AAAA 2001:db8::1",
              "a.example.org. 60 IN AAAA 2001:db8::2",
              "b.example.org. 60 IN AAAA 2001:db8::3",
              "b.example.org. 60 IN AAAA 2001:db8::4"},
         .as_wire = true}};
    for (int i = 0; i < 50; ++i) {
        const auto answer = lb.ask("example.org. AAAA");
        CHECK(same_set(
            {answer[0], answer[1]},
            {"a.example.org. 60 IN AAAA 2001:db8::1", "a.example.org. 60 IN AAAA 2001:db8::2"}));
    }
}

TEST_CASE("plugin/lb: MX: is shuffled, and so are the additional addresses") {
    Balanced lb{
        {},
        {.answer =
             {"example.org. 60 IN MX 10 a.example.org.",
              "example.org. 60 IN MX 10 bb.example.org."},
         .additional = {"a.example.org. 60 IN A 192.0.2.1", "a.example.org. 60 IN A 192.0.2.2"},
         .as_wire = true}};
    std::set<std::string> exchanges;
    std::set<std::string> addresses;
    for (int i = 0; i < 100; ++i) {
        const auto answer = lb.h.ask("example.org. MX");
        exchanges.insert(answer.answer.at(0));
        addresses.insert(answer.additional.at(0));
    }
    CHECK(exchanges.size() == 2);
    CHECK(addresses.size() == 2);
}

TEST_CASE("plugin/lb: other than NOERROR, class IN and a transfer: is left alone") {
    Balanced failing{{}, {.rcode = 2, .answer = three}};
    Balanced lb;

    CHECK(failing.firsts(50).size() == 1);
    CHECK(lb.firsts(50, "example.org. CH A").size() == 1);
    CHECK(lb.firsts(50, "example.org. AXFR").size() == 1);
}

TEST_CASE("plugin/lb: policy keep: leaves the order") {
    Balanced lb{{{"policy", "keep"}}};

    CHECK(lb.firsts(50).size() == 1);
}

TEST_CASE("plugin/lb: weights: the heavy one comes first most of the time") {
    Balanced lb{{{"policy", "weighted"}, {"weights", List{weight("192.0.2.2", 98)}}}};
    const auto firsts = lb.firsts(300);

    CHECK(firsts.at("192.0.2.2") > 270);
    CHECK(lb.firsts(50, "Example.ORG. A").at("192.0.2.2") > 40);
}

TEST_CASE("plugin/lb: weighted, a name without weights: keeps its order") {
    Balanced lb{
        {{"policy", "weighted"},
         {"weights",
          List{Table{{"name", "other.org"}, {"address", "192.0.2.2"}, {"weight", 98}}}}}};

    CHECK(lb.firsts(50).size() == 1);
}

TEST_CASE("plugin/lb: weight_file: is read again when it changes, and kept when it is bad") {
    const Folder folder;
    const auto file = folder.write("example.org\n192.0.2.2 255\n192.0.2.1 1\n192.0.2.3 1\n");
    Balanced lb{{{"policy", "weighted"}, {"weight_file", file}}};
    CHECK(lb.firsts(100).at("192.0.2.2") > 90);

    folder.write("example.org\n192.0.2.3 255\n");
    REQUIRE(lb.h.change_file(file));
    lb.h.run_ready();
    CHECK(lb.firsts(100).at("192.0.2.3") > 90);
    CHECK(lb.h.metric("dnsloom_lb_reloads_total", {{"result", "success"}}) == 1);

    folder.write("example.org\n192.0.2.1 300\n");
    lb.h.change_file(file);
    lb.h.run_ready();
    CHECK(lb.firsts(100).at("192.0.2.3") > 90);
    CHECK(lb.h.metric("dnsloom_lb_reloads_total", {{"result", "failure"}}) == 1);
    REQUIRE(lb.h.logged("weight file refused"));
    CHECK(lb.h.log().back().field("error").starts_with(file + ":2: "));
}

TEST_CASE("plugin/lb: weight_file: a bad or missing one refuses the configuration") {
    const Folder folder;
    const auto file = folder.write("example.org\n192.0.2.2\n");

    CHECK(
        refusal({{"policy", "weighted"}, {"weight_file", file}}).find(":2: ") != std::string::npos);
    CHECK(
        refusal({{"policy", "weighted"}, {"weight_file", file + ".no"}}).find("make it readable") !=
        std::string::npos);
}

TEST_CASE("plugin/lb: prefer: the listed networks come first, in their order") {
    Balanced lb{{{"policy", "keep"}, {"prefer", List{"192.0.2.3", "192.0.2.2/31"}}}};

    CHECK(lb.ask() == Records{three[2], three[1], three[0]});
}

TEST_CASE("plugin/lb: prefer with round_robin: shuffles what is as good") {
    Balanced lb{{{"prefer", "192.0.2.2/31"}}};
    const auto firsts = lb.firsts(100);

    CHECK(firsts.size() == 2);
    CHECK_FALSE(firsts.contains("192.0.2.1"));
}

TEST_CASE("plugin/lb: prefer client: the client's own network comes first") {
    Balanced lb{{{"policy", "keep"}, {"prefer", "client"}, {"ipv4_prefix", 31}}};

    CHECK(
        lb.ask(Question{"example.org."}.client("192.0.2.2")) ==
        Records{three[1], three[2], three[0]});
    CHECK(lb.ask(Question{"example.org."}.client("192.0.2.0")) == three);
    CHECK(lb.ask(Question{"example.org."}.client("2001:db8::1")) == three);
}

TEST_CASE("plugin/lb: sticky: one network sees one order, others see others") {
    Balanced lb{{{"sticky", true}}};
    const auto ask = [&](const std::string& client) {
        return lb.ask(Question{"example.org."}.client(client));
    };
    std::set<std::string> firsts;
    for (int i = 0; i < 50; ++i) {
        const auto network = "10.0." + std::to_string(i);
        CHECK(ask(network + ".1") == ask(network + ".200"));
        firsts.insert(ask(network + ".1").at(0));
    }
    CHECK(firsts.size() == 3);
    CHECK(ask("2001:db8:0:ff::1") == ask("2001:db8::1"));
}

TEST_CASE("plugin/lb: sticky: ipv4_prefix and ipv6_prefix say what a network is") {
    Balanced lb{{{"sticky", true}, {"ipv4_prefix", 32}, {"ipv6_prefix", 128}}};
    std::set<Records> fours;
    std::set<Records> sixes;
    for (int i = 1; i < 50; ++i) {
        fours.insert(lb.ask(Question{"example.org."}.client("10.0.0." + std::to_string(i))));
        sixes.insert(lb.ask(Question{"example.org."}.client("2001:db8::" + std::to_string(i))));
    }
    CHECK(fours.size() > 1);
    CHECK(sixes.size() > 1);
}

TEST_CASE("plugin/lb: options: mistakes are refused with what to change") {
    const auto says = [](Table settings, std::string_view text) {
        const auto error = refusal(std::move(settings));
        INFO(error);
        CHECK(error.find(text) != std::string::npos);
    };
    says({{"policy", "weighted"}}, "give weights or weight_file");
    says({{"weights", List{weight("192.0.2.1", 1)}}}, "set policy = \"weighted\"");
    says({{"policy", "weighted"}, {"weights", List{weight("x", 1)}}}, "is no address");
    says({{"policy", "weighted"}, {"weights", List{weight("192.0.2.1", 0)}}}, "weight");
    says(
        {{"policy", "weighted"}, {"weights", List{weight("192.0.2.1", 1), weight("192.0.2.1", 2)}}},
        "has two weights");
    says(
        {{"policy", "weighted"}, {"weights", List{weight("192.0.2.1", 1)}}, {"weight_file", "x"}},
        "leave one out");
    says({{"policy", "keep"}, {"sticky", true}}, "leave sticky out");
    says({{"prefer", "10.0.0.1/8"}}, "write 10.0.0.0/8");
    says({{"prefer", List{"client", "client"}}}, "named twice");
    says({{"ipv4_prefix", 33}}, "ipv4_prefix");
    says({{"ipv6_prefix", 0}}, "ipv6_prefix");
    says({{"policy", "random"}}, "policy");
}
