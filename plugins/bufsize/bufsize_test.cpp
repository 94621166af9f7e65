// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

using namespace loom::harness;

namespace {

// The size of the reply when there is more to say than fits.
std::size_t reply_size(Table settings, const Question& question) {
    Harness h{loom_module_0, std::move(settings)};
    Reply reply;
    for (int i = 0; i < 100; ++i)
        reply.answer.push_back("example.org. A 192.0.2." + std::to_string(i));
    h.behind.push(reply);
    return h.ask(question).message.size();
}

}  // namespace

TEST_CASE("plugin/bufsize: a client that announces more: gets no more than the size") {
    const Question question = Question{"example.org. A"}.edns(4096);
    CHECK(reply_size({{"size", 700}}, question) <= 700);
    CHECK(reply_size({{"size", 2000}}, question) > 1232);
    CHECK(reply_size({}, question) <= 1232);
}

TEST_CASE("plugin/bufsize: a client that announces less: is taken at its word") {
    CHECK(reply_size({{"size", 1232}}, Question{"example.org. A"}.edns(600)) <= 600);
    CHECK(reply_size({{"size", 1232}}, Question{"example.org. A"}) <= 512);
}

TEST_CASE("plugin/bufsize: over TCP: the whole answer is sent") {
    CHECK(reply_size({{"size", 512}}, Question{"example.org. A"}.edns(4096).tcp()) > 1600);
}

TEST_CASE("plugin/bufsize: size: is from 512 to 4096") {
    CHECK(!Harness::refusal(loom_module_0, {{"size", 511}}).empty());
    CHECK(!Harness::refusal(loom_module_0, {{"size", 4097}}).empty());
    CHECK(Harness::refusal(loom_module_0, {{"size", 512}}).empty());
}
