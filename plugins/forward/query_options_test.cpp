// SPDX-License-Identifier: Apache-2.0
#include "query_options.hpp"
#include "test_message.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace loom::forward;
using loom::forward::test::Message;

namespace {

constexpr std::uint16_t local_code = 65001;

Message option(std::uint16_t code, const Message& data) {
    Message out{
        static_cast<std::uint8_t>(code >> 8U),
        static_cast<std::uint8_t>(code),
        0,
        static_cast<std::uint8_t>(data.size())};
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

Message join(std::initializer_list<Message> parts) {
    Message out;
    for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

const Message subnet_24 = option(8, {0, 1, 24, 0, 192, 0, 2});

/// What goes out for a client's options, when plugins in front have made `changed` of them, if they
/// have made anything.
struct Outcome {
    Outcome(
        const Message& clients,
        const std::optional<Message>& changed,
        const SubnetRule& rule = {}) {
        const auto query = test::make_query("www.example.org");
        wire = test::Reply{query}.opt(clients);
        address.family = 4;
        address.ip[10] = address.ip[11] = 0xFF;
        address.ip[12] = 203;
        address.ip[14] = 113;
        address.ip[15] = 77;
        loom_query asked{};
        asked.wire = {wire.data(), wire.size()};
        asked.edns_options = {wire.data() + wire.size() - clients.size(), clients.size()};
        if (changed) asked.edns_options = {changed->data(), changed->size()};
        asked.client = &address;
        const auto question = test::question_of(query);
        out.write({.qname = std::span{question}.first(question.size() - 4)});
        const auto bare = out.octets().size();
        if (has_options(asked, rule)) fault = add_options(out, asked, rule, subnet);
        const auto octets = out.octets();
        options.assign(octets.begin() + static_cast<std::ptrdiff_t>(bare), octets.end());
        CHECK(test::u16_at({octets.begin(), octets.end()}, bare - 2) == options.size());
    }

    Message wire;
    loom_address address{};
    OutgoingQuery out;
    OptionsFault fault = OptionsFault::none;
    std::optional<loom::dns::ClientSubnet> subnet;
    Message options;
};

Outcome unchanged(const Message& clients, const SubnetRule& rule = {}) {
    return {clients, std::nullopt, rule};
}

}  // namespace

TEST_CASE("forward/query_options: the client's own options: stay here") {
    const auto cookie = option(10, Message(8, 1));
    const auto nsid = option(3, {});
    const auto local = option(local_code, {1, 2, 3});

    CHECK(unchanged({}).options.empty());
    CHECK(unchanged(join({cookie, nsid, local, subnet_24})).options.empty());
}

TEST_CASE("forward/query_options: options that plugins put into the question: go out") {
    const auto nsid = option(3, {});
    const auto mine = option(local_code, {1, 2, 3});
    const auto padding = option(12, {0, 0});

    CHECK(Outcome({}, mine).options == mine);
    CHECK(Outcome(nsid, join({nsid, mine})).options == mine);
    CHECK(Outcome({}, join({nsid, mine})).options == join({nsid, mine}));
    CHECK(Outcome({}, join({padding, mine})).options == mine);
    // Set to what the client sent itself: else clients could have it left out.
    CHECK(Outcome(join({nsid, mine}), join({nsid, mine})).options == mine);
}

TEST_CASE("forward/query_options: a subnet that a plugin put there: goes out as it is") {
    const auto subnet_32 = option(8, {0, 1, 32, 0, 192, 0, 2, 9});
    const Outcome outcome{subnet_24, subnet_32};

    CHECK(outcome.options == subnet_32);
    REQUIRE(outcome.subnet);
    CHECK(outcome.subnet->source_prefix == 32);
}

TEST_CASE("forward/query_options: more than fits: refused") {
    Message many;
    for (int i = 0; i < 6; ++i) many = join({many, option(local_code, Message(200, 7))});

    CHECK(Outcome({}, many).fault == OptionsFault::no_room);
}

TEST_CASE("forward/query_options: ecs: the client's is passed, with fewer bits") {
    const SubnetRule pass{.kind = SubnetRule::Kind::pass, .prefix4 = 20, .prefix6 = 56};
    struct Row {
        Message sent;
        Message passed;
    };
    const Row rows[] = {
        {option(8, {0, 1, 32, 0, 192, 0, 255, 9}), option(8, {0, 1, 20, 0, 192, 0, 240})},
        {option(8, {0, 1, 16, 0, 192, 7}), option(8, {0, 1, 16, 0, 192, 7})},
        {option(8, {0, 1, 0, 0}), option(8, {0, 1, 0, 0})},  // Tell nobody.
        {option(8, {0, 2, 64, 0, 0x20, 1, 0xD, 0xB8, 1, 2, 3, 4}),
         option(8, {0, 2, 56, 0, 0x20, 1, 0xD, 0xB8, 1, 2, 3})},
        {{}, {}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.sent.size());
        CHECK(unchanged(row.sent, pass).options == row.passed);
    }
}

TEST_CASE("forward/query_options: ecs add: one of the client's address, unless it sent one") {
    const SubnetRule add{.kind = SubnetRule::Kind::add, .prefix4 = 24, .prefix6 = 56};

    CHECK(unchanged({}, add).options == option(8, {0, 1, 24, 0, 203, 0, 113}));
    CHECK(unchanged(subnet_24, add).options == subnet_24);
    CHECK(unchanged(option(8, {0, 1, 0, 0}), add).options == option(8, {0, 1, 0, 0}));
}

TEST_CASE(
    "forward/query_options: a malformed subnet of the client: FORMERR, unless it is stripped") {
    const SubnetRule pass{.kind = SubnetRule::Kind::pass};
    const Message malformed[] = {
        option(8, {0, 1, 24, 0, 192, 0}),        // an octet short
        option(8, {0, 1, 24, 0, 192, 0, 2, 1}),  // one too many
        option(8, {0, 1, 33, 0, 1, 2, 3, 4, 5}),
        option(8, {0, 1, 23, 0, 192, 0, 1}),   // a bit behind the prefix
        option(8, {0, 1, 24, 24, 192, 0, 2}),  // a scope in a query
        option(8, {0, 3, 0, 0}),               // no family
        option(8, {0, 1}),
    };
    for (const auto& sent : malformed) {
        CAPTURE(sent.size());
        CHECK(unchanged(sent, pass).fault == OptionsFault::malformed_subnet);
        CHECK(unchanged(sent).fault == OptionsFault::none);
        CHECK(unchanged(sent).options.empty());
    }
}
