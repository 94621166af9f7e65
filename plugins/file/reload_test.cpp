// SPDX-License-Identifier: Apache-2.0
#include "zone_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using loom::file::test::Folder;
using loom::file::test::Lines;
using loom::file::test::Server;
using loom::harness::Harness;

namespace {

std::string zone(int serial, std::string_view more = {}) {
    return "$TTL 60\n@ IN SOA ns h " + std::to_string(serial) + " 2 3 4 5\n@ IN NS ns\n" +
           std::string{more};
}

}  // namespace

TEST_CASE("plugin/file: a file changes: the zone is replaced and the change announced") {
    Server server{"example.org", zone(1, "old IN A 192.0.2.1\n")};
    CHECK(server->watched_files() == Lines{server.folder().file("zone")});

    server.folder().write("zone", zone(2, "new IN A 192.0.2.2\n"));
    REQUIRE(server->change_file(server.folder().file("zone")));
    server->run_ready();

    CHECK(server.ask("old.example.org. A").rcode == 3);
    CHECK(server.ask("new.example.org. A").answer.size() == 1);
    REQUIRE(server->events().size() == 1);
    CHECK(server->events()[0].kind == LOOM_EVENT_ZONE_CHANGED);
    CHECK(server->events()[0].name == "example.org.");
    CHECK(server->metric("dnsloom_file_reload_total", {{"result", "ok"}}) == 1);
    CHECK(server->metric("dnsloom_file_serial", {{"zone", "example.org."}}) == 2);
    CHECK(server->metric("dnsloom_file_records") == 3);
    CHECK(server->metric("dnsloom_file_zones") == 1);
    CHECK(server->retired_count() == 0);
}

TEST_CASE("plugin/file: a file becomes bad: the last good data stays and the place is logged") {
    Server server{"example.org", zone(1, "old IN A 192.0.2.1\n")};

    server.folder().write("zone", zone(2, "new IN A x\n"));
    server->change_file(server.folder().file("zone"));
    server->run_ready();

    CHECK(server.ask("old.example.org. A").answer.size() == 1);
    CHECK(server->logged(server.folder().file("zone") + ":4:"));
    CHECK(server->events().empty());
    CHECK(server->metric("dnsloom_file_reload_total", {{"result", "failed"}}) == 1);

    server.folder().write("zone", zone(3, "new IN A 192.0.2.2\n"));
    server->change_file(server.folder().file("zone"));
    server->run_ready();
    CHECK(server.ask("new.example.org. A").answer.size() == 1);
}

TEST_CASE("plugin/file: an included file changes: the zone is replaced") {
    Folder folder;
    const std::string inner = folder.write("inner", "a IN A 192.0.2.1\n");
    const std::string outer = folder.write("zone", zone(1, "$INCLUDE inner\n"));
    Harness h{loom_module_0, {{"path", outer}}, Server::setup({"example.org"})};

    folder.write("inner", "b IN A 192.0.2.1\n");
    REQUIRE(h.change_file(inner));
    h.run_ready();
    CHECK(h.ask("b.example.org. A").answer.size() == 1);

    folder.write("zone", zone(2));
    REQUIRE(h.change_file(outer));
    h.run_ready();
    CHECK(h.watched_files() == Lines{outer});
}

TEST_CASE("plugin/file: a change while the zone is being loaded: is not lost") {
    Server server{"example.org", zone(1)};
    const std::string path = server.folder().file("zone");

    server.folder().write("zone", zone(2));
    server->change_file(path);
    server.folder().write("zone", zone(3));
    server->change_file(path);
    server->run_ready();

    CHECK(server->metric("dnsloom_file_serial", {{"zone", "example.org."}}) == 3);
}

TEST_CASE("plugin/file: a missing file appears: the zone is served from then on") {
    Folder folder;
    Harness h{
        loom_module_0, {{"path", folder.file("{zone}.zone")}}, Server::setup({"example.org"})};
    CHECK(h.ask("a.example.org. A").rcode == 2);

    folder.write("example.org.zone", zone(1, "a IN A 192.0.2.1\n"));
    REQUIRE(h.change_file(folder.file("example.org.zone")));
    h.run_ready();

    CHECK(h.ask("a.example.org. A").answer.size() == 1);
    CHECK(h.metric("dnsloom_file_zones") == 1);
}

TEST_CASE("plugin/file: reload is off: nothing is watched") {
    Server server{"example.org", zone(1), {{"reload", false}}};

    CHECK(server->watched_files().empty());
}
