// SPDX-License-Identifier: Apache-2.0
#include "http_upstream.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace loom::forward::test {
namespace {

std::string text_of(const std::uint8_t* octets, std::size_t size) {
    return {reinterpret_cast<const char*>(octets), size};
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    auto* name_octets = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
    auto* value_octets = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
    return {name_octets, value_octets, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct HttpPeer::Callbacks {
    static HttpPeer& peer(void* user) { return *static_cast<HttpPeer*>(user); }

    static int on_header(
        nghttp2_session*,
        const nghttp2_frame* frame,
        const std::uint8_t* name,
        std::size_t name_size,
        const std::uint8_t* value,
        std::size_t value_size,
        std::uint8_t,
        void* user) {
        auto& request = peer(user).unfinished_[frame->hd.stream_id];
        request.fields[text_of(name, name_size)] = text_of(value, value_size);
        return 0;
    }
    static int on_data(
        nghttp2_session*,
        std::uint8_t,
        std::int32_t stream,
        const std::uint8_t* octets,
        std::size_t size,
        void* user) {
        auto& body = peer(user).unfinished_[stream].body;
        body.insert(body.end(), octets, octets + size);
        return 0;
    }
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type != NGHTTP2_DATA || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
            return 0;
        auto node = peer(user).unfinished_.extract(frame->hd.stream_id);
        node.mapped().stream = frame->hd.stream_id;
        peer(user).requests_.push_back(std::move(node.mapped()));
        return 0;
    }
    static ssize_t read_reply(
        nghttp2_session*,
        std::int32_t,
        std::uint8_t* into,
        std::size_t room,
        std::uint32_t* flags,
        nghttp2_data_source* source,
        void*) {
        auto& left = *static_cast<Message*>(source->ptr);
        const auto size = std::min(room, left.size());
        std::copy_n(left.begin(), size, into);
        left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(size));
        if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(size);
    }
};

HttpPeer::HttpPeer(TlsServerPeer tls) : tls_{std::move(tls)} {
    nghttp2_session_callbacks* callbacks = nullptr;
    ::nghttp2_session_callbacks_new(&callbacks);
    ::nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
    ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
    ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
    ::nghttp2_session_server_new(&session_, callbacks, this);
    ::nghttp2_session_callbacks_del(callbacks);
    ::nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

HttpPeer::~HttpPeer() { ::nghttp2_session_del(session_); }

std::optional<HttpRequest> HttpPeer::take() {
    const auto octets = tls_.take_raw();
    ::nghttp2_session_mem_recv(session_, octets.data(), octets.size());
    if (!octets.empty()) send();
    if (requests_.empty()) return std::nullopt;
    auto request = std::move(requests_.front());
    requests_.pop_front();
    return request;
}

void HttpPeer::respond(
    const HttpRequest& request,
    const Message& body,
    const std::string& status,
    const std::string& type) {
    auto& left = replies_[request.stream] = body;
    const std::array fields{field(":status", status), field("content-type", type)};
    nghttp2_data_provider data{.source = {.ptr = &left}, .read_callback = Callbacks::read_reply};
    ::nghttp2_submit_response(session_, request.stream, fields.data(), fields.size(), &data);
    send();
}

void HttpPeer::refuse(const HttpRequest& request, std::uint32_t error) {
    ::nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, request.stream, error);
    send();
}

void HttpPeer::go_away(const HttpRequest& last) {
    ::nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last.stream, NGHTTP2_NO_ERROR, nullptr, 0);
    send();
}

void HttpPeer::send() {
    for (;;) {
        const std::uint8_t* octets = nullptr;
        const auto size = ::nghttp2_session_mem_send(session_, &octets);
        if (size <= 0) return;
        tls_.send_raw({octets, octets + size});
    }
}

HttpRequest receive(Harness& h, HttpPeer& peer) {
    std::optional<HttpRequest> got;
    h.run_ready();
    const bool there = h.run_until([&] { return (got = peer.take()).has_value(); });
    REQUIRE(there);
    return *got;
}

}  // namespace loom::forward::test
