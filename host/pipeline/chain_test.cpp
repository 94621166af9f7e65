// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "chain.hpp"
#include "response_service.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace loom;
using namespace loom::host;

namespace {

loom_verdict answer(Exchange& e, std::uint16_t rcode = dns::rcode::noerror) {
    response_service.begin(&e, rcode, 0);
    return LOOM_ANSWERED;
}

void add_record(Exchange& e, std::int32_t section, std::uint16_t type) {
    static constexpr std::uint8_t rdata[] = {192, 0, 2, 1};
    const loom_record record{e.qname, type, dns::rr_class::in, 60, {rdata, sizeof rdata}};
    REQUIRE(response_service.add(&e, section, &record) == LOOM_OK);
}

// An answer with a record, so that it is no denial.
loom_verdict answer_fully(Exchange& e) {
    answer(e);
    add_record(e, LOOM_ANSWER, dns::rr_type::a);
    return LOOM_ANSWERED;
}

// What suspend() does for the loop.
loom_verdict suspend(Exchange& e) {
    e.suspension = Suspension::armed;
    e.wait_stage = e.stage;
    return LOOM_PENDING;
}

class Chain {
public:
    explicit Chain(Octets message = query_message()) : query{std::move(message)} {
        REQUIRE(query.taken.intake == Intake::query);
    }

    /// A plugin that notes in `trace` that its hooks ran: `a` and `A` for the way up.
    FakePlugin& add(char letter, std::function<loom_verdict(Exchange&)> on_query) {
        FakePlugin& plugin = plugins_.emplace_back();
        plugin.on_query = [this, letter, hook = std::move(on_query)](Exchange& e) {
            trace += letter;
            return hook ? hook(e) : loom_verdict{LOOM_NEXT};
        };
        plugin.on_response = [this, letter](Exchange&) {
            trace += static_cast<char>(letter - 'a' + 'A');
            return loom_verdict{LOOM_NEXT};
        };
        return plugin;
    }
    FakePlugin& add_empty() { return plugins_.emplace_back(); }
    Walk run(std::uint16_t first = 0) {
        for (FakePlugin& plugin : plugins_)
            plugin.join(pipeline_, &services_.instance(plugin.table));
        query.e->pipeline = &pipeline_;
        query.e->stage = first;
        query.e->first_stage = first;
        return walk(*query.e);
    }
    std::uint64_t errors(std::size_t stage) const { return services_.instances[stage]->errors(); }
    std::uint16_t rcode() const { return query.e->response.rcode; }

    SampleQuery query;
    std::string trace;

private:
    SampleServices services_{0};
    Pipeline pipeline_;
    std::deque<FakePlugin> plugins_;
};

}  // namespace

TEST_CASE("host/chain: NEXT: goes down in order, and the answer up in reverse") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', nullptr);
    chain.add('c', answer_fully);
    chain.add('d', nullptr);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "abcBA");
    CHECK(chain.rcode() == dns::rcode::noerror);
    CHECK(chain.query.e->phase == LOOM_PHASE_RESPONSE);
}

TEST_CASE("host/chain: an empty pipeline: is REFUSED") {
    Chain chain;
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::refused);
}

TEST_CASE("host/chain: nobody answers: is REFUSED, and the response hooks see it") {
    Chain chain;
    chain.add('a', nullptr);
    std::uint16_t seen = 0;
    chain.add('b', nullptr).on_response = [&](Exchange& e) {
        seen = response_service.rcode(&e);
        return loom_verdict{LOOM_NEXT};
    };
    CHECK(chain.run() == Walk::done);
    CHECK(seen == dns::rcode::refused);
    CHECK(chain.trace == "abA");
}

TEST_CASE("host/chain: a stage without a query hook: has its response hook run") {
    Chain chain;
    chain.add('a', nullptr).on_query = nullptr;
    chain.add('b', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "bA");
}

TEST_CASE("host/chain: a walk that begins in the middle: leaves the stages before alone") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', nullptr);
    chain.add('c', answer_fully);
    CHECK(chain.run(1) == Walk::done);
    CHECK(chain.trace == "bcB");
}

TEST_CASE("host/chain: a walk that begins behind the last stage: is REFUSED without hooks") {
    Chain chain;
    chain.add('a', nullptr);
    CHECK(chain.run(1) == Walk::done);
    CHECK(chain.trace.empty());
    CHECK(chain.rcode() == dns::rcode::refused);
}

TEST_CASE("host/chain: 64 stages: all run, both ways") {
    Chain chain;
    unsigned down = 0;
    unsigned up = 0;
    for (unsigned i = 0; i < stages_max; ++i) {
        chain
            .add(
                'a',
                [&](Exchange& e) {
                    ++down;
                    return down == stages_max ? answer_fully(e) : loom_verdict{LOOM_NEXT};
                })
            .on_response = [&](Exchange&) {
            ++up;
            return loom_verdict{LOOM_NEXT};
        };
    }
    CHECK(chain.run() == Walk::done);
    CHECK(down == 64);
    CHECK(up == 63);
}

TEST_CASE("host/chain: 64 stages and no answer: the last response hook runs, too") {
    Chain chain;
    unsigned up = 0;
    for (unsigned i = 0; i < stages_max; ++i)
        chain.add('a', nullptr).on_response = [&](Exchange&) {
            ++up;
            return loom_verdict{LOOM_NEXT};
        };
    CHECK(chain.run() == Walk::done);
    CHECK(up == 64);
}

TEST_CASE("host/chain: DROP: ends the query without response hooks") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', [](Exchange&) { return loom_verdict{LOOM_DROP}; });
    CHECK(chain.run() == Walk::dropped);
    CHECK(chain.trace == "ab");
}

TEST_CASE("host/chain: DROP on the way up: ends the query") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', nullptr).on_response = [](Exchange&) { return loom_verdict{LOOM_DROP}; };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::dropped);
    CHECK(chain.trace == "abc");
}

TEST_CASE("host/chain: FAIL: answers with the chosen rcode and counts no error") {
    for (const int rcode : {0, 2, 5, 9, 16, 4095}) {
        Chain chain;
        chain.add('a', nullptr);
        chain.add('b', [rcode](Exchange&) { return LOOM_FAIL(rcode); });
        CHECK(chain.run() == Walk::done);
        CHECK(chain.rcode() == rcode);
        CHECK(chain.trace == "abA");
        CHECK(chain.errors(1) == 0);
    }
}

TEST_CASE("host/chain: FAIL: drops a response that was begun") {
    Chain chain;
    chain.add('a', [](Exchange& e) {
        answer_fully(e);
        return LOOM_FAIL(dns::rcode::refused);
    });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::refused);
    CHECK(chain.query.e->response.sections[0].count == 0);
}

TEST_CASE("host/chain: an error code: is SERVFAIL, counted against the plugin") {
    for (const loom_verdict verdict :
         {loom_verdict{LOOM_E_EXCEPTION},
          loom_verdict{-0xFFF},
          LOOM_FAIL(0x1000),
          loom_verdict{INT32_MIN}}) {
        Chain chain;
        chain.add('a', nullptr);
        chain.add('b', [verdict](Exchange&) { return verdict; });
        CHECK(chain.run() == Walk::done);
        CHECK(chain.rcode() == dns::rcode::servfail);
        CHECK(chain.trace == "abA");
        CHECK(chain.errors(0) == 0);
        CHECK(chain.errors(1) == 1);
    }
}

TEST_CASE("host/chain: a verdict that is none: is SERVFAIL") {
    Chain chain;
    chain.add('a', [](Exchange&) { return loom_verdict{4}; });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::servfail);
    CHECK(chain.errors(0) == 1);
}

TEST_CASE("host/chain: ANSWERED without a response: is SERVFAIL, counted") {
    Chain chain;
    chain.add('a', [](Exchange&) { return loom_verdict{LOOM_ANSWERED}; });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::servfail);
    CHECK(chain.errors(0) == 1);
}

TEST_CASE("host/chain: PENDING without suspend(): is SERVFAIL, counted") {
    Chain chain;
    chain.add('a', [](Exchange&) { return loom_verdict{LOOM_PENDING}; });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::servfail);
    CHECK(chain.errors(0) == 1);
}

TEST_CASE("host/chain: an error in a response hook: is SERVFAIL for the hooks above") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', nullptr).on_response = [](Exchange&) { return loom_verdict{LOOM_E_IO}; };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "abcA");
    CHECK(chain.rcode() == dns::rcode::servfail);
    CHECK(chain.errors(1) == 1);
}

TEST_CASE("host/chain: FAIL in a response hook: replaces the answer") {
    Chain chain;
    chain.add('a', nullptr).on_response = [](Exchange&) { return LOOM_FAIL(dns::rcode::refused); };
    chain.add('b', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::refused);
    CHECK(chain.errors(0) == 0);
}

TEST_CASE("host/chain: ANSWERED in a response hook: goes on up") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', nullptr).on_response = [](Exchange& e) {
        return answer(e, dns::rcode::nxdomain);
    };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "abcA");
    CHECK(chain.rcode() == dns::rcode::nxdomain);
}

TEST_CASE("host/chain: PENDING: stops, and resumed goes on with the next stage") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', suspend).on_resume = [&](Exchange&, std::int32_t reason, void* arg) {
        chain.trace += '!';
        CHECK(reason == 7);
        CHECK(arg == &chain);
        return loom_verdict{LOOM_NEXT};
    };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::pending);
    CHECK(chain.trace == "ab");
    chain.query.e->resume_reason = 7;
    chain.query.e->resume_argument = &chain;
    CHECK(walk_resumed(*chain.query.e) == Walk::done);
    CHECK(chain.trace == "ab!cBA");
}

TEST_CASE("host/chain: PENDING on the way up: resumed goes on up, and not down again") {
    Chain chain;
    chain.add('a', nullptr);
    FakePlugin& waiting = chain.add('b', nullptr);
    waiting.on_response = suspend;
    waiting.on_resume = [&](Exchange& e, std::int32_t, void*) {
        chain.trace += '!';
        CHECK(e.phase == LOOM_PHASE_RESPONSE);
        return loom_verdict{LOOM_NEXT};
    };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::pending);
    CHECK(walk_resumed(*chain.query.e) == Walk::done);
    CHECK(chain.trace == "abc!A");
    CHECK(chain.rcode() == dns::rcode::noerror);
}

TEST_CASE("host/chain: resumed without on_resume: is SERVFAIL, counted") {
    Chain chain;
    chain.add('a', suspend);
    CHECK(chain.run() == Walk::pending);
    CHECK(walk_resumed(*chain.query.e) == Walk::done);
    CHECK(chain.rcode() == dns::rcode::servfail);
    CHECK(chain.errors(0) == 1);
}

TEST_CASE("host/chain: cancelled: on_cancel, then SERVFAIL with an extended error goes up") {
    Chain chain{edns_message()};
    chain.add('a', nullptr);
    chain.add('b', suspend).on_cancel = [&](Exchange&, loom_token) { chain.trace += '-'; };
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::pending);
    CHECK(walk_cancelled(*chain.query.e, 22) == Walk::done);
    CHECK(chain.trace == "ab-A");
    CHECK(chain.rcode() == dns::rcode::servfail);
    const loom_bytes options = response_service.options(chain.query.e.get());
    CHECK(Octets(options.data, options.data + options.size) == Octets{0, 15, 0, 2, 0, 22});
    CHECK(chain.errors(1) == 0);
}

TEST_CASE("host/chain: on nxdomain = next: the next plugin answers instead") {
    Chain chain;
    chain.add('a', nullptr);
    chain.add('b', [](Exchange& e) { return answer(e, dns::rcode::nxdomain); }).on = {
        .nxdomain = Outcome::next};
    chain.add('c', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::noerror);
    // The stage whose answer was set aside did not say NEXT.
    CHECK(chain.trace == "abcA");
}

TEST_CASE("host/chain: on nxdomain = next: other outcomes stop") {
    for (const std::uint16_t rcode :
         {dns::rcode::noerror, dns::rcode::refused, dns::rcode::servfail}) {
        Chain chain;
        chain.add('a', [rcode](Exchange& e) { return answer(e, rcode); }).on = {
            .nxdomain = Outcome::next};
        chain.add('b', answer_fully);
        CHECK(chain.run() == Walk::done);
        CHECK(chain.trace == "a");
        CHECK(chain.rcode() == rcode);
    }
}

TEST_CASE("host/chain: on refused and servfail = next: chosen failures and errors go on") {
    for (const loom_verdict verdict :
         {LOOM_FAIL(dns::rcode::refused),
          LOOM_FAIL(dns::rcode::servfail),
          loom_verdict{LOOM_E_IO}}) {
        Chain chain;
        chain.add('a', [verdict](Exchange&) { return verdict; }).on = {
            .refused = Outcome::next, .servfail = Outcome::next};
        chain.add('b', answer_fully);
        CHECK(chain.run() == Walk::done);
        CHECK(chain.trace == "ab");
        CHECK(chain.rcode() == dns::rcode::noerror);
    }
}

TEST_CASE("host/chain: on nodata = next: an empty answer goes on") {
    Chain chain;
    chain
        .add(
            'a',
            [](Exchange& e) {
                answer(e);
                add_record(e, LOOM_AUTHORITY, dns::rr_type::soa);
                return loom_verdict{LOOM_ANSWERED};
            })
        .on = {.nodata = Outcome::next};
    chain.add('b', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "ab");
}

TEST_CASE("host/chain: on nodata = next: an empty answer in wire form goes on") {
    Chain chain;
    chain
        .add(
            'a',
            [](Exchange& e) {
                const Octets message = query_message({.bits = dns::flag::qr});
                REQUIRE(response_service.set_wire(&e, {message.data(), message.size()}) == LOOM_OK);
                return loom_verdict{LOOM_ANSWERED};
            })
        .on = {.nodata = Outcome::next};
    chain.add('b', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "ab");
}

TEST_CASE("host/chain: on nodata = next: a referral is an answer") {
    Chain chain;
    chain
        .add(
            'a',
            [](Exchange& e) {
                answer(e);
                add_record(e, LOOM_AUTHORITY, dns::rr_type::ns);
                return loom_verdict{LOOM_ANSWERED};
            })
        .on = {.nodata = Outcome::next};
    chain.add('b', answer_fully);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "a");
}

TEST_CASE("host/chain: an outcome rule: holds in its fallthrough zones only") {
    for (const auto& [zone, trace] :
         {std::pair{"example.org.", "ab"}, {"org.", "ab"}, {"example.net.", "a"}}) {
        Chain chain{query_message({.qname = "WWW.Example.ORG."})};
        FakePlugin& first =
            chain.add('a', [](Exchange& e) { return answer(e, dns::rcode::nxdomain); });
        first.on = {.nxdomain = Outcome::next};
        first.fallthrough = {name("example.com."), name(zone)};
        chain.add('b', answer_fully);
        CHECK(chain.run() == Walk::done);
        CHECK(chain.trace == trace);
    }
}

TEST_CASE("host/chain: an answer set aside: is sent when nobody behind has one") {
    Chain chain;
    chain
        .add(
            'a',
            [](Exchange& e) {
                answer(e, dns::rcode::nxdomain);
                add_record(e, LOOM_AUTHORITY, dns::rr_type::soa);
                return loom_verdict{LOOM_ANSWERED};
            })
        .on = {.nxdomain = Outcome::next};
    chain.add('b', nullptr);
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::nxdomain);
    CHECK(chain.query.e->response.sections[1].count == 1);
    CHECK(chain.trace == "abB");
}

TEST_CASE("host/chain: two answers set aside: the first is sent") {
    Chain chain;
    chain.add('a', [](Exchange& e) { return answer(e, dns::rcode::nxdomain); }).on = {
        .nxdomain = Outcome::next};
    chain.add('b', [](Exchange&) { return LOOM_FAIL(dns::rcode::servfail); }).on = {
        .servfail = Outcome::next};
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::nxdomain);
}

TEST_CASE("host/chain: a denial behind one set aside: is the answer") {
    Chain chain;
    chain.add('a', [](Exchange& e) { return answer(e, dns::rcode::nxdomain); }).on = {
        .nxdomain = Outcome::next};
    chain.add('b', [](Exchange&) { return LOOM_FAIL(dns::rcode::refused); });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::refused);
}

TEST_CASE("host/chain: an answer in the send buffer set aside: survives what is written there") {
    Chain chain;
    const Octets message = query_message({.bits = dns::flag::qr | dns::rcode::nxdomain});
    chain
        .add(
            'a',
            [&](Exchange& e) {
                response_service.set_wire(&e, {message.data(), message.size()});
                return loom_verdict{LOOM_ANSWERED};
            })
        .on = {.nxdomain = Outcome::next};
    chain
        .add(
            'b',
            [](Exchange& e) {
                const Octets other(200, 0xAA);
                response_service.set_wire(&e, {other.data(), other.size()});
                return LOOM_FAIL(dns::rcode::refused);
            })
        .on = {.refused = Outcome::next};
    chain.add('c', [](Exchange& e) {
        std::uint8_t* room = nullptr;
        std::size_t size = 0;
        response_service.buffer(&e, &room, &size);
        std::fill_n(room, size, std::uint8_t{0xAA});
        return loom_verdict{LOOM_NEXT};
    });
    CHECK(chain.run() == Walk::done);
    CHECK(chain.rcode() == dns::rcode::nxdomain);
    loom_bytes wire{};
    REQUIRE(response_service.wire(chain.query.e.get(), &wire) == LOOM_OK);
    CHECK(std::equal(message.begin() + 4, message.end(), wire.data + 4, wire.data + wire.size));
}

TEST_CASE("host/chain: class CH: passes over sources, both ways") {
    Chain chain{query_message({.qclass = dns::rr_class::ch})};
    chain.add('a', nullptr).roles = LOOM_ROLE_SOURCE;
    chain.add('b', nullptr).roles = LOOM_ROLE_OBSERVER;
    chain.add('c', answer_fully).roles = LOOM_ROLE_SOURCE | LOOM_ROLE_ANY_CLASS;
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "bcB");
}

TEST_CASE("host/chain: class CH with sources only: is REFUSED") {
    Chain chain{query_message({.qclass = dns::rr_class::ch})};
    chain.add('a', answer_fully).roles = LOOM_ROLE_SOURCE;
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace.empty());
    CHECK(chain.rcode() == dns::rcode::refused);
}

TEST_CASE("host/chain: scratch: is zero at first, aligned, kept, and each stage's own") {
    Chain chain;
    for (const char letter : {'a', 'b', 'c'}) {
        FakePlugin& plugin = chain.add(letter, [letter](Exchange& e) {
            auto* scratch = static_cast<std::uint8_t*>(e.scratch());
            REQUIRE(scratch != nullptr);
            CHECK(reinterpret_cast<std::uintptr_t>(scratch) % 16 == 0);
            CHECK(
                std::all_of(scratch, scratch + 21, [](std::uint8_t octet) { return octet == 0; }));
            std::fill_n(scratch, 21, static_cast<std::uint8_t>(letter));
            return letter == 'c' ? answer_fully(e) : loom_verdict{LOOM_NEXT};
        });
        plugin.scratch_size = 21;
        plugin.on_response = [&chain, letter](Exchange& e) {
            auto* scratch = static_cast<std::uint8_t*>(e.scratch());
            CHECK(std::all_of(scratch, scratch + 21, [letter](std::uint8_t octet) {
                return octet == static_cast<std::uint8_t>(letter);
            }));
            chain.trace += '+';
            return loom_verdict{LOOM_NEXT};
        };
    }
    // Memory that an earlier query has used.
    auto* used = static_cast<std::uint8_t*>(chain.query.e->arena.allocate(2048, 1));
    std::fill_n(used, 2048, std::uint8_t{0xFF});
    chain.query.e->arena.reset();
    CHECK(chain.run() == Walk::done);
    CHECK(chain.trace == "abc++");
}

TEST_CASE("host/chain: scratch: is null for a plugin that wants none") {
    Chain chain;
    chain.add('a', [](Exchange& e) {
        CHECK(e.scratch() == nullptr);
        return answer_fully(e);
    });
    CHECK(chain.run() == Walk::done);
}
