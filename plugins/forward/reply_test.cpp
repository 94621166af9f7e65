// SPDX-License-Identifier: Apache-2.0
// What becomes of a reply that was taken.
#include "forward_bench.hpp"

using namespace loom::forward::test;

namespace {

/// Asks, has the upstream answer what `make` makes of the query, and gives the answer.
template <class Make>
Answer exchange(const Question& question, const Make& make) {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send(question);
    const auto query = receive(h, upstream);
    upstream.send(query, make(query.message));
    return answer_of(h, *flight);
}

}  // namespace

TEST_CASE("forward/reply: flags and rcode: as the upstream's") {
    const auto question = Question{"example.org. A"}.authentic_data();
    const auto answer = exchange(question, [](const Message& query) -> Message {
        return Reply{query}.set(0x0400 | 0x0020).rcode(3);
    });

    CHECK(answer.rcode == 3);
    CHECK(answer.flags == (LOOM_FLAG_AA | LOOM_FLAG_RA | LOOM_FLAG_AD));
}

TEST_CASE("forward/reply: AD: is for clients that sent AD or DO, and they are told what is true") {
    const auto is_authentic = [](const Question& question, std::uint16_t upstream, bool opt_first) {
        const auto answer = exchange(question, [&](const Message& query) -> Message {
            auto reply = Reply{query}.set(upstream).a("192.0.2.1").opt();
            if (opt_first) reply.glue(12, "192.0.2.2");
            return reply;
        });
        CHECK(answer.answer.size() == 1);
        return (answer.flags & LOOM_FLAG_AD) != 0;
    };
    constexpr std::uint16_t ad = 0x0020;
    for (const bool opt_first : {false, true}) {
        CAPTURE(opt_first);
        CHECK_FALSE(is_authentic("example.org. A", ad, opt_first));
        CHECK_FALSE(is_authentic(Question{"example.org. A"}.edns(), ad, opt_first));
        CHECK(is_authentic(Question{"example.org. A"}.authentic_data(), ad, opt_first));
        CHECK(is_authentic(Question{"example.org. A"}.dnssec(), ad, opt_first));
        CHECK_FALSE(is_authentic(Question{"example.org. A"}.authentic_data(), 0, opt_first));
    }
}

TEST_CASE("forward/reply: an extended rcode: all twelve bits") {
    const auto answer =
        exchange(Question{"example.org. A"}.edns(), [](const Message& query) -> Message {
            return Reply{query}.rcode(8).opt({}, 1);
        });

    CHECK(answer.rcode == 24);
}

TEST_CASE("forward/reply: options of the upstream's OPT: extended errors alone are passed on") {
    auto options = Message{0, 3, 0, 2, 1, 2};  // A server's name.
    const auto error = extended_error(3, "stale");
    options.insert(options.end(), error.begin(), error.end());

    const auto answer =
        exchange(Question{"example.org. A"}.edns(), [&](const Message& query) -> Message {
            return Reply{query}.a("192.0.2.1").opt(options);
        });

    REQUIRE(answer.options.size() == 1);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 3);
    CHECK(answer.extended_error()->text == "stale");
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("forward/reply: records behind OPT: kept, with names that point behind it") {
    const auto answer =
        exchange(Question{"example.org. A"}.edns(), [](const Message& query) -> Message {
            auto reply = Reply{query}.a("192.0.2.1").opt(extended_error(0, "hm"));
            // NS of the root, in the additional section: its rdata is pointed at by the next owner.
            const auto rdata = static_cast<std::uint16_t>(reply.size() + 11);
            return reply.record(additional_count, 2, {2, 'n', 's', 0xC0, 12})
                .glue(rdata, "192.0.2.2");
        });

    CHECK(answer.answer == std::vector<std::string>{"example.org. 60 IN A 192.0.2.1"});
    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[0] == ". 30 IN NS ns.example.org.");
    CHECK(answer.additional[1] == "ns.example.org. 60 IN A 192.0.2.2");
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->text == "hm");
}

TEST_CASE("forward/reply: malformed rdata: SERVFAIL with extended error 24, and not asked again") {
    for (const bool is_long : {false, true}) {
        CAPTURE(is_long);
        const auto make = [&](const Message& query) -> Message {
            auto rdata = Message(is_long ? 1500 : 3, 0);
            rdata.back() = 9;  // A string with fewer octets than it says.
            return Reply{query}.record(answer_count, 16, rdata);
        };
        const auto answer = exchange(Question{"example.org. TXT"}.edns(), make);

        CHECK(answer.rcode == 2);
        REQUIRE(answer.extended_error());
        CHECK(answer.extended_error()->code == 24);
        CHECK(answer.extended_error()->text.ends_with(": malformed reply"));
    }
}

TEST_CASE("forward/reply: long rdata that is well formed: passed on") {
    const auto answer =
        exchange(Question{"example.org. TXT"}.tcp(), [](const Message& query) -> Message {
            return Reply{query}.record(answer_count, 16, Message(1500, 0));
        });

    CHECK(answer.rcode == 0);
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("forward/reply: octets behind the last record: not passed on") {
    const auto answer = exchange("example.org. A", [](const Message& query) -> Message {
        return Reply{query}.a("192.0.2.1").octets({1, 2, 3, 4});
    });

    CHECK(answer.wire.size() == 12 + 17 + 16);
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("forward/reply: a header with REFUSED alone: passed on") {
    const auto answer = exchange("example.org. A", [](const Message& query) {
        auto reply = Reply{query}.rcode(5).cut(12).message();
        reply[5] = 0;
        return reply;
    });

    CHECK(answer.rcode == 5);
}

TEST_CASE("forward/reply: FORMERR or NOTIMP to a query with OPT: asked once more without") {
    for (const std::uint8_t rcode : {std::uint8_t{1}, std::uint8_t{4}}) {
        ScriptedUpstream upstream;
        Harness h{loom_module_0, settings_for({&upstream})};
        auto flight = h.send("example.org. A");
        const auto first = receive(h, upstream);
        auto bare = Reply{first.message}.rcode(rcode).cut(12).message();
        bare[5] = 0;
        upstream.send(first, bare);

        const auto second = receive(h, upstream);
        CHECK(second.message.size() == 12 + question_of(first.message).size());
        CHECK(u16_at(second.message, additional_count) == 0);
        upstream.send(second, Reply{second.message}.a("192.0.2.1"));
        CHECK(answer_of(h, *flight).answer.size() == 1);
    }
}

TEST_CASE("forward/reply: FORMERR without OPT, too: that is the answer") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("example.org. A");
    for (int i = 0; i < 2; ++i) {
        const auto query = receive(h, upstream);
        upstream.send(query, Reply{query.message}.rcode(1));
    }

    CHECK(answer_of(h, *flight).rcode == 1);
}
