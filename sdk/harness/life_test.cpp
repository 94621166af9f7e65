// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace loom::harness;
using namespace loom::harness::test;

namespace {

using Lines = std::vector<std::string>;

std::string read_all(const loom_source& source) {
    std::string all;
    char piece[1000];
    while (const auto size = source.read(source.self, piece, sizeof piece))
        all.append(piece, static_cast<std::size_t>(size));
    return all;
}

}  // namespace

TEST_CASE("harness/life: an instance: goes through its steps in order, and back") {
    Lines life;
    { Harness h{pulled_by({.life = &life}), {}, {.workers = 2, .state = {1}}}; }

    CHECK(
        life == Lines{
                    "create",
                    "worker_init 0",
                    "worker_init 1",
                    "import_state",
                    "start",
                    "stop",
                    "worker_fini 1",
                    "worker_fini 0",
                    "destroy"});
}

TEST_CASE("harness/life: a constructor that throws: refuses, with the option's line") {
    const auto strings = Strings{.create = [](Puppet&, const loom::Options& options) {
        throw loom::ConfigError{options["count"], "count must be odd"};
    }};
    try {
        const Harness h{pulled_by(strings), {{"on", false}, {"count", 2}}};
        FAIL("it was taken");
    } catch (const Refused& refused) {
        CHECK(std::string_view{refused.what()} == "count must be odd");
        CHECK(refused.line() == 2);
    }
    CHECK(Harness::refusal(pulled_by(strings), {{"count", 2}}) == "count must be odd");
}

TEST_CASE("harness/life: start() that throws: refuses, and the instance is undone") {
    Lines life;
    const auto strings =
        Strings{.start = [](Puppet&) { throw std::runtime_error{"no socket"}; }, .life = &life};

    CHECK_THROWS_WITH_AS(Harness{pulled_by(strings)}, "no socket", Refused);

    CHECK(life == Lines{"create", "worker_init 0", "start", "worker_fini 0", "destroy"});
}

TEST_CASE("harness/life: refusal: creates and does not start") {
    Lines life;

    CHECK(Harness::refusal(pulled_by({.life = &life}), {}).empty());

    CHECK(life == Lines{"create", "destroy"});
}

TEST_CASE("harness/life: a service that is not offered: refuses a plugin which wants it") {
    const auto strings = Strings{.create = [](Puppet& puppet, const loom::Options&) {
        puppet.host.service<loom_http_1>(LOOM_SERVICE_HTTP);
    }};
    const Setup setup{.missing_services = {LOOM_SERVICE_HTTP}};

    CHECK(Harness::refusal(pulled_by(strings), {}, setup) == "this host offers no loom.http/1");
    CHECK(Harness::refusal(pulled_by(strings), {}).empty());
}

TEST_CASE("harness/state: exported: is what the next instance imports") {
    std::string imported;
    std::uint32_t version = 0;
    const std::string state(500, 'x');
    Harness old{pulled_by({.export_state = [&](std::int32_t phase, const loom_sink& sink) {
        CHECK(phase == LOOM_STATE_WARM);
        sink.write(sink.self, state.data(), 400);
        return sink.write(sink.self, state.data() + 400, 100);
    }})};

    Harness h{
        pulled_by(
            {.import_state =
                 [&](std::int32_t, std::uint32_t number, const loom_source& source) {
                     version = number;
                     imported = read_all(source);
                     return LOOM_OK;
                 }}),
        {},
        {.state = old.export_state(LOOM_STATE_WARM)}};

    CHECK(imported == state);
    CHECK(version == 3);
}

TEST_CASE("harness/state: refused: is logged, and the status of a later import is the plugin's") {
    Harness h{
        pulled_by(
            {.import_state =
                 [](std::int32_t, std::uint32_t number, const loom_source&) {
                     return number == 3 ? LOOM_E_UNSUPPORTED : LOOM_OK;
                 }}),
        {},
        {.state = {1, 2}}};

    CHECK(h.logged("refused"));
    const std::array<std::uint8_t, 1> octets{1};
    CHECK(h.import_state(LOOM_STATE_FINAL, octets) == LOOM_E_UNSUPPORTED);
    CHECK(h.import_state(LOOM_STATE_FINAL, octets, 4) == LOOM_OK);
}

TEST_CASE("harness/life: the plugin: is at hand") {
    const Harness h{pulled_by({}), {}, {.name = "main/puppet#2"}};

    CHECK(loom::view(h.plugin().id) == "puppet");
    CHECK(h.instance() != nullptr);
    CHECK(loom::view(h.host().name) == "main/puppet#2");
    CHECK(h.extension("test/1") != nullptr);
    CHECK(h.extension("test/2") == nullptr);
}
