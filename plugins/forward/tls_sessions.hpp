// SPDX-License-Identifier: Apache-2.0
// Sessions to resume, so that the next connection needs no full handshake (RFC 8446 section 2.2).
#pragma once

#include "tls_context.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace loom::forward {

struct FreeTlsSession {
    void operator()(SSL_SESSION* session) const { ::SSL_SESSION_free(session); }
};
using TlsSessionPtr = std::unique_ptr<SSL_SESSION, FreeTlsSession>;

/// Of one worker with one upstream. A session stands for the certificate that was seen when it
/// began, so those of another context, which may trust others, are not resumed.
class TlsSessions {
public:
    static constexpr std::size_t kept_max = 4;

    /// The latest session of this context; null if there is none.
    TlsSessionPtr take(SSL_CTX& context);
    void keep(TlsSessionPtr session, const SSL_CTX* context);

private:
    TlsContextPtr context_;  // Held, so that no other comes to stand at its address.
    std::vector<TlsSessionPtr> sessions_;
};

}  // namespace loom::forward
