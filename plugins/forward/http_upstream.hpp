// SPDX-License-Identifier: Apache-2.0
// An upstream's side of HTTP/2, for tests.
#pragma once

#include "tls_upstream.hpp"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace loom::forward::test {

struct HttpRequest {
    std::int32_t stream = 0;
    std::map<std::string, std::string> fields;
    Message body;
};

class HttpPeer {
public:
    explicit HttpPeer(TlsServerPeer tls);
    HttpPeer(const HttpPeer&) = delete;
    HttpPeer& operator=(const HttpPeer&) = delete;
    ~HttpPeer();

    /// The next request if all of it is there already.
    std::optional<HttpRequest> take();
    void respond(
        const HttpRequest& request,
        const Message& body,
        const std::string& status = "200",
        const std::string& type = "application/dns-message");
    void refuse(const HttpRequest& request, std::uint32_t error);
    /// Says that no request after `last` is served.
    void go_away(const HttpRequest& last);
    /// How much of a response could not be sent.
    std::size_t unsent(const HttpRequest& request) { return replies_[request.stream].size(); }
    TlsServerPeer& tls() { return tls_; }

private:
    struct Callbacks;
    void send();

    TlsServerPeer tls_;
    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, HttpRequest> unfinished_;
    std::map<std::int32_t, Message> replies_;
    std::deque<HttpRequest> requests_;
};

HttpRequest receive(Harness& h, HttpPeer& peer);

}  // namespace loom::forward::test
