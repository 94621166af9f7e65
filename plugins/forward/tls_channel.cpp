// SPDX-License-Identifier: Apache-2.0
#include "tls_channel.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace loom::forward {
namespace {

constexpr std::size_t v4_offset = 12;  // In a v4-mapped address.
constexpr std::array<unsigned char, 3> alpn_h2{2, 'h', '2'};

int int_size(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, 1U << 30U)); }

bool expect_address(SSL& ssl, const loom_address& address) {
    const bool is_v4 = address.family == 4;
    const auto* octets = address.ip + (is_v4 ? v4_offset : 0);
    return ::X509_VERIFY_PARAM_set1_ip(::SSL_get0_param(&ssl), octets, is_v4 ? 4 : 16) == 1;
}

bool expect_name(SSL& ssl, const std::string& name) {
    ::SSL_set_hostflags(&ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return ::SSL_set1_host(&ssl, name.c_str()) == 1 &&
           SSL_set_tlsext_host_name(&ssl, name.c_str()) == 1;
}

}  // namespace

void TlsChannel::keep_sessions(SSL_CTX& context) {
    ::SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(&context, on_new_session);
}

int TlsChannel::on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto& channel = *static_cast<TlsChannel*>(SSL_get_app_data(ssl));
    channel.sessions_.keep(TlsSessionPtr{session}, ::SSL_get_SSL_CTX(ssl));
    return 1;
}

std::unique_ptr<TlsChannel> TlsChannel::open(
    SSL_CTX& context, const TlsPeer& peer, TlsSessions& sessions, std::int64_t now_seconds) {
    auto* ssl = ::SSL_new(&context);
    if (!ssl) return nullptr;
    std::unique_ptr<TlsChannel> channel{new TlsChannel{ssl, sessions}};
    if (!channel->configure(peer, now_seconds)) return nullptr;
    if (const auto session = sessions.take(context)) ::SSL_set_session(ssl, session.get());
    return channel;
}

bool TlsChannel::configure(const TlsPeer& peer, std::int64_t now_seconds) {
    from_network_ = ::BIO_new(::BIO_s_mem());
    to_network_ = ::BIO_new(::BIO_s_mem());
    ::SSL_set_bio(ssl_.get(), from_network_, to_network_);
    if (!from_network_ || !to_network_) return false;
    SSL_set_app_data(ssl_.get(), this);
    ::SSL_set_connect_state(ssl_.get());
    ::X509_VERIFY_PARAM_set_time(::SSL_get0_param(ssl_.get()), now_seconds);
    is_http_ = peer.is_http;
    if (is_http_ && ::SSL_set_alpn_protos(ssl_.get(), alpn_h2.data(), alpn_h2.size()) != 0)
        return false;
    return peer.server_name.empty() ? expect_address(*ssl_, peer.address)
                                    : expect_name(*ssl_, peer.server_name);
}

void TlsChannel::receive(std::span<const std::uint8_t> octets) {
    ::BIO_write(from_network_, octets.data(), int_size(octets.size()));
}

std::expected<bool, Failure> TlsChannel::shake_hands() {
    ::ERR_clear_error();
    const int done = ::SSL_do_handshake(ssl_.get());
    collect_output();
    if (done == 1) {
        open_ = true;
        if (is_http_ && !speaks_http()) return std::unexpected{Failure{Failure::Kind::http, 0, 0}};
        return true;
    }
    const int error = ::SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
    return std::unexpected{take_failure()};
}

bool TlsChannel::speaks_http() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return size == 2 && std::equal(chosen, chosen + size, alpn_h2.begin() + 1);
}

Failure TlsChannel::take_failure() const {
    const auto error = ::ERR_peek_error();
    ::ERR_clear_error();
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const auto verdict = static_cast<int>(::SSL_get_verify_result(ssl_.get()));
        return {Failure::Kind::certificate, 0, verdict};
    }
    return {Failure::Kind::tls, 0, static_cast<int>(error)};
}

std::expected<std::size_t, Failure> TlsChannel::read(std::span<std::uint8_t> into) {
    ::ERR_clear_error();
    const int n = ::SSL_read(ssl_.get(), into.data(), int_size(into.size()));
    collect_output();
    if (n > 0) return static_cast<std::size_t>(n);
    const int error = ::SSL_get_error(ssl_.get(), n);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
    if (error == SSL_ERROR_ZERO_RETURN)
        return std::unexpected{Failure{Failure::Kind::network, 0, 0}};
    return std::unexpected{take_failure()};
}

bool TlsChannel::write(std::span<const std::uint8_t> octets) {
    if (octets.empty()) return true;
    ::ERR_clear_error();
    const int n = ::SSL_write(ssl_.get(), octets.data(), int_size(octets.size()));
    collect_output();
    return n == static_cast<int>(octets.size());
}

void TlsChannel::say_goodbye() {
    if (!open_) return;
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
    collect_output();
}

void TlsChannel::collect_output() {
    const auto pending = ::BIO_ctrl_pending(to_network_);
    if (pending == 0) return;
    const auto old_size = out_.size();
    out_.resize(old_size + pending);
    ::BIO_read(to_network_, out_.data() + old_size, int_size(pending));
}

void TlsChannel::sent(std::size_t size) {
    sent_ += size;
    if (sent_ != out_.size()) return;
    out_.clear();
    sent_ = 0;
}

}  // namespace loom::forward
