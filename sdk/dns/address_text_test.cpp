// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/dns/address_text.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>

#include <random>
#include <string>

namespace loom::dns {
namespace {

std::string printed(std::string_view text) {
    std::string out;
    if (const auto ipv4 = parse_ipv4(text)) append_ipv4(*ipv4, out);
    if (const auto ipv6 = parse_ipv6(text)) append_ipv6(*ipv6, out);
    return out.empty() ? "refused" : out;
}

struct Row {
    const char* text;
    const char* printed;
    const char* reason;
};

}  // namespace

TEST_CASE("dns/address_text: both ways: addresses are printed as RFC 5952 says") {
    constexpr Row rows[] = {
        {"0.0.0.0", "0.0.0.0", "least"},
        {"255.255.255.255", "255.255.255.255", "greatest"},
        {"::", "::", "all zero"},
        {"::1", "::1", "zeros first"},
        {"1::", "1::", "zeros last"},
        {"2001:0DB8::0001", "2001:db8::1", "section 4.1 and 4.3: zeros and case"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "section 4.2.2: one group stays"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "section 4.2.3: the longest run"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "section 4.2.3: the first of equal runs"},
        {"::ffff:c000:201", "::ffff:192.0.2.1", "section 5: mapped"},
        {"::c000:201", "::c000:201", "not mapped"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", "dotted tail"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "longest"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(printed(row.text) == row.printed);
    }
}

TEST_CASE("dns/address_text: parse: refuses what is no address") {
    constexpr Row rows[] = {
        {"", "", "nothing"},
        {"1.2.3", "", "three numbers"},
        {"1.2.3.4.5", "", "five numbers"},
        {"1.2.3.256", "", "over 255"},
        {"1.2.3.04", "", "leading zero"},
        {"1..3.4", "", "no number"},
        {"+1.2.3.4", "", "sign"},
        {" 1.2.3.4", "", "space"},
        {":", "", "one colon"},
        {":::", "", "three colons"},
        {"1:2:3:4:5:6:7", "", "seven groups"},
        {"1:2:3:4:5:6:7:8:9", "", "nine groups"},
        {"1:2:3:4:5:6:7:8:", "", "colon at the end"},
        {"1::2::3", "", "two gaps"},
        {"::1:2:3:4:5:6:7:8", "", "a gap of nothing"},
        {"12345::", "", "five digits"},
        {"g::", "", "not hex"},
        {"1:2:3:4:5:6:7:1.2.3.4", "", "tail too late"},
        {"::1.2.3.4:5", "", "tail not last"},
        {"::1%eth0", "", "zone"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(printed(row.text) == "refused");
    }
}

TEST_CASE("dns/address_text: parse: agrees with the system on random text") {
    std::mt19937 random{7};
    constexpr std::string_view octets = "0123456789abcf::::..";
    for (int i = 0; i != 200'000; ++i) {
        std::string text(random() % 20, '\0');
        for (char& c : text) c = octets[random() % octets.size()];
        CAPTURE(text);
        std::array<std::uint8_t, 16> expected{};

        const bool system = inet_pton(AF_INET6, text.c_str(), expected.data()) == 1;
        const auto ours = parse_ipv6(text);

        // doctest's CHECK for each would take most of the time.
        if (system != ours.has_value() || (ours && *ours != expected)) FAIL("differs");
    }
}

}  // namespace loom::dns
