// SPDX-License-Identifier: Apache-2.0
// DNS messages within the octets of a connection, both ways.
#pragma once

#include "failure.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

namespace loom::forward {

/// What came from an upstream.
struct Incoming {
    std::span<const std::uint8_t> message;  ///< Valid until the codec is called again.
    /// Set: the query with the id `failed_id` has no answer, and this is why.
    std::optional<Failure> failure{};
    std::uint16_t failed_id = 0;
};

/// One a connection. What is sent and received goes through memory only.
class MessageCodec {
public:
    virtual ~MessageCodec() = default;

    /// Takes a query to send; its id is in its octets.
    virtual void add(std::span<const std::uint8_t> message) = 0;
    virtual std::span<const std::uint8_t> unsent() = 0;
    virtual void sent(std::size_t size) = 0;

    /// Room for octets of the peer. Write there and say how many with filled().
    virtual std::span<std::uint8_t> room() = 0;
    /// A failure: the connection can only be closed.
    virtual std::optional<Failure> filled(std::size_t size) = 0;
    /// What has come, one by one; nothing: all was given.
    virtual std::optional<Incoming> next() = 0;
    /// Whether the peer lets no more queries be added.
    virtual bool is_ending() const { return false; }
};

}  // namespace loom::forward
