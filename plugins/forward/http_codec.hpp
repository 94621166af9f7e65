// SPDX-License-Identifier: Apache-2.0
// DNS messages in HTTP/2 (RFC 8484), by libnghttp2.
#pragma once

#include "endpoint.hpp"
#include "message_codec.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace loom::forward {

/// Each query is a POST on a stream of its own. On the wire all ids are 0 (RFC 8484 section 4.1);
/// those of the queries are kept here and put into the replies. Redirects are not followed.
class HttpCodec final : public MessageCodec {
public:
    /// Throws std::bad_alloc.
    explicit HttpCodec(const Endpoint& endpoint);
    ~HttpCodec() override;

    void add(std::span<const std::uint8_t> message) override;
    std::span<const std::uint8_t> unsent() override;
    void sent(std::size_t size) override { sent_ += size; }
    std::span<std::uint8_t> room() override { return in_; }
    std::optional<Failure> filled(std::size_t size) override;
    std::optional<Incoming> next() override;
    bool is_ending() const override { return ending_ || streams_.size() >= streams_max; }

private:
    /// With those that nobody waits for any more.
    static constexpr std::size_t streams_max = 1024;

    struct Stream {
        std::uint16_t id = 0;
        std::vector<std::uint8_t> query;
        std::size_t query_sent = 0;
        int status = 0;
        bool is_dns = false;
        bool too_large = false;
        std::vector<std::uint8_t> reply;
    };
    struct Result {
        std::uint16_t id;
        std::optional<Failure> failure;
        std::vector<std::uint8_t> reply;
    };

    /// What nghttp2 calls.
    struct Callbacks;
    static nghttp2_session* make_session(HttpCodec& codec);

    void collect_output();
    Stream* find(std::int32_t number);
    void end(std::int32_t number, std::uint32_t error);
    static std::optional<Failure> failure_of(const Stream& stream, std::uint32_t error);

    std::string authority_;
    std::string path_;
    nghttp2_session* session_;
    std::unordered_map<std::int32_t, std::unique_ptr<Stream>> streams_;
    std::deque<Result> results_;
    Result given_{};
    bool ending_ = false;
    std::array<std::uint8_t, 16384> in_;
    std::vector<std::uint8_t> out_;
    std::size_t sent_ = 0;
};

}  // namespace loom::forward
