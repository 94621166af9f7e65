// SPDX-License-Identifier: Apache-2.0
// What all TLS connections of an instance have in common: whom they trust, and who they are.
#pragma once

#include <openssl/ssl.h>

#include <expected>
#include <memory>
#include <mutex>
#include <string>

namespace loom::forward {

/// Paths in PEM; empty: the system's certificate authorities, and no certificate of our own.
struct TlsFiles {
    std::string ca;
    std::string certificate;
    std::string key;
};

struct FreeTlsContext {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using TlsContextPtr = std::unique_ptr<SSL_CTX, FreeTlsContext>;

/// Reads the files. TLS 1.2 or later (RFC 8310 section 9), peers always verified. The error names
/// the file and what is wrong with it.
[[nodiscard]] std::expected<TlsContextPtr, std::string> make_tls_context(const TlsFiles& files);

/// The present context. Replaced on the control thread while workers open connections with it; that
/// takes a lock, as rare as new connections.
class TlsContexts {
public:
    /// A reference of the caller's own. Null before the first replace(). Any thread.
    TlsContextPtr current() const;
    void replace(TlsContextPtr context);

private:
    mutable std::mutex mutex_;
    TlsContextPtr current_;
};

}  // namespace loom::forward
