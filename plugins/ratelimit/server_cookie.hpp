// SPDX-License-Identifier: Apache-2.0
// Server cookies that all servers with the same secret understand (RFC 9018).
#pragma once

#include <dnsloom/abi/query.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct evp_mac_ctx_st;

namespace loom::ratelimit {

using Secret = std::array<std::uint8_t, 16>;
using ClientCookie = std::array<std::uint8_t, 8>;
using ServerCookie = std::array<std::uint8_t, 16>;

/// The first one makes cookies; all are good for checking them.
using Secrets = std::vector<Secret>;
inline constexpr std::size_t secrets_max = 8;

/// 32 hexadecimal digits. The error says what to change.
[[nodiscard]] std::expected<Secret, std::string> parse_secret(std::string_view text);
/// A file with one secret a line; `#` begins a comment. The error begins with `PATH:LINE:`. What
/// is in the file is never part of it.
[[nodiscard]] std::expected<Secrets, std::string> load_secrets(const std::string& path);
/// From the system's source. Throws std::runtime_error.
[[nodiscard]] Secret random_secret();

/// Makes and checks cookies with SipHash-2-4. One a worker; allocates nothing after it is made.
class CookieSigner {
public:
    /// Throws std::runtime_error if OpenSSL has no SipHash.
    CookieSigner();
    ~CookieSigner();
    CookieSigner(const CookieSigner&) = delete;
    CookieSigner& operator=(const CookieSigner&) = delete;

    /// `now_s` is the wall clock in seconds since 1970; only the low 32 bits count.
    ServerCookie make(
        const Secret& secret,
        const ClientCookie& client,
        const loom_address& address,
        std::uint32_t now_s) const;

    enum class Verdict : std::uint8_t {
        bad,    ///< Made up, of another client, too old, or from the future.
        aging,  ///< Good, but the client should get a new one.
        good,   ///< The client may go on with it.
    };
    Verdict check(
        const Secrets& secrets,
        const ClientCookie& client,
        std::span<const std::uint8_t> server,
        const loom_address& address,
        std::uint32_t now_s) const;

private:
    using Hash = std::array<std::uint8_t, 8>;
    Hash hash(
        const Secret& secret,
        const ClientCookie& client,
        std::span<const std::uint8_t, 8> head,
        const loom_address& address) const;

    evp_mac_ctx_st* context_;
};

}  // namespace loom::ratelimit
