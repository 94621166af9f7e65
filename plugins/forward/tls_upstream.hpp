// SPDX-License-Identifier: Apache-2.0
// An upstream's side of TLS, for tests.
#pragma once

#include "forward_bench.hpp"
#include "test_authority.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

namespace loom::forward::test {

/// How a server does TLS.
class TlsServer {
public:
    explicit TlsServer(const CertifiedKey& certified);

    SSL_CTX& context() { return *context_; }
    void speak(int oldest, int latest);
    /// Refuses clients without a certificate of this authority.
    void require_client_certificate(const TestAuthority& authority);
    /// Agrees to `h2` when it is offered.
    void agree_to_http();

private:
    struct Free {
        void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// One connection.
class TlsServerPeer {
public:
    TlsServerPeer(TlsServer& server, TcpPeer tcp);

    /// Goes on with the handshake; true once it is done.
    bool shake_hands();
    /// What the client sent, or as much as is there.
    Message take_raw();
    /// The next message if it is there already.
    std::optional<Message> take();
    void send(const Message& message) { send_raw(TcpPeer::frame(message)); }
    void send_raw(const Message& octets);

    bool is_resumed() const { return ::SSL_session_reused(ssl_.get()) == 1; }
    /// What the client said whom it wants to talk to (SNI).
    std::string wanted_name() const;
    bool has_client_certificate() const;
    /// With close_notify.
    void close();
    void reset() { tcp_.reset(); }

private:
    struct Free {
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
    };
    TcpPeer tcp_;
    std::unique_ptr<SSL, Free> ssl_;
    Message unread_;
};

/// Waits for a connection of the plugin.
TlsServerPeer accept(Harness& h, ScriptedUpstream& upstream, TlsServer& server);
/// Waits until the handshake is done.
void shake_hands(Harness& h, TlsServerPeer& peer);
Message receive(Harness& h, TlsServerPeer& peer);

}  // namespace loom::forward::test
