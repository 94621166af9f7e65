// SPDX-License-Identifier: Apache-2.0
#include "hosts_file.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace loom::hosts;

namespace {

std::vector<std::string> scanned(std::string_view text) {
    std::vector<std::string> lines;
    const auto result =
        scan_hosts(text, "f", [&](const HostAddress& address, const loom::dns::Name& name) {
            lines.push_back(address.reverse_name().to_string() + " " + name.to_string());
        });
    if (!result) lines.push_back(result.error());
    return lines;
}
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("plugin/hosts: scan_hosts: addresses, names, comments, blanks") {
    CHECK(
        scanned("# a comment\n\n127.0.0.1\tlocalhost  Host.Example.org # mine\r\n"
                "  192.0.2.1 *.example.org.") == Lines{
                                                     "1.0.0.127.in-addr.arpa. localhost.",
                                                     "1.0.0.127.in-addr.arpa. host.example.org.",
                                                     "1.2.0.192.in-addr.arpa. *.example.org."});
}

TEST_CASE("plugin/hosts: scan_hosts: IPv6, with an interface, and mapped") {
    const std::string zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
    CHECK(
        scanned("2001:db8::1 a\nfe80::2%eth0 b\n::ffff:192.0.2.1 c") ==
        Lines{
            "1.0." + zeros + "8.b.d.0.1.0.0.2.ip6.arpa. a.",
            "2.0." + zeros + "0.0.0.0.0.8.e.f.ip6.arpa. b.",
            "1.2.0.192.in-addr.arpa. c."});
}

TEST_CASE("plugin/hosts: scan_hosts: stops at a mistake and names its place") {
    CHECK(scanned("\n192.0.2 a\n").at(0).starts_with("f:2: \"192.0.2\" is no address"));
    CHECK(scanned("192.0.2.1").at(0).starts_with("f:1: no name behind 192.0.2.1"));
    CHECK(scanned("192.0.2.1 # none").at(0).starts_with("f:1: no name"));
    CHECK(scanned("192.0.2.1 a\n192.0.2.1 b..c\n").at(1).starts_with("f:2: \"b..c\" is no name"));
    CHECK(scanned("192.0.2.1 .").at(0).find("no name of a host") != std::string::npos);
    CHECK(scanned("192.0.2.1 @").at(0).find("no name of a host") != std::string::npos);
    CHECK(scanned("\x01\xff a").at(0).starts_with("f:1: \"??\" is no address"));
    const std::string long_label(64, 'x');
    CHECK(scanned("192.0.2.1 " + long_label).at(0).find("63") != std::string::npos);
}
