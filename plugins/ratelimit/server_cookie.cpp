// SPDX-License-Identifier: Apache-2.0
#include "server_cookie.hpp"

#include <dnsloom/dns/wire.hpp>

#include <fmt/format.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace loom::ratelimit {
namespace {

// RFC 9018 section 4: version, three reserved octets, the time, and the hash over all of it.
constexpr std::uint8_t version = 1;
constexpr std::size_t head_size = 8;

// Section 4.3: an hour, five minutes ahead, and half an hour until there is a new one.
constexpr std::int32_t age_max_s = 3600;
constexpr std::int32_t ahead_max_s = 300;
constexpr std::int32_t fresh_s = 1800;

constexpr std::size_t line_size_max = 1024;
constexpr std::size_t lines_max = 256;

std::optional<std::uint8_t> digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

std::string_view trimmed(std::string_view line) {
    line = line.substr(0, line.find('#'));
    constexpr std::string_view blanks = " \t\r";
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::expected<Secret, std::string> parse_secret(std::string_view text) {
    Secret secret{};
    const bool fits = text.size() == 2 * secret.size();
    for (std::size_t i = 0; fits && i < text.size(); ++i) {
        const auto value = digit(text[i]);
        if (!value) break;
        secret[i / 2] = static_cast<std::uint8_t>(secret[i / 2] << 4U | *value);
        if (i + 1 == text.size()) return secret;
    }
    return std::unexpected{std::string{
        "a cookie secret is 32 hexadecimal digits: make one with `openssl rand -hex 16`"}};
}

std::expected<Secrets, std::string> load_secrets(const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        return std::unexpected{fmt::format(
            "{}: {}: make it readable, or name another file", path, std::strerror(errno))};
    }
    Secrets secrets;
    std::array<char, line_size_max> line{};
    for (std::size_t number = 1; file.getline(line.data(), line.size()); ++number) {
        const auto text = trimmed(line.data());
        if (text.empty() && number <= lines_max) continue;
        const auto secret = parse_secret(text);
        if (!secret) return std::unexpected{fmt::format("{}:{}: {}", path, number, secret.error())};
        if (secrets.size() == secrets_max || number > lines_max) {
            return std::unexpected{fmt::format(
                "{}:{}: more than {} secrets: leave out old ones", path, number, secrets_max)};
        }
        secrets.push_back(*secret);
    }
    if (!file.eof())
        return std::unexpected{fmt::format("{}: a line is too long: write secrets alone", path)};
    if (secrets.empty())
        return std::unexpected{
            fmt::format("{}: no secret: write one of 32 hexadecimal digits", path)};
    return secrets;
}

Secret random_secret() {
    Secret secret{};
    if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
        throw std::runtime_error("the system gives no random numbers");
    return secret;
}

CookieSigner::CookieSigner() {
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
    context_ = mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    std::size_t size = Hash{}.size();
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
    if (context_ != nullptr && EVP_MAC_CTX_set_params(context_, parameters) == 1) return;
    EVP_MAC_CTX_free(context_);
    throw std::runtime_error("OpenSSL has no SipHash: set cookies = false");
}

CookieSigner::~CookieSigner() { EVP_MAC_CTX_free(context_); }

CookieSigner::Hash CookieSigner::hash(
    const Secret& secret,
    const ClientCookie& client,
    std::span<const std::uint8_t, 8> head,
    const loom_address& address) const {
    const bool is_ipv4 = address.family == 4;
    std::array<std::uint8_t, 32> text{};
    std::ranges::copy(client, text.begin());
    std::ranges::copy(head, text.begin() + 8);
    std::memcpy(text.data() + 16, address.ip + (is_ipv4 ? 12 : 0), is_ipv4 ? 4 : 16);
    Hash hash{};
    std::size_t size = 0;
    const bool is_done = EVP_MAC_init(context_, secret.data(), secret.size(), nullptr) == 1 &&
                         EVP_MAC_update(context_, text.data(), is_ipv4 ? 20 : 32) == 1 &&
                         EVP_MAC_final(context_, hash.data(), &size, hash.size()) == 1;
    if (!is_done || size != hash.size()) throw std::runtime_error("SipHash failed");
    return hash;
}

ServerCookie CookieSigner::make(
    const Secret& secret,
    const ClientCookie& client,
    const loom_address& address,
    std::uint32_t now_s) const {
    ServerCookie cookie{version};
    dns::store_u32(cookie.data() + 4, now_s);
    const Hash made = hash(secret, client, std::span{cookie}.first<head_size>(), address);
    std::ranges::copy(made, cookie.begin() + head_size);
    return cookie;
}

CookieSigner::Verdict CookieSigner::check(
    const Secrets& secrets,
    const ClientCookie& client,
    std::span<const std::uint8_t> server,
    const loom_address& address,
    std::uint32_t now_s) const {
    if (server.size() != ServerCookie{}.size() || server[0] != version) return Verdict::bad;
    // Serial number arithmetic (RFC 1982): the time wraps in 2106.
    const auto age = static_cast<std::int32_t>(now_s - dns::load_u32(server.data() + 4));
    if (age > age_max_s || age < -ahead_max_s) return Verdict::bad;
    for (const Secret& secret : secrets) {
        const Hash made = hash(secret, client, server.first<head_size>(), address);
        if (CRYPTO_memcmp(made.data(), server.data() + head_size, made.size()) != 0) continue;
        return age <= fresh_s && &secret == secrets.data() ? Verdict::good : Verdict::aging;
    }
    return Verdict::bad;
}

}  // namespace loom::ratelimit
