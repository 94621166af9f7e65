// SPDX-License-Identifier: Apache-2.0
// Cookies, letter case and client subnets: what tells a reply from a forgery.
#include "forward_bench.hpp"

#include <algorithm>
#include <cctype>

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t cookie_code = 10;
constexpr std::uint16_t subnet_code = 8;

Message option(std::uint16_t code, const Message& data) {
    Message out{0, static_cast<std::uint8_t>(code), 0, static_cast<std::uint8_t>(data.size())};
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

/// The data of an option of a query that has its OPT record at the end.
std::optional<Message> option_of(const Message& query, std::uint16_t code) {
    for (auto at = 12 + question_of(query).size() + 11; at < query.size();) {
        const auto size = u16_at(query, at + 2);
        const auto data = query.begin() + static_cast<std::ptrdiff_t>(at) + 4;
        if (u16_at(query, at) == code) return Message{data, data + size};
        at += std::size_t{4} + size;
    }
    return std::nullopt;
}

/// The cookie that a server with this part of its own sends back.
Message cookie_for(const Message& query, const Message& server) {
    auto data = option_of(query, cookie_code).value();
    data.resize(8);
    data.insert(data.end(), server.begin(), server.end());
    return option(cookie_code, data);
}

const Message server_part(16, 0xAB);

/// Has the upstream show that it knows cookies.
void teach(Harness& h, ScriptedUpstream& upstream) {
    auto flight = h.send("first.example. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.opt(cookie_for(query.message, server_part)));
    answer_of(h, *flight);
}

std::string text(const Message& name) { return {name.begin(), name.end()}; }

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// `query` with another spelling of its question.
Message respelled(const Message& query, int (*to)(int)) {
    auto other = query;
    std::transform(
        other.begin() + 12,
        other.end() - 4,
        other.begin() + 12,
        [&](unsigned char c) -> std::uint8_t {
            return std::isalpha(c) != 0 ? static_cast<std::uint8_t>(to(c)) : c;
        });
    return other;
}

const std::string long_name = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.example.";

}  // namespace

TEST_CASE("forward/trust: cookies: the server's part is learned, and each upstream has its own") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two}, {{"policy", "round_robin"}})};
    auto flight = h.send("a.example. A");
    const auto first = receive(h, one);
    CHECK(option_of(first.message, cookie_code).value().size() == 8);
    one.send(first, Reply{first.message}.opt(cookie_for(first.message, server_part)));
    answer_of(h, *flight);

    auto other = h.send("b.example. A");
    const auto to_two = receive(h, two);
    CHECK(option_of(to_two.message, cookie_code).value().size() == 8);
    CHECK(option_of(to_two.message, cookie_code) != option_of(first.message, cookie_code));
    two.send(to_two, Reply{to_two.message});
    answer_of(h, *other);

    auto again = h.send("c.example. A");
    const auto second = receive(h, one);
    CHECK(
        option(cookie_code, option_of(second.message, cookie_code).value()) ==
        cookie_for(first.message, server_part));
}

TEST_CASE("forward/trust: cookies = false: none is sent") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"cookies", false}})};
    auto flight = h.send("a.example. A");

    CHECK_FALSE(option_of(receive(h, upstream).message, cookie_code));
}

TEST_CASE("forward/trust: a reply with a wrong cookie: ignored, and the true one is taken") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("www.example.org. A");
    const auto query = receive(h, upstream);

    auto wrong = cookie_for(query.message, server_part);
    wrong[4] ^= 1U;
    upstream.send(query, Reply{query.message}.a("192.0.2.66").opt(wrong));
    upstream.send(query, Reply{query.message}.a("192.0.2.66").opt(option(cookie_code, {1, 2})));
    CHECK(h.run_until([&] { return ignored(h, "wrong_cookie") == 2; }));
    CHECK(h.result(*flight).pending);

    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");
}

TEST_CASE("forward/trust: no cookie where one is due: asked over TCP, which is believed") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    teach(h, upstream);

    auto flight = h.send("www.example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.66"));
    auto peer = accept(h, upstream);
    const auto over_tcp = receive(h, peer);
    CHECK(ignored(h, "no_cookie") == 1);
    CHECK(h.result(*flight).pending);
    peer.send(Reply{over_tcp}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");

    // It has given up cookies, as TCP has shown.
    auto next = h.send("www.example.org. A");
    const auto last = receive(h, upstream);
    upstream.send(last, Reply{last.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *next).answer.size() == 1);
}

TEST_CASE("forward/trust: no cookie where one is due: the true reply over UDP may yet come") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    teach(h, upstream);

    auto flight = h.send("www.example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.66"));
    auto peer = accept(h, upstream);
    upstream.send(
        query, Reply{query.message}.a("192.0.2.1").opt(cookie_for(query.message, server_part)));

    CHECK(answer_of(h, *flight).answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");
}

TEST_CASE("forward/trust: BADCOOKIE: asked once more with the new cookie, then over TCP") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("www.example.org. A");
    for (const std::uint8_t part : {std::uint8_t{1}, std::uint8_t{2}}) {
        const auto query = receive(h, upstream);
        if (part == 2) {
            const auto sent = option_of(query.message, cookie_code).value();
            CHECK(Message{sent.begin() + 8, sent.end()} == Message(8, 1));
        }
        const auto cookie = cookie_for(query.message, Message(8, part));
        upstream.send(query, Reply{query.message}.rcode(7).opt(cookie, 1));
    }

    auto peer = accept(h, upstream);
    const auto over_tcp = receive(h, peer);
    peer.send(Reply{over_tcp}.a("192.0.2.1").opt(cookie_for(over_tcp, Message(8, 2))));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/trust: BADCOOKIE over TCP again: an upstream that fails, and not the answer") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"health_check", "0"}})};
    auto flight = h.send(Question{"www.example.org. A"}.edns());
    for (int i = 0; i < 2; ++i) {
        const auto query = receive(h, upstream);
        upstream.send(
            query, Reply{query.message}.rcode(7).opt(cookie_for(query.message, server_part), 1));
    }
    auto peer = accept(h, upstream);
    const auto over_tcp = receive(h, peer);
    peer.send(Reply{over_tcp}.rcode(7).opt(cookie_for(over_tcp, server_part), 1));

    const auto last = receive(h, upstream);
    upstream.send(
        last, Reply{last.message}.a("192.0.2.1").opt(cookie_for(last.message, server_part)));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/trust: an upstream that stays silent: is asked without a cookie, too") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"health_check", "0"}})};
    auto flight = h.send("www.example.org. A");
    CHECK(option_of(receive(h, upstream).message, cookie_code));
    h.advance(1010ms);

    CHECK_FALSE(option_of(receive(h, upstream).message, cookie_code));
}

TEST_CASE(
    "forward/trust: case_randomization: the client and the owners get the client's spelling") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"case_randomization", true}})};
    auto flight = h.send(long_name + " A");
    const auto query = receive(h, upstream);
    const auto question = question_of(query.message);
    CHECK(text(question) != text(question_of(make_query(long_name))));
    CHECK(lower(text(question)) == text(question_of(make_query(long_name))));

    // An owner that is compressed, and one that is spelled out, as some servers do.
    auto reply = Reply{query.message}.a("192.0.2.1");
    auto message = reply.octets(Message{question.begin(), question.end() - 4}).message();
    message.insert(message.end(), {0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 2});
    message[7] = 2;
    upstream.send(query, message);

    const auto answer = answer_of(h, *flight);
    REQUIRE(answer.answer.size() == 2);
    CHECK(answer.answer[0] == long_name + " 60 IN A 192.0.2.1");
    CHECK(answer.answer[1] == long_name + " 60 IN A 192.0.2.2");
    CHECK(question_of(answer.message) == question_of(make_query(long_name)));
}

TEST_CASE("forward/trust: case_randomization: off, the name goes out as the client spelled it") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send(long_name + " A");

    CHECK(question_of(receive(h, upstream).message) == question_of(make_query(long_name)));
}

TEST_CASE(
    "forward/trust: another case in the reply: asked over TCP, and then known of the upstream") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("WWW.example.org. A");
    const auto query = receive(h, upstream);
    const auto folded = respelled(query.message, std::tolower);
    REQUIRE(folded != query.message);
    upstream.send(query, Reply{folded}.a("192.0.2.66"));
    auto peer = accept(h, upstream);
    const auto over_tcp = receive(h, peer);
    CHECK(ignored(h, "wrong_case") == 1);
    peer.send(Reply{respelled(over_tcp, std::tolower)}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.at(0) == "WWW.example.org. 60 IN A 192.0.2.1");
    CHECK(h.logged("does not keep the case"));

    auto next = h.send("WWW.example.net. A");
    const auto last = receive(h, upstream);
    upstream.send(last, Reply{respelled(last.message, std::tolower)}.a("192.0.2.1"));
    CHECK(answer_of(h, *next).answer.at(0) == "WWW.example.net. 60 IN A 192.0.2.1");
}

TEST_CASE("forward/trust: ecs: the scope of the reply comes back with the subnet of the question") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"ecs", "pass"}, {"ecs_prefix4", 16}})};
    auto flight =
        h.send(Question{"www.example.org. A"}.option(subnet_code, Message{0, 1, 24, 0, 192, 0, 2}));
    const auto query = receive(h, upstream);
    CHECK(option_of(query.message, subnet_code) == Message{0, 1, 16, 0, 192, 0});
    upstream.send(
        query, Reply{query.message}.a("192.0.2.1").opt(option(subnet_code, {0, 1, 16, 8, 192, 0})));

    const auto answer = answer_of(h, *flight);
    REQUIRE(answer.options.size() == 1);
    CHECK(answer.options[0].code == subnet_code);
    CHECK(answer.options[0].value == Message{0, 1, 24, 8, 192, 0, 2});
}

TEST_CASE("forward/trust: ecs add: of the client's address, and the scope is there for a cache") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"ecs", "add"}, {"ecs_prefix6", 32}})};
    auto flight = h.send(Question{"www.example.org. A"}.edns().client("2001:db8::7", 4242));
    const auto query = receive(h, upstream);
    CHECK(option_of(query.message, subnet_code) == Message{0, 2, 32, 0, 0x20, 1, 0xD, 0xB8});
    upstream.send(
        query, Reply{query.message}.opt(option(subnet_code, {0, 2, 32, 24, 0x20, 1, 0xD, 0xB8})));

    const auto answer = answer_of(h, *flight);
    REQUIRE(answer.options.size() == 1);
    CHECK(answer.options[0].value == Message{0, 2, 32, 24, 0x20, 1, 0xD, 0xB8});
}

TEST_CASE(
    "forward/trust: ecs: a reply for another subnet is ignored, one unasked for not looked at") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"ecs", "pass"}})};
    auto flight =
        h.send(Question{"www.example.org. A"}.option(subnet_code, Message{0, 1, 24, 0, 192, 0, 2}));
    const auto query = receive(h, upstream);
    const Message wrong[] = {
        {0, 1, 24, 24, 192, 0, 3}, {0, 1, 16, 16, 192, 0}, {0, 2, 24, 24, 192, 0, 2}, {0, 1, 24}};
    for (const auto& data : wrong)
        upstream.send(query, Reply{query.message}.a("192.0.2.66").opt(option(subnet_code, data)));
    CHECK(h.run_until([&] { return ignored(h, "wrong_subnet") == 4; }));
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).options.empty());

    auto plain = h.send(Question{"www.example.org. A"}.edns());
    const auto second = receive(h, upstream);
    CHECK_FALSE(option_of(second.message, subnet_code));
    upstream.send(second, Reply{second.message}.a("192.0.2.1").opt(option(subnet_code, wrong[0])));
    const auto answer = answer_of(h, *plain);
    CHECK(answer.answer.size() == 1);
    CHECK(answer.options.empty());
}

TEST_CASE("forward/trust: ecs: a malformed one of the client: FORMERR") {
    ScriptedUpstream upstream;
    const auto question =
        Question{"www.example.org. A"}.option(subnet_code, Message{0, 1, 24, 0, 192});
    Harness passing{loom_module_0, settings_for({&upstream}, {{"ecs", "pass"}})};
    CHECK(passing.ask(question).rcode == 1);
    CHECK(is_quiet(passing, upstream));

    Harness stripping{loom_module_0, settings_for({&upstream})};
    CHECK(stripping.ask(question).pending);
    CHECK_FALSE(option_of(receive(stripping, upstream).message, subnet_code));
}
