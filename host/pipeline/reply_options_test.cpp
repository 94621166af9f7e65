// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "chain.hpp"
#include "reply_options.hpp"
#include "response_service.hpp"

#include <dnsloom/dns/edns.hpp>

#include <doctest/doctest.h>

#include <deque>

using namespace loom;
using namespace loom::host;

namespace {

const loom_response_1& service = response_service;

loom_verdict answer(Exchange& e, std::uint16_t rcode = dns::rcode::noerror) {
    service.begin(&e, rcode, 0);
    return LOOM_ANSWERED;
}

// An option of one octet.
void give(Exchange& e, std::uint8_t value) {
    REQUIRE(service.option(&e, 0xFDE9, {&value, 1}) == LOOM_OK);
}

/// Stages that do what a test says; those without a hook pass.
struct Stages {
    FakePlugin&
    add(std::function<loom_verdict(Exchange&)> on_query,
        std::function<loom_verdict(Exchange&)> on_response = nullptr) {
        FakePlugin& plugin = plugins.emplace_back();
        plugin.on_query = std::move(on_query);
        plugin.on_response = std::move(on_response);
        return plugin;
    }
    /// The values of the options of the reply.
    std::string run() {
        for (FakePlugin& plugin : plugins) plugin.join(pipeline, &host.instance(plugin.table));
        query.e->pipeline = &pipeline;
        CHECK(walk(*query.e) == Walk::done);
        return values();
    }
    std::string values() const {
        std::string out;
        const loom_bytes given = service.options(query.e.get());
        const auto options = dns::EdnsOptions::check({given.data, given.size});
        REQUIRE(options);
        for (const auto& option : *options) out.append(option.data.begin(), option.data.end());
        return out;
    }

    SampleServices host{0};
    SampleQuery query{edns_message()};
    std::deque<FakePlugin> plugins;
    Pipeline pipeline;
};

// A stage that gives an option and passes the query on.
loom_verdict give_and_pass(Exchange& e, std::uint8_t value) {
    give(e, value);
    return LOOM_NEXT;
}

}  // namespace

TEST_CASE("host/reply_options: without a replacement: all are sent, in order") {
    Stages stages;
    stages.add(
        [](Exchange& e) { return give_and_pass(e, 'a'); },
        [](Exchange& e) { return give_and_pass(e, 'c'); });
    stages.add([](Exchange& e) {
        answer(e);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    CHECK(stages.run() == "abc");
}

TEST_CASE("host/reply_options: a response hook that replaces the answer: drops what came with it") {
    Stages stages;
    std::function<void(Exchange&)> replace;
    SUBCASE("with begin") {
        replace = [](Exchange& e) { answer(e); };
    }
    SUBCASE("with set_wire") {
        replace = [](Exchange& e) {
            const Octets message = query_message();
            REQUIRE(service.set_wire(&e, {message.data(), message.size()}) == LOOM_OK);
        };
    }
    SUBCASE("with commit") {
        replace = [](Exchange& e) {
            std::uint8_t* data = nullptr;
            std::size_t size = 0;
            REQUIRE(service.buffer(&e, &data, &size) == LOOM_OK);
            const Octets message = query_message();
            std::ranges::copy(message, data);
            REQUIRE(service.commit(&e, message.size()) == LOOM_OK);
        };
    }
    // What the hook gives before it replaces is its own, too: buffer() leaves room for that.
    stages.add(
        [](Exchange& e) { return give_and_pass(e, 'a'); },
        [&](Exchange& e) {
            give(e, 'x');
            replace(e);
            give(e, 'y');
            return loom_verdict{LOOM_NEXT};
        });
    stages.add(nullptr, [](Exchange& e) { return give_and_pass(e, 'd'); });
    stages.add([](Exchange& e) {
        give(e, 'b');
        answer(e);
        give(e, 'c');
        return LOOM_ANSWERED;
    });
    CHECK(stages.run() == "axy");
}

TEST_CASE("host/reply_options: a response hook that replaces twice: keeps its own") {
    Stages stages;
    stages.add(
        [](Exchange&) { return loom_verdict{LOOM_NEXT}; },
        [](Exchange& e) {
            answer(e);
            give(e, 'x');
            answer(e);
            return loom_verdict{LOOM_NEXT};
        });
    stages.add([](Exchange& e) {
        answer(e);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    CHECK(stages.run() == "x");
}

TEST_CASE("host/reply_options: a response hook that only edits: keeps all") {
    Stages stages;
    stages.add(
        [](Exchange&) { return loom_verdict{LOOM_NEXT}; },
        [](Exchange& e) {
            REQUIRE(service.replace(&e, LOOM_ANSWER, nullptr, 0) == LOOM_OK);
            REQUIRE(service.set_rcode(&e, dns::rcode::nxdomain) == LOOM_OK);
            return loom_verdict{LOOM_NEXT};
        });
    stages.add([](Exchange& e) {
        answer(e);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    CHECK(stages.run() == "b");
}

TEST_CASE("host/reply_options: a response hook that fails: keeps its own and the query's") {
    Stages stages;
    stages.add(
        [](Exchange& e) { return give_and_pass(e, 'a'); },
        [](Exchange& e) {
            give(e, 'x');
            return LOOM_FAIL(dns::rcode::servfail);
        });
    stages.add([](Exchange& e) {
        answer(e);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    CHECK(stages.run() == "ax");
}

TEST_CASE("host/reply_options: a stage that says why and fails: the reason is sent") {
    Stages stages;
    stages.add([](Exchange& e) {
        give(e, 'x');
        return LOOM_FAIL(dns::rcode::refused);
    });
    CHECK(stages.run() == "x");
}

TEST_CASE("host/reply_options: a suspended response hook: is the same hook when it goes on") {
    Stages stages;
    FakePlugin& plugin = stages.add(
        [](Exchange&) { return loom_verdict{LOOM_NEXT}; },
        [](Exchange& e) {
            give(e, 'x');
            e.suspension = Suspension::armed;
            e.wait_stage = e.stage;
            return loom_verdict{LOOM_PENDING};
        });
    plugin.on_resume = [](Exchange& e, std::int32_t, void*) {
        answer(e);
        give(e, 'y');
        return loom_verdict{LOOM_NEXT};
    };
    plugin.join(stages.pipeline, &stages.host.instance(plugin.table));
    FakePlugin& source = stages.add([](Exchange& e) {
        answer(e);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    source.join(stages.pipeline, &stages.host.instance(source.table));
    stages.query.e->pipeline = &stages.pipeline;
    CHECK(walk(*stages.query.e) == Walk::pending);
    CHECK(walk_resumed(*stages.query.e) == Walk::done);
    CHECK(stages.values() == "xy");
}

TEST_CASE("host/reply_options: an answer set aside: takes its options with it") {
    Stages stages;
    stages.add([](Exchange& e) { return give_and_pass(e, 'a'); });
    FakePlugin& first = stages.add([](Exchange& e) {
        give(e, 'b');
        answer(e, dns::rcode::nxdomain);
        give(e, 'c');
        return LOOM_ANSWERED;
    });
    first.on.nxdomain = Outcome::next;
    SUBCASE("the next one answers") {
        stages.add([](Exchange& e) {
            give(e, 'd');
            return answer(e);
        });
        CHECK(stages.run() == "ad");
    }
    SUBCASE("another is set aside, too: the first comes back with its own") {
        FakePlugin& second = stages.add([](Exchange& e) {
            give(e, 'd');
            return answer(e, dns::rcode::nxdomain);
        });
        second.on.nxdomain = Outcome::next;
        CHECK(stages.run() == "abc");
    }
    SUBCASE("nobody else answers: they come back") {
        stages.add([](Exchange& e) { return give_and_pass(e, 'd'); });
        CHECK(stages.run() == "adbc");
    }
}

TEST_CASE("host/reply_options: an answer that came back: is replaced with its options") {
    Stages stages;
    stages.add(
        [](Exchange& e) { return give_and_pass(e, 'a'); },
        [](Exchange& e) {
            answer(e);
            return loom_verdict{LOOM_NEXT};
        });
    FakePlugin& first = stages.add([](Exchange& e) {
        answer(e, dns::rcode::nxdomain);
        give(e, 'b');
        return LOOM_ANSWERED;
    });
    first.on.nxdomain = Outcome::next;
    CHECK(stages.run() == "a");
}

TEST_CASE("host/reply_options: host options: stay when the first stage's answer is set aside") {
    Stages stages;
    const std::uint8_t value = 'h';
    REQUIRE(add_host_option(*stages.query.e, dns::option_code::tcp_keepalive, {&value, 1}));
    FakePlugin& first = stages.add([](Exchange& e) {
        give(e, 'b');
        return answer(e, dns::rcode::nxdomain);
    });
    first.on.nxdomain = Outcome::next;
    stages.add([](Exchange& e) { return answer(e); });
    CHECK(stages.run() == "h");
}

TEST_CASE("host/reply_options: room of options that went: is there for others") {
    Stages stages;
    const Octets large(900);
    bool added = false;
    stages.add(
        [](Exchange&) { return loom_verdict{LOOM_NEXT}; },
        [&](Exchange& e) {
            answer(e);
            added = service.option(&e, 12, {large.data(), large.size()}) == LOOM_OK;
            return loom_verdict{LOOM_NEXT};
        });
    stages.add([&](Exchange& e) {
        REQUIRE(service.option(&e, 12, {large.data(), large.size()}) == LOOM_OK);
        return answer(e);
    });
    CHECK(stages.run().size() == 900);
    CHECK(added);
}

TEST_CASE("host/reply_options: drop_unasked_subnet: leaves it to clients that sent one") {
    Stages stages;
    Exchange& e = *stages.query.e;
    constexpr std::uint8_t subnet[] = {0, 1, 24, 24, 'a', 'b', 'c'};
    const auto give_three = [&] {
        e.reply_options_size = 0;
        give(e, 'x');
        REQUIRE(
            service.option(&e, dns::option_code::client_subnet, {subnet, sizeof subnet}) ==
            LOOM_OK);
        give(e, 'y');
    };
    const auto has_subnet = [&] {
        const auto options = dns::EdnsOptions::check({e.reply_options, e.reply_options_size});
        return options->find(dns::option_code::client_subnet).has_value();
    };
    stages.add([](Exchange& one) { return answer(one); });
    stages.run();
    give_three();
    drop_unasked_subnet(e);
    CHECK(stages.values() == "xy");

    constexpr std::uint8_t asked[] = {0, 8, 0, 7, 0, 1, 24, 0, 'a', 'b', 'c'};
    e.edns_options = {asked, sizeof asked};
    give_three();
    drop_unasked_subnet(e);
    CHECK(has_subnet());
}
