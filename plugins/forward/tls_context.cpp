// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#include "tls_channel.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <utility>

namespace loom::forward {
namespace {

/// The first error of this thread, which is the cause of the others; none is left.
std::string take_error() {
    const auto error = ::ERR_peek_error();
    ::ERR_clear_error();
    if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
    const char* text = ::ERR_reason_error_string(error);
    return text ? text : "cannot be used";
}

std::string wrong(std::string_view option, const std::string& path) {
    return std::string{option} + " " + path + ": " + take_error();
}

/// Instead of a prompt on the terminal.
int no_password(char*, int, int, void*) { return 0; }

bool load_authorities(SSL_CTX& context, const std::string& ca) {
    if (ca.empty()) return ::SSL_CTX_set_default_verify_paths(&context) == 1;
    return ::SSL_CTX_load_verify_file(&context, ca.c_str()) == 1;
}

}  // namespace

std::expected<TlsContextPtr, std::string> make_tls_context(const TlsFiles& files) {
    ::ERR_clear_error();
    TlsContextPtr context{::SSL_CTX_new(::TLS_client_method())};
    if (!context) return std::unexpected{"TLS cannot be used: " + take_error()};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_default_passwd_cb(context.get(), no_password);
    TlsChannel::keep_sessions(*context);

    if (!load_authorities(*context, files.ca)) return std::unexpected{wrong("tls_ca", files.ca)};
    if (files.certificate.empty()) return context;
    const auto* certificate = files.certificate.c_str();
    if (::SSL_CTX_use_certificate_chain_file(context.get(), certificate) != 1)
        return std::unexpected{wrong("tls_cert", files.certificate)};
    if (::SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
        return std::unexpected{wrong("tls_key", files.key)};
    return context;
}

TlsContextPtr TlsContexts::current() const {
    const std::scoped_lock lock{mutex_};
    if (current_) ::SSL_CTX_up_ref(current_.get());
    return TlsContextPtr{current_.get()};
}

void TlsContexts::replace(TlsContextPtr context) {
    const std::scoped_lock lock{mutex_};
    current_.swap(context);
}

}  // namespace loom::forward
