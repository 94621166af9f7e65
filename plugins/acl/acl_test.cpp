// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace loom::harness;

namespace {

Table rule(std::string_view action, std::string_view net) {
    return {{"action", action}, {"net", List{net}}};
}

/// A server that answers what it lets pass with an address.
class Server {
public:
    explicit Server(Table settings) : harness_{loom_module_0, std::move(settings)} {
        harness_.behind.otherwise(
            [](const Asked&) { return Reply{.answer = {"example.org. A 192.0.2.1"}}; });
    }
    explicit Server(List rules) : Server{Table{{"rules", std::move(rules)}}} {}

    Answer ask(std::string_view client, std::string_view question = "example.org. A") {
        return harness_.ask(Question{question}.edns().client(client));
    }
    /// `allow`, `block`, `filter` or `drop`.
    std::string fate(std::string_view client, std::string_view question = "example.org. A") {
        const auto answer = ask(client, question);
        if (answer.dropped) return "drop";
        if (answer.source == Source::behind) return "allow";
        return answer.rcode == 5 ? "block" : "filter";
    }
    Harness* operator->() { return &harness_; }

private:
    Harness harness_;
};

/// A file that is gone with the object.
class File {
public:
    explicit File(std::string_view text) {
        std::string name = (std::filesystem::temp_directory_path() / "loom-acl-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        write(text);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { std::filesystem::remove_all(folder_); }

    void write(std::string_view text) const { std::ofstream{path()} << text; }
    std::string path() const { return folder_ + "/networks"; }

private:
    std::string folder_;
};

std::string refusal(List rules) {
    return Harness::refusal(loom_module_0, {{"rules", std::move(rules)}});
}
bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("plugin/acl: action: each with its rcode and extended error") {
    Server server{List{
        rule("block", "192.0.2.1"),
        rule("filter", "192.0.2.2"),
        rule("drop", "192.0.2.3"),
        rule("allow", "192.0.2.4")}};

    const auto blocked = server.ask("192.0.2.1");
    CHECK(blocked.rcode == 5);
    CHECK(blocked.extended_error()->code == 15);
    const auto filtered = server.ask("192.0.2.2");
    CHECK(filtered.rcode == 0);
    CHECK(filtered.answer.empty());
    CHECK(filtered.source == Source::plugin);
    CHECK(filtered.extended_error()->code == 17);
    CHECK(server.ask("192.0.2.3").dropped);
    CHECK(server.ask("192.0.2.4").source == Source::behind);
    CHECK(server.ask("192.0.2.5").source == Source::behind);
}

TEST_CASE("plugin/acl: metrics: count each action") {
    Server server{
        List{rule("block", "192.0.2.1"), rule("filter", "192.0.2.2"), rule("drop", "192.0.2.3")}};
    for (const auto* client : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.1"})
        server.ask(client);

    CHECK(server->metric("dnsloom_acl_blocked_requests_total") == 2);
    CHECK(server->metric("dnsloom_acl_filtered_requests_total") == 1);
    CHECK(server->metric("dnsloom_acl_dropped_requests_total") == 1);
    CHECK(server->metric("dnsloom_acl_allowed_requests_total") == 1);
}

TEST_CASE("plugin/acl: extended_error: chosen by rule") {
    Server server{List{
        Table{{"action", "block"}, {"net", "192.0.2.1"}, {"extended_error", "prohibited"}},
        Table{{"action", "filter"}, {"net", "192.0.2.2"}, {"extended_error", "blocked"}},
        Table{{"action", "block"}, {"net", "192.0.2.3"}, {"extended_error", "filtered"}},
        Table{{"action", "block"}, {"net", "192.0.2.4"}, {"extended_error", "none"}}}};

    CHECK(server.ask("192.0.2.1").extended_error()->code == 18);
    CHECK(server.ask("192.0.2.2").extended_error()->code == 15);
    CHECK(server.ask("192.0.2.3").extended_error()->code == 17);
    CHECK_FALSE(server.ask("192.0.2.4").extended_error());
    CHECK(
        says(refusal({Table{{"action", "drop"}, {"extended_error", "none"}}}), "block and filter"));
    CHECK(
        says(refusal({Table{{"action", "block"}, {"extended_error", "censored"}}}), "prohibited"));
}

TEST_CASE("plugin/acl: rules: the first that applies decides, narrow or wide") {
    Server wide_first{List{rule("allow", "192.0.2.0/24"), rule("block", "192.0.2.7")}};
    CHECK(wide_first.fate("192.0.2.7") == "allow");
    Server narrow_first{
        List{rule("block", "192.0.2.7"), rule("allow", "192.0.2.0/24"), Table{{"action", "drop"}}}};
    CHECK(narrow_first.fate("192.0.2.7") == "block");
    CHECK(narrow_first.fate("192.0.2.8") == "allow");
    CHECK(narrow_first.fate("198.51.100.1") == "drop");
    CHECK(narrow_first.fate("2001:db8::1") == "drop");
}

TEST_CASE("plugin/acl: net: IPv4 and IPv6 are apart, and * is both") {
    Server server{List{rule("block", "::/0"), rule("filter", "0.0.0.0/0")}};
    CHECK(server.fate("192.0.2.1") == "filter");
    CHECK(server.fate("2001:db8::1") == "block");

    Server both{List{rule("drop", "*")}};
    CHECK(both.fate("192.0.2.1") == "drop");
    CHECK(both.fate("2001:db8::1") == "drop");
}

TEST_CASE("plugin/acl: type: a rule is for its types only") {
    Server server{List{
        Table{{"action", "block"}, {"type", List{"any", "TYPE65280"}}},
        Table{{"action", "filter"}, {"type", "AAAA"}, {"net", "192.0.2.0/24"}},
        Table{{"action", "drop"}, {"type", List{"MX", "*"}}, {"net", "198.51.100.0/24"}}}};

    CHECK(server.fate("192.0.2.1", "example.org. ANY") == "block");
    CHECK(server.fate("192.0.2.1", "example.org. TYPE65280") == "block");
    CHECK(server.fate("192.0.2.1", "example.org. AAAA") == "filter");
    CHECK(server.fate("192.0.2.1", "example.org. A") == "allow");
    CHECK(server.fate("203.0.113.1", "example.org. AAAA") == "allow");
    CHECK(server.fate("198.51.100.1", "example.org. A") == "drop");
    CHECK(server.fate("198.51.100.1", "example.org. ANY") == "block");
}

TEST_CASE("plugin/acl: zones: other names are passed on") {
    Server server{Table{
        {"rules", List{Table{{"action", "block"}}}},
        {"zones", List{"example.org", "in.example.net"}}}};

    CHECK(server.fate("192.0.2.1", "example.org. A") == "block");
    CHECK(server.fate("192.0.2.1", "a.b.EXAMPLE.org. A") == "block");
    CHECK(server.fate("192.0.2.1", "x.in.example.net. A") == "block");
    CHECK(server.fate("192.0.2.1", "example.net. A") == "allow");
    CHECK(server.fate("192.0.2.1", "org. A") == "allow");
    CHECK(server.fate("192.0.2.1", "example.com. A") == "allow");
    CHECK(server->metric("dnsloom_acl_allowed_requests_total") == 0);
}

TEST_CASE("plugin/acl: net_file: read again when it changes, kept when it is wrong") {
    File file{"192.0.2.0/24  # ours\n"};
    Server server{List{Table{{"action", "block"}, {"net", "10.0.0.1"}, {"net_file", file.path()}}}};
    CHECK(server.fate("192.0.2.1") == "block");
    CHECK(server.fate("10.0.0.1") == "block");
    CHECK(server.fate("10.0.0.2") == "allow");

    file.write("10.0.0.2\n");
    CHECK(server->change_file(file.path()));
    CHECK(server.fate("192.0.2.1") == "allow");
    CHECK(server.fate("10.0.0.1") == "block");
    CHECK(server.fate("10.0.0.2") == "block");
    CHECK(server->metric("dnsloom_acl_reload_total", {{"result", "ok"}}) == 1);
    server->run_ready();
    CHECK(server->retired_count() == 0);

    file.write("10.0.0.3\nwrong\n");
    server->change_file(file.path());
    CHECK(server.fate("10.0.0.2") == "block");
    CHECK(server->metric("dnsloom_acl_reload_total", {{"result", "failed"}}) == 1);
    CHECK(says(server->log().back().field("reason"), file.path() + ":2: "));
}

TEST_CASE("plugin/acl: configuration: says what is wrong") {
    CHECK(says(Harness::refusal(loom_module_0, {}), "rules"));
    CHECK(says(refusal({Table{{"action", "deny"}}}), "allow"));
    CHECK(says(refusal({Table{{"net", "192.0.2.1"}}}), "action"));
    CHECK(says(refusal({rule("block", "192.0.2.0/33")}), "192.0.2.0/33"));
    CHECK(says(refusal({Table{{"action", "block"}, {"type", "AAAAA"}}}), "TYPE65280"));
    CHECK(says(refusal({Table{{"action", "block"}, {"net", List{}}}}), "empty list"));
    CHECK(says(refusal({Table{{"action", "block"}, {"type", List{}}}}), "empty list"));
    CHECK(says(refusal({Table{{"action", "block"}, {"net_file", "/nowhere"}}}), "/nowhere"));
    List types;
    for (int i = 0; i < 251; ++i) types.push_back("TYPE" + std::to_string(1000 + i));
    CHECK(says(refusal({Table{{"action", "block"}, {"type", std::move(types)}}}), "250"));
    File wrong{"10.0.0.1\n10.0.0.1/40\n"};
    CHECK(says(
        refusal({Table{{"action", "block"}, {"net_file", wrong.path()}}}), wrong.path() + ":2: "));
}
