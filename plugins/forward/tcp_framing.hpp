// SPDX-License-Identifier: Apache-2.0
// Messages in a stream: each has its size in two octets before it (RFC 1035 section 4.2.2).
#pragma once

#include "message_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace loom::forward {

/// Cuts what comes in, in pieces of any size, into messages.
class FrameReader {
public:
    /// Room for at least 4096 octets more. Write there and say how many with filled().
    std::span<std::uint8_t> room();
    void filled(std::size_t size) { end_ += size; }

    /// The next message that is complete, valid until room() is called.
    std::optional<std::span<const std::uint8_t>> next();

private:
    std::vector<std::uint8_t> octets_;  // The stream from begin_ to end_ is not read yet.
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Collects messages to send; the socket takes from the front as much as it likes.
class FrameWriter {
public:
    void add(std::span<const std::uint8_t> message);

    std::span<const std::uint8_t> unsent() const { return std::span{octets_}.subspan(sent_); }
    void sent(std::size_t size);

private:
    std::vector<std::uint8_t> octets_;
    std::size_t sent_ = 0;
};

/// The two for one connection.
class FrameCodec final : public MessageCodec {
public:
    void add(std::span<const std::uint8_t> message) override { writer_.add(message); }
    std::span<const std::uint8_t> unsent() override { return writer_.unsent(); }
    void sent(std::size_t size) override { writer_.sent(size); }
    std::span<std::uint8_t> room() override { return reader_.room(); }
    std::optional<Failure> filled(std::size_t size) override {
        reader_.filled(size);
        return std::nullopt;
    }
    std::optional<Incoming> next() override {
        const auto message = reader_.next();
        if (!message) return std::nullopt;
        return Incoming{.message = *message};
    }

private:
    FrameReader reader_;
    FrameWriter writer_;
};

}  // namespace loom::forward
