// SPDX-License-Identifier: Apache-2.0
#include "tls_upstream.hpp"

#include <openssl/err.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace loom::forward::test {
namespace {

int choose_http(
    SSL*,
    const unsigned char** chosen,
    unsigned char* chosen_size,
    const unsigned char* offered,
    unsigned offered_size,
    void*) {
    static constexpr std::array<unsigned char, 3> h2{2, 'h', '2'};
    auto* out = const_cast<unsigned char**>(chosen);
    return ::SSL_select_next_proto(out, chosen_size, h2.data(), h2.size(), offered, offered_size) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

TlsServer::TlsServer(const CertifiedKey& certified)
    : context_{::SSL_CTX_new(::TLS_server_method())} {
    // OpenSSL writes with write(), which raises it when the client is gone.
    std::signal(SIGPIPE, SIG_IGN);
    ::SSL_CTX_use_certificate(context_.get(), certified.certificate.get());
    ::SSL_CTX_use_PrivateKey(context_.get(), certified.key.get());
    static constexpr std::array<unsigned char, 4> id{'t', 'e', 's', 't'};
    ::SSL_CTX_set_session_id_context(context_.get(), id.data(), id.size());
}

void TlsServer::speak(int oldest, int latest) {
    ::SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), oldest);
    SSL_CTX_set_max_proto_version(context_.get(), latest);
}

void TlsServer::require_client_certificate(const TestAuthority& authority) {
    const TestFolder folder;
    const auto file = folder.write("ca.pem", authority.pem());
    ::SSL_CTX_load_verify_file(context_.get(), file.c_str());
    ::SSL_CTX_set_verify(
        context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // The harness's date is not the machine's.
    ::X509_VERIFY_PARAM_set_time(::SSL_CTX_get0_param(context_.get()), Subject{}.not_before + 1);
}

void TlsServer::agree_to_http() {
    ::SSL_CTX_set_alpn_select_cb(context_.get(), choose_http, nullptr);
}

TlsServerPeer::TlsServerPeer(TlsServer& server, TcpPeer tcp)
    : tcp_{std::move(tcp)}, ssl_{::SSL_new(&server.context())} {
    ::SSL_set_fd(ssl_.get(), tcp_.fd());
    ::SSL_set_accept_state(ssl_.get());
}

bool TlsServerPeer::shake_hands() {
    ::ERR_clear_error();
    return ::SSL_do_handshake(ssl_.get()) == 1;
}

Message TlsServerPeer::take_raw() {
    Message octets;
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
        ::ERR_clear_error();
        const int n = ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (n <= 0) return octets;
        octets.insert(octets.end(), buffer.begin(), buffer.begin() + n);
    }
}

std::optional<Message> TlsServerPeer::take() {
    const auto more = take_raw();
    unread_.insert(unread_.end(), more.begin(), more.end());
    if (unread_.size() < 2 || unread_.size() < std::size_t{2} + u16_at(unread_, 0))
        return std::nullopt;
    const auto end = unread_.begin() + 2 + u16_at(unread_, 0);
    Message message{unread_.begin() + 2, end};
    unread_.erase(unread_.begin(), end);
    return message;
}

void TlsServerPeer::send_raw(const Message& octets) {
    ::ERR_clear_error();
    const int size = static_cast<int>(octets.size());
    if (::SSL_write(ssl_.get(), octets.data(), size) != size) throw std::runtime_error{"SSL_write"};
}

std::string TlsServerPeer::wanted_name() const {
    const char* name = ::SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}

bool TlsServerPeer::has_client_certificate() const {
    return ::SSL_get0_peer_certificate(ssl_.get()) != nullptr;
}

void TlsServerPeer::close() {
    ::SSL_shutdown(ssl_.get());
    tcp_.close();
}

TlsServerPeer accept(Harness& h, ScriptedUpstream& upstream, TlsServer& server) {
    return TlsServerPeer{server, accept(h, upstream)};
}

void shake_hands(Harness& h, TlsServerPeer& peer) {
    h.run_ready();
    const bool done = h.run_until([&] { return peer.shake_hands(); });
    REQUIRE(done);
}

Message receive(Harness& h, TlsServerPeer& peer) {
    std::optional<Message> got;
    h.run_ready();
    const bool there = h.run_until([&] { return (got = peer.take()).has_value(); });
    REQUIRE(there);
    return *got;
}

}  // namespace loom::forward::test
