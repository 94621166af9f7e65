// SPDX-License-Identifier: Apache-2.0
#include "tls_sessions.hpp"

#include <utility>

namespace loom::forward {

TlsSessionPtr TlsSessions::take(SSL_CTX& context) {
    if (context_.get() != &context) {
        sessions_.clear();
        ::SSL_CTX_up_ref(&context);
        context_.reset(&context);
    }
    if (sessions_.empty()) return nullptr;
    // Tickets of TLS 1.3 are used once, or a watcher could link the connections (RFC 8446 appendix
    // C.4); those of TLS 1.2 need not be followed by another.
    if (::SSL_SESSION_get_protocol_version(sessions_.back().get()) < TLS1_3_VERSION) {
        ::SSL_SESSION_up_ref(sessions_.back().get());
        return TlsSessionPtr{sessions_.back().get()};
    }
    auto latest = std::move(sessions_.back());
    sessions_.pop_back();
    return latest;
}

void TlsSessions::keep(TlsSessionPtr session, const SSL_CTX* context) {
    if (context_.get() != context || ::SSL_SESSION_is_resumable(session.get()) != 1) return;
    if (sessions_.size() == kept_max) sessions_.erase(sessions_.begin());
    sessions_.push_back(std::move(session));
}

}  // namespace loom::forward
