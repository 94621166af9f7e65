// SPDX-License-Identifier: Apache-2.0
#include "failure.hpp"

#include "endpoint.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace loom::forward {
namespace {

std::string tls_reason(int error) {
    if (error == 0) return "closed within the TLS handshake";
    const char* text = ::ERR_reason_error_string(static_cast<unsigned long>(error));
    return "TLS: " + std::string{text ? text : "protocol error"};
}

std::string certificate_reason(int error) {
    return "its certificate is not valid: " + std::string{::X509_verify_cert_error_string(error)};
}

std::string http_reason(int status) {
    return status == 0 ? "malformed HTTP/2" : "HTTP status " + std::to_string(status);
}

std::string reason(const Failure& failure) {
    switch (failure.kind) {
    case Failure::Kind::timed_out:
        return "timed out";
    case Failure::Kind::network:
        return describe_errno(failure.error);
    case Failure::Kind::malformed:
        return "malformed reply";
    case Failure::Kind::tls:
        return tls_reason(failure.error);
    case Failure::Kind::certificate:
        return certificate_reason(failure.error);
    case Failure::Kind::http:
        return http_reason(failure.error);
    case Failure::Kind::media_type:
        return "its HTTP answer is no DNS message";
    case Failure::Kind::no_address:
        return "its name has no address";
    case Failure::Kind::no_room:
        break;
    }
    return "too many queries under way";
}

}  // namespace

std::string describe(const Failure& failure, std::string_view to) {
    return std::string{to} + ": " + reason(failure);
}

}  // namespace loom::forward
