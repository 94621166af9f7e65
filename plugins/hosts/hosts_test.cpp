// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace loom::harness;

namespace {

using Lines = std::vector<std::string>;

/// A file that is gone with the object.
class File {
public:
    explicit File(std::string_view text) {
        std::string name = (std::filesystem::temp_directory_path() / "loom-hosts-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        write(text);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { std::filesystem::remove_all(folder_); }

    void write(std::string_view text) const { std::ofstream{path()} << text; }
    std::string path() const { return folder_ + "/hosts"; }

private:
    std::string folder_;
};

class Server {
public:
    explicit Server(
        std::string_view text, Table settings = {}, std::vector<std::string> zones = {"."})
        : file_{text}, harness_{loom_module_0, with_file(std::move(settings)), setup(zones)} {
        harness_.behind.otherwise([](const Asked&) { return Reply{.rcode = 9}; });
    }

    Answer ask(const Question& question) { return harness_.ask(question); }
    Harness* operator->() { return &harness_; }
    const File& file() const { return file_; }
    void change(std::string_view text) {
        file_.write(text);
        CHECK(harness_.change_file(file_.path()));
    }

private:
    Table with_file(Table settings) {
        settings.push_back({"file", file_.path()});
        return settings;
    }
    static Setup setup(std::vector<std::string> zones) {
        Setup setup;
        setup.zones = std::move(zones);
        return setup;
    }

    File file_;
    Harness harness_;
};

bool is_passed_on(const Answer& answer) { return answer.source == Source::behind; }
bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

constexpr std::string_view office = "192.0.2.1  www.example.org www\n"
                                    "192.0.2.2  www.example.org\n"
                                    "2001:db8::1 www.example.org\n"
                                    "192.0.2.9  *.apps.example.org\n"
                                    "192.0.2.8  fixed.apps.example.org\n";

}  // namespace

TEST_CASE("plugin/hosts: on_query: all addresses of a name, in the order of the file") {
    Server server{office};

    const auto ipv4 = server.ask("WWW.example.org. A");
    CHECK(
        ipv4.answer ==
        Lines{"WWW.example.org. 3600 IN A 192.0.2.1", "WWW.example.org. 3600 IN A 192.0.2.2"});
    CHECK(ipv4.is_authoritative());
    CHECK(
        server.ask("www.example.org. AAAA").answer ==
        Lines{"www.example.org. 3600 IN AAAA 2001:db8::1"});
    CHECK(server.ask("www. A").answer == Lines{"www. 3600 IN A 192.0.2.1"});
    CHECK(server.ask("www.example.org. ANY").answer.size() == 3);
}

TEST_CASE("plugin/hosts: on_query: NODATA for other types of a known name") {
    Server server{office};
    for (const auto* question :
         {"www. AAAA",
          "www.example.org. MX",
          "www.example.org. PTR",
          "1.2.0.192.in-addr.arpa. A"}) {
        const auto answer = server.ask(question);
        CHECK(answer.source == Source::plugin);
        CHECK(answer.rcode == 0);
        CHECK(answer.answer.empty());
        CHECK(answer.authority.empty());
        CHECK(answer.is_authoritative());
    }
}

TEST_CASE("plugin/hosts: on_query: NXDOMAIN for names that are not there") {
    Server server{office};
    for (const auto* question : {"mail.example.org. A", "example.org. A", "x.www.example.org. A"}) {
        const auto answer = server.ask(question);
        CHECK(answer.source == Source::plugin);
        CHECK(answer.rcode == 3);
    }
    CHECK(is_passed_on(server.ask(Question{"www.example.org. A"}.opcode(4))));
}

TEST_CASE("plugin/hosts: on_query: names of addresses, and the next plugin for other addresses") {
    Server server{office};

    CHECK(
        server.ask("1.2.0.192.in-addr.arpa. PTR").answer ==
        Lines{
            "1.2.0.192.in-addr.arpa. 3600 IN PTR www.example.org.",
            "1.2.0.192.in-addr.arpa. 3600 IN PTR www."});
    CHECK(
        server.ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.IP6.arpa. PTR")
            .answer.size() == 1);
    CHECK(is_passed_on(server.ask("77.2.0.192.in-addr.arpa. PTR")));
    CHECK(is_passed_on(server.ask("f.ip6.arpa. PTR")));
    CHECK(server.ask("9.2.0.192.in-addr.arpa. PTR").source == Source::behind);  // A wildcard's.
    CHECK(server.ask("77.2.0.192.in-addr.example. PTR").rcode == 3);
}

TEST_CASE("plugin/hosts: on_query: a wildcard is for one more label, and an entry wins") {
    Server server{office};

    CHECK(
        server.ask("a.apps.example.org. A").answer ==
        Lines{"a.apps.example.org. 3600 IN A 192.0.2.9"});
    CHECK(server.ask("A.Apps.example.org. AAAA").rcode == 0);
    CHECK(
        server.ask("fixed.apps.example.org. A").answer ==
        Lines{"fixed.apps.example.org. 3600 IN A 192.0.2.8"});
    CHECK(server.ask("a.b.apps.example.org. A").rcode == 3);
    CHECK(server.ask("apps.example.org. A").rcode == 3);
    CHECK(server.ask(". A").rcode == 3);
}

TEST_CASE("plugin/hosts: no_reverse: no names of addresses") {
    Server server{office, {{"no_reverse", true}}};
    CHECK(is_passed_on(server.ask("1.2.0.192.in-addr.arpa. PTR")));
    CHECK(server->metric("dnsloom_hosts_entries") == 4);
}

TEST_CASE("plugin/hosts: ttl: of all records") {
    Server server{office, {{"ttl", "90s"}}};
    CHECK(server.ask("www. A").answer == Lines{"www. 90 IN A 192.0.2.1"});
    CHECK(says(Harness::refusal(loom_module_0, {{"ttl", "0s"}}), "ttl"));
    CHECK(says(Harness::refusal(loom_module_0, {{"ttl", "65536s"}}), "ttl"));
}

TEST_CASE("plugin/hosts: entries: add to what is in the file") {
    Server server{
        office, {{"entries", List{"192.0.2.3 www.example.org", "192.0.2.4 new.example.org b"}}}};

    CHECK(server.ask("www.example.org. A").answer.back() == "www.example.org. 3600 IN A 192.0.2.3");
    CHECK(server.ask("b. A").answer == Lines{"b. 3600 IN A 192.0.2.4"});
    CHECK(server.ask("4.2.0.192.in-addr.arpa. PTR").answer.size() == 2);
    CHECK(says(Harness::refusal(loom_module_0, {{"entries", List{"192.0.2 a"}}}), "no address"));
    CHECK(says(Harness::refusal(loom_module_0, {{"entries", List{" # a"}}}), "an entry is"));
}

TEST_CASE("plugin/hosts: zones: other names are neither taken nor denied") {
    Server server{"192.0.2.1 www.example.org www.example.net\n", {{"zones", List{"example.org"}}}};

    CHECK(server.ask("www.example.org. A").answer.size() == 1);
    CHECK(server.ask("nope.example.org. A").rcode == 3);
    CHECK(is_passed_on(server.ask("www.example.net. A")));
    CHECK(server.ask("1.2.0.192.in-addr.arpa. PTR").answer.size() == 1);
}

TEST_CASE("plugin/hosts: reload: new names, and those of before when the file is wrong or gone") {
    Server server{office};
    server->advance(std::chrono::seconds{100});

    server.change("192.0.2.1 www.example.org\n192.0.2.5 new.example.org\n");
    CHECK(server.ask("new.example.org. A").answer.size() == 1);
    CHECK(server.ask("www. A").rcode == 3);
    CHECK(server->metric("dnsloom_hosts_reload_total", {{"result", "ok"}}) == 1);
    CHECK(server->metric("dnsloom_hosts_entries") == 4);
    CHECK(
        server->metric("dnsloom_hosts_reload_timestamp_seconds") ==
        static_cast<double>(server->realtime().count() / 1'000'000'000));
    server->run_ready();
    CHECK(server->retired_count() == 0);

    server.change("192.0.2.6 new.example.org\nwrong\n");
    CHECK(server.ask("new.example.org. A").answer == Lines{"new.example.org. 3600 IN A 192.0.2.5"});
    CHECK(server->metric("dnsloom_hosts_reload_total", {{"result", "failed"}}) == 1);
    CHECK(says(server->log().back().field("reason"), server.file().path() + ":2: "));
    std::filesystem::remove(server.file().path());
    server->change_file(server.file().path());
    CHECK(server.ask("new.example.org. A").answer.size() == 1);
}

TEST_CASE("plugin/hosts: reload: tells caches which names changed") {
    Server server{office};
    server.change("192.0.2.1 www.example.org www\n192.0.2.3 www.example.org\n"
                  "2001:db8::1 www.example.org\n192.0.2.7 *.apps.example.org\n");

    std::vector<std::string> names;
    for (const auto& event : server->events())
        names.push_back((event.kind == LOOM_EVENT_ZONE_CHANGED ? "below " : "") + event.name);
    std::ranges::sort(names);
    CHECK(
        names == Lines{
                     "2.2.0.192.in-addr.arpa.",
                     "3.2.0.192.in-addr.arpa.",
                     "8.2.0.192.in-addr.arpa.",
                     "below apps.example.org.",
                     "fixed.apps.example.org.",
                     "www.example.org."});
}

TEST_CASE("plugin/hosts: reload: many changes are told as the server's zones") {
    Server server{"", {}, {"example.org", "example.net"}};
    std::string text;
    for (int i = 0; i < 100; ++i) text += "192.0.2.1 n" + std::to_string(i) + ".example.org\n";
    server.change(text);

    REQUIRE(server->events().size() == 2);
    CHECK(server->events()[0].name == "example.org.");
    CHECK(server->events()[0].kind == LOOM_EVENT_ZONE_CHANGED);
}

TEST_CASE("plugin/hosts: reload: false watches nothing") {
    Server server{office, {{"reload", false}}};
    CHECK(server->watched_files().empty());
}

TEST_CASE("plugin/hosts: file: refused when it is wrong or missing") {
    File file{"192.0.2.1 a\n192.0.2.1\n"};
    CHECK(says(Harness::refusal(loom_module_0, {{"file", file.path()}}), file.path() + ":2: "));
    CHECK(says(Harness::refusal(loom_module_0, {{"file", "/nowhere/hosts"}}), "/nowhere/hosts"));
}

TEST_CASE("plugin/hosts: answers: whole over TCP, truncated over UDP") {
    std::string text;
    for (int i = 0; i < 1100; ++i)
        text += "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + " many\n";
    for (int i = 0; i < 100; ++i) text += "192.0.2.1 n" + std::to_string(i) + "\n";
    Server server{text};

    CHECK(server.ask("many. A").is_truncated());
    CHECK(server.ask(Question{"many. A"}.tcp()).answer.size() == 1000);  // The most of a name.
    CHECK(server.ask(Question{"1.2.0.192.in-addr.arpa. PTR"}.tcp()).answer.size() == 64);
}

TEST_CASE("plugin/hosts: table: a hundred thousand names") {
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
                std::to_string(i & 255) + " h" + std::to_string(i) + ".example.org\n";
    Server server{text};

    CHECK(server->metric("dnsloom_hosts_entries") == 200'000);
    for (int i = 0; i < 100'000; i += 997)
        REQUIRE(server.ask("h" + std::to_string(i) + ".example.org. A").answer.size() == 1);
    CHECK(server.ask("h100000.example.org. A").rcode == 3);
}
