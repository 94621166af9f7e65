// SPDX-License-Identifier: Apache-2.0
// Whole builds with real plugin files. What builder.hpp offers besides is in builder_test.cpp.
#include "sample_builder.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace loom::host;

namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// A port of loopback that is taken.
class TakenPort {
public:
    TakenPort() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* general = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(socket_, general, size) == 0);
        REQUIRE(::listen(socket_, 1) == 0);
        REQUIRE(::getsockname(socket_, general, &size) == 0);
        number = ::ntohs(address.sin_port);
    }
    ~TakenPort() { ::close(socket_); }
    TakenPort(const TakenPort&) = delete;
    TakenPort& operator=(const TakenPort&) = delete;

    unsigned number = 0;

private:
    int socket_;
};

}  // namespace

TEST_CASE_FIXTURE(
    SampleBuilder, "host/build: a first build: creates all, then inits, then starts") {
    REQUIRE(reload(config({"label = \"a\"", "label = \"b\""})));

    CHECK(
        trace() ==
        "a.create b.create a.init0 a.init1 b.init0 b.init1 a.start b.start ");
    CHECK(current->instances.size() == 2);
    CHECK(images.loaded_count() == 1);
    CHECK(mapped_files() == 1);

    end(current);

    CHECK(
        trace() ==
        "a.stop a.fini a.fini a.destroy b.stop b.fini b.fini b.destroy ");
    CHECK(images.loaded_count() == 0);
    CHECK(mapped_files() == 0);
}

TEST_CASE_FIXTURE(
    SampleBuilder, "host/build: a changed step: is made anew, the others carried over") {
    REQUIRE(reload(config({"label = \"a\"", "label = \"b\"", "label = \"c\""})));
    const auto first = current->instances;
    trace();

    REQUIRE(reload(config({"label = \"a\"", "label = \"x\"", "label = \"c\""})));

    CHECK(made == 1);
    CHECK(current->instances[0] == first[0]);
    CHECK(current->instances[1] != first[1]);
    CHECK(current->instances[2] == first[2]);
    CHECK(
        trace() ==
        "x.create x.init0 x.init1 x.import:b x.start b.stop b.fini b.fini b.destroy ");
    CHECK(images.loaded_count() == 1);
}

TEST_CASE_FIXTURE(
    SampleBuilder, "host/build: another file of the plugin: makes all of its steps anew") {
    REQUIRE(reload(config({"label = \"a\"", "label = \"b\""})));
    trace();
    auto octets = octets_of(plugins() / "traced.so");
    // Behind the last section: another content, the same code.
    octets.resize(octets.size() + 16);
    write_file(plugins() / "new", octets);
    std::filesystem::rename(plugins() / "new", plugins() / "traced.so");

    REQUIRE(reload(config({"label = \"a\"", "label = \"b\""})));

    CHECK(made == 2);
    CHECK(contains(trace(), "a.import:a b.import:b a.start b.start a.stop"));
    CHECK(images.loaded_count() == 1);
    CHECK(mapped_files() == 1);
}

TEST_CASE_FIXTURE(SampleBuilder, "host/build: other zones of the server: make its steps anew") {
    auto wanted = config({"label = \"a\""});
    REQUIRE(reload(wanted));

    REQUIRE(reload(wanted));
    CHECK(made == 0);
    const auto zone = *loom::dns::Name::from_text("example.net.");
    wanted.servers[0].zones = ZoneNames{std::span{&zone, 1}};
    REQUIRE(reload(wanted));
    CHECK(made == 1);
}

TEST_CASE_FIXTURE(SampleBuilder, "host/build: fingerprint: differs where anything does") {
    const auto fingerprint_of = [&](const Config& wanted) {
        Builder builder{host.services, images};
        REQUIRE(builder.plan(wanted));
        return builder.fingerprint();
    };
    const auto first = fingerprint_of(config({"label = \"a\""}));

    CHECK(fingerprint_of(config({"label = \"a\""})) == first);
    CHECK(fingerprint_of(config({"label = \"b\""})) != first);
    auto zones = config({"label = \"a\""});
    const auto zone = *loom::dns::Name::from_text("example.net.");
    zones.servers[0].zones = ZoneNames{std::span{&zone, 1}};
    CHECK(fingerprint_of(zones) != first);
    install("wrapped", "traced");
    CHECK(fingerprint_of(config({"label = \"a\""})) != first);
}

TEST_CASE_FIXTURE(SampleBuilder, "host/build: a failure anywhere: leaves nothing behind") {
    const TakenPort taken;
    REQUIRE(reload(config({"label = \"old\""})));
    const auto before = current->instances;
    const std::size_t descriptors = open_descriptors();
    const auto series = host.metrics.render();
    trace();
    const auto fresh = config({"label = \"old\"", "label = \"new\""});
    const auto broken = [&](std::string_view option) {
        return config({"label = \"old\"", "label = \"good\"", option});
    };
    const auto page = fmt::format("label = \"bad\", page = \"127.0.0.1:{}\"", taken.number);
    install("no_note");
    install("abi_minor");
    install("missing_symbol");
    struct Case {
        Config wanted;
        Failure failure;
        std::string_view text;
        std::string_view trace;
    };
    const Case cases[] = {
        {read("{ plugin = \"trazed\" }"), Failure::plugin_missing, "did you mean \"traced\"?", ""},
        {read("{ plugin = \"no_note\" }"), Failure::plugin_damaged, "no LOOM note", ""},
        {read("{ plugin = \"abi_minor\" }"), Failure::plugin_abi, "needs plugin ABI", ""},
        {read("{ plugin = \"missing_symbol\" }"), Failure::plugin_damaged, "undefined symbol", ""},
        {broken("labell = \"bad\""), Failure::config, "did you mean \"label\"?",
         "good.create good.destroy "},
        {broken("label = \"bad\", fault = \"create\""), Failure::create, "as it was told to",
         "good.create bad.create good.destroy "},
        {broken("label = \"bad\", fault = \"worker_init\""), Failure::start,
         "worker_init failed on worker 1",
         "good.create bad.create good.init0 good.init1 bad.init0 bad.init1 bad.fini bad.destroy "
         "good.fini good.fini good.destroy "},
        {broken("label = \"bad\", fault = \"start\""), Failure::start, "as it was told to",
         "good.create bad.create good.init0 good.init1 bad.init0 bad.init1 good.start bad.start "
         "bad.fini bad.fini bad.destroy good.stop good.fini good.fini good.destroy "},
        {broken(page), Failure::bind, "",
         "good.create bad.create good.init0 good.init1 bad.init0 bad.init1 good.start bad.start "
         "bad.stop bad.fini bad.fini bad.destroy good.stop good.fini good.fini good.destroy "},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);

        const auto done = reload(each.wanted);

        REQUIRE_FALSE(done);
        CHECK(done.error().failure == each.failure);
        CHECK(contains(done.error().text, each.text));
        CHECK(trace() == each.trace);
        CHECK(current->instances == before);
        CHECK(before[0]->phase() == InstancePhase::running);
        CHECK(images.loaded_count() == 1);
        CHECK(mapped_files() == 1);
        CHECK(open_descriptors() == descriptors);
        CHECK(host.metrics.render() == series);
    }
    CHECK(reload(fresh));
    CHECK(made == 1);
}

TEST_CASE_FIXTURE(SampleBuilder, "host/build: two servers with a zone on one listener: the first has to leave queries") {
    auto wanted = config({"label = \"a\""});
    wanted.servers.push_back(wanted.servers[0]);
    wanted.servers[1].name += 't';
    wanted.shared_zones.push_back({0, Error{"t.toml:1:2: the zone is served already"}});

    const auto refused = reload(wanted);

    REQUIRE_FALSE(refused);
    CHECK(refused.error().text == "t.toml:1:2: the zone is served already");
    CHECK(refused.error().failure == Failure::config);
}
