// SPDX-License-Identifier: Apache-2.0
// Which queries are suspended, by token. The one part of a query that other threads may touch.
#pragma once

#include <dnsloom/abi/base.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace loom::harness {

class Flight;

/// May be used on any thread; the flights only on the test's.
class Suspensions {
public:
    struct Entry {
        Flight* flight = nullptr;
        std::uint32_t worker = 0;
        std::uint64_t due_ns = 0;
        bool resumed = false;
    };

    loom_token add(Flight& flight, std::uint32_t worker, std::uint64_t due_ns);
    /// Marks it resumed and returns its worker; nothing if the token is stale.
    std::optional<std::uint32_t> resume(loom_token token);
    /// Takes one out, whatever its state; nothing if it is not there.
    std::optional<Entry> take(loom_token token);
    /// Takes one out that nobody has resumed.
    std::optional<Entry> take_waiting(loom_token token);
    std::optional<Entry> find(loom_token token) const;

    std::size_t size() const;
    std::vector<loom_token> tokens() const;

private:
    mutable std::mutex mutex_;
    std::map<loom_token, Entry> entries_;
    // Tokens are neither small nor dense, so that other integers never pass for one.
    loom_token last_ = 0x5ca1ab1e'00000000;
};

}  // namespace loom::harness
