// SPDX-License-Identifier: Apache-2.0
#include "epochs.hpp"

#include <doctest/doctest.h>

#include <string>

using loom::host::Epochs;

TEST_CASE("host/epochs: when_quiescent: at once when nothing waits") {
    Epochs epochs;
    int calls = 0;
    epochs.when_quiescent([&] { ++calls; });
    CHECK(calls == 1);
    epochs.leave(epochs.enter());
    epochs.when_quiescent([&] { ++calls; });
    CHECK(calls == 2);
}

TEST_CASE("host/epochs: when_quiescent: waits for those before it, in any order, and no others") {
    Epochs epochs;
    std::string order;
    const auto first = epochs.enter();
    const auto second = epochs.enter();
    epochs.when_quiescent([&] { order += 'a'; });
    const auto later = epochs.enter();
    epochs.when_quiescent([&] { order += 'b'; });
    epochs.leave(later);
    epochs.leave(second);
    CHECK(order.empty());
    epochs.leave(first);
    CHECK(order == "ab");
}

TEST_CASE("host/epochs: when_quiescent: again before anything began waits for the same") {
    Epochs epochs;
    std::string order;
    const auto only = epochs.enter();
    epochs.when_quiescent([&] { order += 'a'; });
    epochs.when_quiescent([&] { order += 'b'; });
    CHECK(order.empty());
    epochs.leave(only);
    CHECK(order == "ab");
}

TEST_CASE("host/epochs: leave: functions may wait again") {
    Epochs epochs;
    std::string order;
    const auto first = epochs.enter();
    std::uint64_t inner = 0;
    epochs.when_quiescent([&] {
        inner = epochs.enter();
        epochs.when_quiescent([&] { order += 'i'; });
        order += 'o';
    });
    epochs.leave(first);
    CHECK(order == "o");
    epochs.leave(inner);
    CHECK(order == "oi");
}

TEST_CASE("host/epochs: leave: after many rounds still finds its epoch") {
    Epochs epochs;
    int calls = 0;
    auto before = epochs.enter();
    for (int i = 0; i < 1000; ++i) {
        epochs.when_quiescent([&] { ++calls; });
        const auto next = epochs.enter();
        epochs.leave(before);
        before = next;
        REQUIRE(calls == i + 1);
    }
}
