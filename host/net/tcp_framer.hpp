// SPDX-License-Identifier: Apache-2.0
// Messages in a stream: two octets of length before each (RFC 1035 section 4.2.2). No socket inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace loom::host {

/// Cuts what arrives into messages. What is not complete yet is kept, at most one message.
class TcpFramer {
public:
    /// Adds what was read. The octets must stay until next() has returned nothing.
    void feed(std::span<const std::uint8_t> octets) {
        if (kept_.empty()) {
            input_ = octets;
            return;
        }
        kept_.insert(kept_.end(), octets.begin(), octets.end());
        input_ = kept_;
    }

    /// The next whole message. Nothing: read more. The last message is valid until feed() or keep().
    std::optional<std::span<const std::uint8_t>> next() {
        if (input_.size() < 2) return std::nullopt;
        const std::size_t size = std::size_t{input_[0]} << 8U | input_[1];
        if (input_.size() < 2 + size) return std::nullopt;
        const auto message = input_.subspan(2, size);
        input_ = input_.subspan(2 + size);
        return message;
    }

    /// Keeps what next() has not handed out, before the octets given to feed() go.
    void keep() {
        std::vector<std::uint8_t> rest{input_.begin(), input_.end()};
        kept_.swap(rest);
        input_ = kept_;
    }

    bool is_empty() const { return input_.empty(); }

private:
    std::vector<std::uint8_t> kept_;
    std::span<const std::uint8_t> input_;
};

}  // namespace loom::host
