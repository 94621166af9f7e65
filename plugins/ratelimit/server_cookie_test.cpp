// SPDX-License-Identifier: Apache-2.0
#include "server_cookie.hpp"

#include <dnsloom/dns/ip_network.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

using namespace loom::ratelimit;
using enum CookieSigner::Verdict;

template <std::size_t N>
std::array<std::uint8_t, N> hex(std::string_view text) {
    std::array<std::uint8_t, N> out{};
    for (std::size_t i = 0; i < N; ++i)
        out[i] =
            static_cast<std::uint8_t>(std::stoi(std::string{text.substr(2 * i, 2)}, nullptr, 16));
    return out;
}

loom_address address(std::string_view text) {
    loom_address out{};
    const auto octets = loom::dns::parse_address(text)->octets();
    std::ranges::copy(octets, out.ip);
    out.family = text.find(':') == std::string_view::npos ? 4 : 6;
    return out;
}

constexpr std::string_view secret_text = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const Secret secret = hex<16>(secret_text);
const ClientCookie client = hex<8>("2464c4abcf10c957");
const loom_address here = address("198.51.100.100");
constexpr std::uint32_t now = 1559731985;

std::string error_of(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "secrets-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    std::ofstream{folder / "secrets"} << content;
    const auto secrets = load_secrets((folder / "secrets").string());
    std::filesystem::remove_all(folder);
    if (secrets) return std::to_string(secrets->size());
    return secrets.error().substr((folder / "secrets").string().size());
}

}  // namespace

// RFC 9018 appendix A.
TEST_CASE("plugin/ratelimit/server_cookie: make and check: give the examples of RFC 9018") {
    const CookieSigner signer;

    CHECK(signer.make(secret, client, here, now) == hex<16>("010000005cf79f111f8130c3eee29480"));
    // A.2: forty minutes later there is a new one.
    const auto first_cookie = hex<16>("010000005cf79f111f8130c3eee29480");
    CHECK(signer.check({secret}, client, first_cookie, here, now + 2400) == aging);
    CHECK(
        signer.make(secret, client, here, now + 2400) ==
        hex<16>("010000005cf7a871d4a564a1442aca77"));
    // A.3: the reserved octets are not 0.
    const auto other = hex<8>("fc93fc62807ddb86");
    const auto reserved = hex<16>("01abcdef5cf78f71a314227b6679ebf5");
    CHECK(signer.check({secret}, other, reserved, address("203.0.113.203"), 1559727985) == good);
    // A.4: IPv6, and another secret from one to the other.
    const auto six = hex<8>("22681ab97d52c298");
    const auto there = address("2001:db8:220:1:59de:d0f4:8769:82b8");
    const auto first = hex<16>("dd3bdf9344b678b185a6f5cb60fca715");
    const auto second = hex<16>("445536bcd2513298075a5d379663c962");
    const auto before = hex<16>("010000005cf7c57926556bd0934c72f8");
    CHECK(signer.check({second, first}, six, before, there, 1559741961) == aging);
    CHECK(
        signer.make(second, six, there, 1559741961) == hex<16>("010000005cf7c609a6bb79d16625507a"));
}

TEST_CASE("plugin/ratelimit/server_cookie: check: time and hash have to be right") {
    const CookieSigner signer;
    const auto cookie = signer.make(secret, client, here, now);
    const auto check = [&](std::uint32_t when) {
        return signer.check({secret}, client, cookie, here, when);
    };

    CHECK(check(now) == good);
    CHECK(check(now + 1800) == good);
    CHECK(check(now + 1801) == aging);
    CHECK(check(now + 3600) == aging);
    CHECK(check(now + 3601) == bad);
    CHECK(check(now - 300) == good);
    CHECK(check(now - 301) == bad);
    CHECK(signer.check({secret}, client, cookie, address("198.51.100.101"), now) == bad);
    CHECK(signer.check({secret}, hex<8>("2464c4abcf10c958"), cookie, here, now) == bad);
    CHECK(signer.check({Secret{}}, client, cookie, here, now) == bad);
    CHECK(signer.check({secret}, client, std::span{cookie}.first(15), here, now) == bad);
    auto forged = cookie;
    forged[15] ^= 1;
    CHECK(signer.check({secret}, client, forged, here, now) == bad);
    forged = cookie;
    forged[0] = 2;
    CHECK(signer.check({secret}, client, forged, here, now) == bad);
}

TEST_CASE("plugin/ratelimit/server_cookie: parse_secret: takes 32 digits and nothing else") {
    CHECK(parse_secret(secret_text) == secret);
    CHECK(parse_secret("E5E973E5A6B2A43F48E7DC849E37BFCF") == secret);
    for (const auto* text :
         {"",
          "e5",
          "e5e973e5a6b2a43f48e7dc849e37bfc",
          "e5e973e5a6b2a43f48e7dc849e37bfcfe5",
          "g5e973e5a6b2a43f48e7dc849e37bfcf"})
        CHECK(parse_secret(text).error().find("openssl rand -hex 16") != std::string::npos);
}

TEST_CASE(
    "plugin/ratelimit/server_cookie: load_secrets: reads a line each and says what is wrong") {
    const std::string line = std::string{secret_text} + "\n";

    CHECK(error_of("# new\n" + line + "\n" + line + "  " + line) == "3");
    CHECK(error_of(std::string{secret_text}) == "1");
    CHECK(error_of(line + "xyz\n").starts_with(":2: a cookie secret is 32"));
    CHECK(error_of("").starts_with(": no secret"));
    std::string many;
    for (int i = 0; i < 9; ++i) many += line;
    CHECK(error_of(many).starts_with(":9: more than 8 secrets"));
    CHECK(error_of(std::string(2000, 'a')).find("too long") != std::string::npos);
    CHECK(load_secrets("/nonexistent/x").error().find("make it readable") != std::string::npos);
}
