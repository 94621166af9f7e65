// SPDX-License-Identifier: Apache-2.0
#include "http_codec.hpp"

#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <new>
#include <string_view>
#include <utility>

namespace loom::forward {
namespace {

constexpr std::string_view media_type = "application/dns-message";
constexpr std::size_t reply_max = 65535;
constexpr std::size_t reply_min = 12;
constexpr std::size_t output_max = 65536;
constexpr std::uint16_t https_port = 443;

/// What a server is called in HTTP. A name that it was given for its certificate is the one it
/// answers to.
std::string authority_of(const Endpoint& endpoint) {
    auto address = endpoint.address;
    auto text = endpoint.server_name;
    if (text.empty()) {
        text = make_endpoint(address).text;
        text.resize(text.rfind(':'));
    }
    if (address.port != https_port) text += ":" + std::to_string(address.port);
    return text;
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    // nghttp2 does not write there.
    auto* name_octets = const_cast<char*>(name.data());
    auto* value_octets = const_cast<char*>(value.data());
    return {
        reinterpret_cast<std::uint8_t*>(name_octets),
        reinterpret_cast<std::uint8_t*>(value_octets),
        name.size(),
        value.size(),
        NGHTTP2_NV_FLAG_NONE};
}

std::string_view view(const std::uint8_t* octets, std::size_t size) {
    return {reinterpret_cast<const char*>(octets), size};
}

/// Parameters may follow (RFC 9110 section 8.3.1).
bool is_media_type(std::string_view value) {
    value = value.substr(0, value.find(';'));
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    return std::ranges::equal(value, media_type, [](char a, char b) {
        return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b);
    });
}

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

struct HttpCodec::Callbacks {
    static HttpCodec& codec(void* user) { return *static_cast<HttpCodec*>(user); }

    static ssize_t read_query(
        nghttp2_session*,
        std::int32_t,
        std::uint8_t* into,
        std::size_t room,
        std::uint32_t* flags,
        nghttp2_data_source* source,
        void*) {
        auto& stream = *static_cast<Stream*>(source->ptr);
        const auto size = std::min(room, stream.query.size() - stream.query_sent);
        std::copy_n(stream.query.data() + stream.query_sent, size, into);
        stream.query_sent += size;
        if (stream.query_sent == stream.query.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(size);
    }

    static int on_header(
        nghttp2_session*,
        const nghttp2_frame* frame,
        const std::uint8_t* name,
        std::size_t name_size,
        const std::uint8_t* value,
        std::size_t value_size,
        std::uint8_t,
        void* user) {
        auto* stream = codec(user).find(frame->hd.stream_id);
        if (!stream) return 0;
        const auto key = view(name, name_size);
        if (key == ":status") stream->status = number_of(view(value, value_size));
        if (key == "content-type") stream->is_dns = is_media_type(view(value, value_size));
        return 0;
    }

    static int on_data(
        nghttp2_session* session,
        std::uint8_t,
        std::int32_t number,
        const std::uint8_t* octets,
        std::size_t size,
        void* user) {
        auto* stream = codec(user).find(number);
        if (!stream || stream->too_large) return 0;
        if (stream->status != 200) return 0;  // A page of words; nobody reads it.
        if (stream->reply.size() + size > reply_max) {
            stream->too_large = true;
            ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, number, NGHTTP2_CANCEL);
            return 0;
        }
        stream->reply.insert(stream->reply.end(), octets, octets + size);
        return 0;
    }

    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_GOAWAY) codec(user).ending_ = true;
        return 0;
    }

    static int
    on_stream_end(nghttp2_session*, std::int32_t number, std::uint32_t error, void* user) {
        try {
            codec(user).end(number, error);
        } catch (const std::bad_alloc&) {
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        return 0;
    }
};

nghttp2_session* HttpCodec::make_session(HttpCodec& codec) {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (::nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc{};
    ::nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
    ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
    ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
    ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_stream_end);
    nghttp2_session* session = nullptr;
    const int made = ::nghttp2_session_client_new(&session, callbacks, &codec);
    ::nghttp2_session_callbacks_del(callbacks);
    if (made != 0) throw std::bad_alloc{};
    return session;
}

HttpCodec::HttpCodec(const Endpoint& endpoint)
    : authority_{authority_of(endpoint)}, path_{endpoint.path}, session_{make_session(*this)} {
    constexpr std::array settings{
        nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16384}};
    ::nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
}

HttpCodec::~HttpCodec() { ::nghttp2_session_del(session_); }

HttpCodec::Stream* HttpCodec::find(std::int32_t number) {
    const auto found = streams_.find(number);
    return found == streams_.end() ? nullptr : found->second.get();
}

void HttpCodec::add(std::span<const std::uint8_t> message) {
    auto stream = std::make_unique<Stream>();
    stream->id = dns::load_u16(message.data());
    stream->query.assign(message.begin(), message.end());
    dns::store_u16(stream->query.data(), 0);
    const auto size = std::to_string(message.size());
    const std::array fields{
        field(":method", "POST"),
        field(":scheme", "https"),
        field(":authority", authority_),
        field(":path", path_),
        field("content-type", media_type),
        field("accept", media_type),
        field("content-length", size)};
    nghttp2_data_provider body{
        .source = {.ptr = stream.get()}, .read_callback = Callbacks::read_query};
    const auto number =
        ::nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &body, nullptr);
    if (number < 0) {
        ending_ = true;
        results_.push_back({stream->id, Failure{Failure::Kind::http, 0, 0}, {}});
        return;
    }
    streams_.emplace(number, std::move(stream));
}

std::span<const std::uint8_t> HttpCodec::unsent() {
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
        collect_output();
    }
    return std::span{out_}.subspan(sent_);
}

void HttpCodec::collect_output() {
    while (out_.size() < output_max) {
        const std::uint8_t* octets = nullptr;
        const auto size = ::nghttp2_session_mem_send(session_, &octets);
        if (size <= 0) return;
        out_.insert(out_.end(), octets, octets + size);
    }
}

std::optional<Failure> HttpCodec::filled(std::size_t size) {
    if (::nghttp2_session_mem_recv(session_, in_.data(), size) < 0)
        return Failure{Failure::Kind::http, 0, 0};
    // When the peer broke the protocol, nghttp2 says goodbye and then reads no more.
    collect_output();
    if (::nghttp2_session_want_read(session_) != 0 || ending_) return std::nullopt;
    return Failure{Failure::Kind::http, 0, 0};
}

std::optional<Failure> HttpCodec::failure_of(const Stream& stream, std::uint32_t error) {
    if (stream.too_large) return Failure{Failure::Kind::malformed, 0, 0};
    // Not looked at by the server (RFC 9113 section 8.7): may be asked again elsewhere.
    if (error == NGHTTP2_REFUSED_STREAM) return Failure{Failure::Kind::network, 0, ECONNRESET};
    if (error != NGHTTP2_NO_ERROR) return Failure{Failure::Kind::http, 0, 0};
    if (stream.status != 200) return Failure{Failure::Kind::http, 0, stream.status};
    if (!stream.is_dns) return Failure{Failure::Kind::media_type, 0, 0};
    if (stream.reply.size() < reply_min || dns::load_u16(stream.reply.data()) != 0)
        return Failure{Failure::Kind::malformed, 0, 0};
    return std::nullopt;
}

void HttpCodec::end(std::int32_t number, std::uint32_t error) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) return;
    const auto stream = std::move(found->second);
    streams_.erase(found);
    const auto failure = failure_of(*stream, error);
    if (!failure) dns::store_u16(stream->reply.data(), stream->id);
    results_.push_back({stream->id, failure, std::move(stream->reply)});
}

std::optional<Incoming> HttpCodec::next() {
    if (results_.empty()) return std::nullopt;
    given_ = std::move(results_.front());
    results_.pop_front();
    return Incoming{.message = given_.reply, .failure = given_.failure, .failed_id = given_.id};
}

}  // namespace loom::forward
