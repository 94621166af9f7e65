// SPDX-License-Identifier: Apache-2.0
#include "zone_fixture.hpp"

#include <doctest/doctest.h>

#include <string>

using loom::file::test::Folder;
using loom::file::test::kinds;
using loom::file::test::Lines;
using loom::file::test::Server;
using loom::harness::Harness;
using loom::harness::Question;

namespace {

constexpr std::string_view head = "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n";

std::string refusal(std::string_view text) {
    Folder folder;
    return Harness::refusal(
        loom_module_0, {{"path", folder.write("zone", text)}}, Server::setup({"example.org"}));
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("plugin/file: a bad zone file: is refused with the place and what is wrong") {
    const struct {
        const char* text;
        const char* place;
        const char* reason;
    } rows[] = {
        {"a IN A 300.1.1.1\n", ":4:", "300.1.1.1"},
        {"www.example.net. IN A 192.0.2.1\n", ":4:1", "outside of the zone"},
        {"a IN SOA ns h 1 2 3 4 5\n", ":4:1", "apex"},
        {"@ IN SOA ns h 2 2 3 4 5\n", ":4:1", "several SOA"},
        {"a IN CNAME b\na IN A 192.0.2.1\n", ":4:1", "CNAME and other data"},
        {"a IN CNAME b\na IN CNAME c\n", ":5:1", "several CNAME"},
        {"a IN DNAME b\na IN DNAME c\n", ":5:1", "several DNAME"},
        {"a IN A 192.0.2.1\nb IN A 192.0.2.1\na IN CNAME b\n", ":6:1", "CNAME and other data"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const std::string text = refusal(std::string{head} + row.text);
        CHECK(contains(text, row.place));
        CHECK(contains(text, row.reason));
    }
}

TEST_CASE("plugin/file: a zone without SOA or NS: is refused") {
    CHECK(contains(refusal("@ 60 IN NS ns\n"), "no SOA record"));
    CHECK(contains(refusal("@ 60 IN SOA ns h 1 2 3 4 5\n"), "no NS record"));
    CHECK(contains(refusal(""), "no SOA record"));
}

TEST_CASE("plugin/file: several errors: the first is told and the others are counted") {
    const std::string text = refusal(std::string{head} + "a IN A x\nb IN A y\nc IN A z\n");
    CHECK(contains(text, ":4:"));
    CHECK(contains(text, "2 more"));
}

TEST_CASE("plugin/file: no file: is refused") {
    Folder folder;
    const std::string text = Harness::refusal(
        loom_module_0, {{"path", folder.file("none")}}, Server::setup({"example.org"}));
    CHECK(contains(text, "none"));
}

TEST_CASE("plugin/file: TTLs that differ: become the lowest, with a warning") {
    Server server{"example.org", std::string{head} + "a 90 IN A 192.0.2.1\na 30 IN A 192.0.2.2\n"};

    CHECK(
        server.ask("a.example.org. A").answer ==
        Lines{"a.example.org. 30 IN A 192.0.2.1", "a.example.org. 30 IN A 192.0.2.2"});
    CHECK(server->logged("TTLs differ"));
}

TEST_CASE("plugin/file: the same record twice: counts once") {
    Server server{
        "example.org",
        std::string{head} +
            "a IN A 192.0.2.1\nA IN A 192.0.2.1\nb IN A 192.0.2.3\na IN A 192.0.2.1\n"};

    CHECK(server.ask("a.example.org. A").answer == Lines{"a.example.org. 60 IN A 192.0.2.1"});
}

TEST_CASE("plugin/file: records of a name that are apart: come together") {
    std::string text{head};
    for (int i = 0; i < 50; ++i)
        text += "n" + std::to_string(i) + " IN A 192.0.2." + std::to_string(i) + "\n";
    for (int i = 0; i < 50; ++i)
        text += "n" + std::to_string(i) + " IN MX 1 n" + std::to_string(i) + "\n";
    for (int i = 0; i < 50; ++i)
        text += "N" + std::to_string(i) + " IN A 10.0.0." + std::to_string(i) + "\n";
    Server server{"example.org", text};

    for (int i = 0; i < 50; ++i) {
        const std::string name = "n" + std::to_string(i) + ".example.org.";
        const auto a = server.ask(name + " A");
        CHECK(
            a.answer == Lines{
                            name + " 60 IN A 192.0.2." + std::to_string(i),
                            name + " 60 IN A 10.0.0." + std::to_string(i)});
        const auto mx = server.ask(name + " MX");
        CHECK(mx.answer == Lines{name + " 60 IN MX 1 " + name});
        CHECK(mx.additional.size() == 2);
    }
    CHECK(server->metric("dnsloom_file_records") == 152);
}

TEST_CASE("plugin/file: thousands of names: are all found, and others are not") {
    std::string text{head};
    for (int i = 0; i < 20000; ++i)
        text += "n" + std::to_string(i) + " IN TXT \"" + std::to_string(i) +
                " and some more text that fills the memory\"\n";
    Server server{"example.org", text};

    for (int i = 0; i < 20000; i += 97) {
        const auto answer = server.ask("n" + std::to_string(i) + ".example.org. TXT");
        REQUIRE(answer.answer.size() == 1);
        CHECK(contains(answer.answer[0], "\"" + std::to_string(i) + " and"));
        CHECK(server.ask("x" + std::to_string(i) + ".example.org. TXT").rcode == 3);
    }
}

TEST_CASE("plugin/file: {zone} in the path: gives each zone its file") {
    Folder folder;
    folder.write("example.org.zone", std::string{head} + "a IN A 192.0.2.1\n");
    folder.write("example.net.zone", std::string{head} + "a IN A 192.0.2.2\n");
    folder.write("sub.example.org.zone", std::string{head} + "a IN A 192.0.2.3\n");
    Harness h{
        loom_module_0,
        {{"path", folder.file("{zone}.zone")}},
        Server::setup({"example.org", "example.net", "sub.example.org"})};

    CHECK(h.ask("a.example.org. A").answer == Lines{"a.example.org. 60 IN A 192.0.2.1"});
    CHECK(h.ask("a.example.net. A").answer == Lines{"a.example.net. 60 IN A 192.0.2.2"});
    CHECK(h.ask("a.sub.example.org. A").answer == Lines{"a.sub.example.org. 60 IN A 192.0.2.3"});
    // DS belongs to the parent, when that is here.
    CHECK(kinds(h.ask("sub.example.org. DS").authority) == Lines{"example.org. SOA"});
    CHECK(kinds(h.ask("example.net. DS").authority) == Lines{"example.net. SOA"});
    CHECK(h.metric("dnsloom_file_zones") == 3);
    CHECK(h.metric("dnsloom_file_serial", {{"zone", "example.net."}}) == 1);
}

TEST_CASE("plugin/file: one of the zones' files is missing: its queries fail, others do not") {
    Folder folder;
    folder.write("example.org.zone", std::string{head} + "a IN A 192.0.2.1\n");
    Harness h{
        loom_module_0,
        {{"path", folder.file("{zone}.zone")}},
        Server::setup({"example.org", "example.net"})};

    const auto answer = h.ask(Question{"a.example.net. A"}.edns());
    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 14);
    CHECK(h.ask("a.example.org. A").rcode == 0);
    CHECK(h.metric("dnsloom_file_zones") == 1);
}

TEST_CASE("plugin/file: one file for several zones: is read for each, relative to it") {
    Folder folder;
    const std::string path = folder.write("parked", std::string{head} + "www IN A 192.0.2.1\n");
    Harness h{loom_module_0, {{"path", path}}, Server::setup({"example.org", "example.net"})};

    CHECK(h.ask("www.example.org. A").answer.size() == 1);
    CHECK(h.ask("www.example.net. A").answer.size() == 1);
}

TEST_CASE("plugin/file: $INCLUDE: obeys the policy") {
    Folder folder;
    folder.write("inner", "a IN A 192.0.2.1\n");
    const std::string path = folder.write("zone", std::string{head} + "$INCLUDE inner\n");
    const auto setup = Server::setup({"example.org"});

    CHECK(Harness::refusal(loom_module_0, {{"path", path}}, setup).empty());
    CHECK_FALSE(
        Harness::refusal(loom_module_0, {{"path", path}, {"include", "forbidden"}}, setup).empty());
    Folder other;
    const std::string outside =
        other.write("zone", std::string{head} + "$INCLUDE " + folder.file("inner") + "\n");
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"path", outside}}, setup).empty());
    CHECK(Harness::refusal(loom_module_0, {{"path", outside}, {"include", "anywhere"}}, setup)
              .empty());
}
