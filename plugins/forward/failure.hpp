// SPDX-License-Identifier: Apache-2.0
// Why an attempt at an upstream failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loom::forward {

/// Small enough to be kept with every query; the words are made when somebody reads them.
struct Failure {
    enum class Kind : std::uint8_t {
        timed_out,
        network,      ///< `error` is an errno.
        malformed,    ///< The reply was nonsense.
        no_room,      ///< Too many queries under way here.
        tls,          ///< `error` is OpenSSL's, 0: closed within the handshake.
        certificate,  ///< `error` is an X509_V_ERR_*.
        http,         ///< `error` is a status of HTTP, 0: nonsense in HTTP/2.
        media_type,   ///< An answer in HTTP that is no DNS message.
        no_address,   ///< The upstream's name has no address.
    };
    Kind kind = Kind::timed_out;
    std::uint8_t upstream = 0;
    int error = 0;

    bool is_of_tls() const { return kind == Kind::tls || kind == Kind::certificate; }
};

/// `192.0.2.1:53: timed out`.
[[nodiscard]] std::string describe(const Failure& failure, std::string_view to);

}  // namespace loom::forward
