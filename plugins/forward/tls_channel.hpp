// SPDX-License-Identifier: Apache-2.0
// TLS on one connection, between the octets of the network and those within.
#pragma once

#include "failure.hpp"
#include "tls_context.hpp"
#include "tls_sessions.hpp"

#include <dnsloom/abi/query.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loom::forward {

/// Whom a certificate must name, and what is spoken.
struct TlsPeer {
    loom_address address{};
    std::string server_name;  ///< Empty: the certificate must name the address.
    bool is_http = false;     ///< Insists on HTTP/2 by ALPN.
};

/// The client's side. Neither reads nor writes a socket: octets go in with receive() and come out of
/// unsent(). One thread.
class TlsChannel {
public:
    /// Makes a context give its sessions to the channels.
    static void keep_sessions(SSL_CTX& context);

    /// Certificates are checked as of `now_seconds` since 1970. `sessions` outlives the channel.
    /// Null if there is no memory.
    static std::unique_ptr<TlsChannel>
    open(SSL_CTX& context, const TlsPeer& peer, TlsSessions& sessions, std::int64_t now_seconds);

    /// Takes octets that came from the network.
    void receive(std::span<const std::uint8_t> octets);
    /// Goes on with the handshake; true when it is done, false when it needs more octets.
    std::expected<bool, Failure> shake_hands();
    bool is_open() const { return open_; }
    bool is_resumed() const { return ::SSL_session_reused(ssl_.get()) == 1; }

    /// Gives what was received; 0: no more now. Failure: it ended, errno 0 if in good order.
    std::expected<std::size_t, Failure> read(std::span<std::uint8_t> into);
    /// Encrypts; once the channel is open. False if that fails for good.
    bool write(std::span<const std::uint8_t> octets);
    /// Says that no more comes.
    void say_goodbye();

    /// What the network is to have.
    std::span<const std::uint8_t> unsent() const { return std::span{out_}.subspan(sent_); }
    void sent(std::size_t size);

private:
    struct Free {
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
    };

    TlsChannel(SSL* ssl, TlsSessions& sessions) : ssl_{ssl}, sessions_{sessions} {}

    static int on_new_session(SSL* ssl, SSL_SESSION* session);
    bool configure(const TlsPeer& peer, std::int64_t now_seconds);
    bool speaks_http() const;
    Failure take_failure() const;
    void collect_output();

    std::unique_ptr<SSL, Free> ssl_;
    TlsSessions& sessions_;
    BIO* from_network_ = nullptr;  // Both are the SSL's.
    BIO* to_network_ = nullptr;
    bool open_ = false;
    bool is_http_ = false;
    std::vector<std::uint8_t> out_;
    std::size_t sent_ = 0;
};

}  // namespace loom::forward
