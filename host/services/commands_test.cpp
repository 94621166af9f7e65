// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "sample_services.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace loom::host;

namespace {

/// What a command was run with.
struct Call {
    std::vector<std::string> words;
    loom_handle reply = 0;
};

void record(void* arg, const loom_str* words, std::uint32_t count, loom_handle reply) {
    auto& call = *static_cast<Call*>(arg);
    call.reply = reply;
    for (std::uint32_t i = 0; i < count; ++i) call.words.emplace_back(words[i].data, words[i].size);
}

/// Two instances that offer a command `flush` each, and a user who runs both.
struct Sample {
    Sample() {
        REQUIRE(commands.add({&one, "flush", "NAME", record, &first}) == LOOM_OK);
        REQUIRE(commands.add({&two, "flush", "NAME", record, &second}) == LOOM_OK);
    }
    void run() {
        const std::vector<const Commands::Command*> both{
            commands.of(&one).at(0), commands.of(&two).at(0)};
        const std::vector<std::string> words{"www.example", "now"};
        commands.run(both, words, [&](bool ok, std::string text) {
            REQUIRE(!answer);
            answer.emplace(ok, std::move(text));
        });
    }
    using Answer = std::pair<bool, std::string>;

    SampleServices host;
    loom_plugin plugin{};
    Instance& one = host.instance(plugin, "a/cache");
    Instance& two = host.instance(plugin, "b/cache");
    Commands commands;
    Call first;
    Call second;
    std::optional<Answer> answer;
};

}  // namespace

TEST_CASE("services/commands: add: refuses names that cannot be typed, doubles and too many") {
    Sample sample;
    const auto add = [&](std::string name, std::string usage = "") {
        return sample.commands.add(
            {&sample.one, std::move(name), std::move(usage), record, nullptr});
    };
    CHECK(add("") == LOOM_E_ARGUMENT);
    CHECK(add("Flush") == LOOM_E_ARGUMENT);
    CHECK(add("two words") == LOOM_E_ARGUMENT);
    CHECK(add(std::string(33, 'a')) == LOOM_E_ARGUMENT);
    CHECK(add("flush") == LOOM_E_ARGUMENT);
    CHECK(add("dump", "A\nB") == LOOM_E_ARGUMENT);
    CHECK(add("dump", std::string(201, 'a')) == LOOM_E_ARGUMENT);
    CHECK(sample.commands.add({&sample.one, "none", "", nullptr, nullptr}) == LOOM_E_ARGUMENT);
    for (int i = 1; i < 16; ++i) CHECK(add("c-" + std::to_string(i)) == LOOM_OK);
    CHECK(add("c-16") == LOOM_E_LIMIT);
    CHECK(sample.commands.of(&sample.one).size() == 16);
    CHECK(sample.commands.of(&sample.two).size() == 1);
}

TEST_CASE("services/commands: run: answers once, in order, when the last has finished") {
    Sample sample;
    sample.run();
    CHECK(sample.first.words == std::vector<std::string>{"www.example", "now"});
    CHECK(sample.second.words == sample.first.words);
    CHECK(sample.commands.write(&sample.two, sample.second.reply, "two\n") == LOOM_OK);
    CHECK(sample.commands.finish(&sample.two, sample.second.reply, LOOM_OK) == LOOM_OK);
    CHECK(!sample.answer);
    CHECK(sample.commands.write(&sample.one, sample.first.reply, "one\n") == LOOM_OK);
    CHECK(sample.commands.finish(&sample.one, sample.first.reply, LOOM_OK) == LOOM_OK);
    CHECK(sample.answer == Sample::Answer{true, "one\ntwo\n"});
    CHECK(sample.commands.write(&sample.one, sample.first.reply, "late\n") == LOOM_E_STALE);
    CHECK(sample.commands.finish(&sample.one, sample.first.reply, LOOM_OK) == LOOM_E_STALE);
}

TEST_CASE("services/commands: run: fails if one of them fails") {
    Sample sample;
    sample.run();
    sample.commands.finish(&sample.one, sample.first.reply, LOOM_E_ARGUMENT);
    sample.commands.finish(&sample.two, sample.second.reply, LOOM_OK);
    CHECK(sample.answer == Sample::Answer{false, ""});
}

TEST_CASE("services/commands: write: leaves replies of others alone and ends at a limit") {
    Sample sample;
    sample.run();
    CHECK(sample.commands.write(&sample.two, sample.first.reply, "x") == LOOM_E_STALE);
    CHECK(sample.commands.finish(&sample.two, sample.first.reply, LOOM_OK) == LOOM_E_STALE);
    const std::string much(Commands::reply_size_max, 'x');
    CHECK(sample.commands.write(&sample.one, sample.first.reply, much) == LOOM_OK);
    CHECK(sample.commands.write(&sample.two, sample.second.reply, "x") == LOOM_E_LIMIT);
}

TEST_CASE("services/commands: remove_owner: ends what an instance has not finished") {
    Sample sample;
    sample.run();
    sample.commands.write(&sample.one, sample.first.reply, "half\n");
    sample.commands.finish(&sample.two, sample.second.reply, LOOM_OK);
    sample.commands.remove_owner(&sample.one);
    CHECK(
        sample.answer ==
        Sample::Answer{false, "half\nthe plugin was replaced before it was done\n"});
    CHECK(sample.commands.of(&sample.one).empty());
    CHECK(sample.commands.of(&sample.two).size() == 1);
    CHECK(sample.commands.write(&sample.one, sample.first.reply, "late") == LOOM_E_STALE);
}
