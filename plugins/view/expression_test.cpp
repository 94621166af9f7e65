// SPDX-License-Identifier: Apache-2.0
#include "evaluation.hpp"
#include "parser.hpp"

#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace loom;
using namespace loom::views;

namespace {

std::uint32_t key_of(std::string_view name) {
    if (!name.contains('/')) return 0;
    return name == "geoip/country/code" ? 1 : 2;
}

/// A query over TCP from 192.0.2.9 port 4053 to 2001:db8::1, for `www.example.org. AAAA`.
class Sample {
public:
    Sample() {
        name_ = *dns::Name::from_text("www.example.org.");
        query_.qname_lower = {name_.octets().data(), name_.size()};
        query_.qtype = 28;
        query_.qclass = 1;
        query_.id = 4242;
        query_.transport = LOOM_TRANSPORT_TCP;
        query_.flags = LOOM_QUERY_DO | LOOM_QUERY_EDNS;
        query_.edns_udp_size = 1232;
        query_.wire = {nullptr, 45};
        client_.family = 4;
        client_.port = 4053;
        const std::uint8_t client[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 9};
        std::ranges::copy(client, client_.ip);
        local_.family = 6;
        local_.port = 53;
        const std::uint8_t local[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        std::ranges::copy(local, local_.ip);
        query_.client = &client_;
        query_.local = &local_;
        meta_.size = sizeof meta_;
        meta_.get = [](const loom_query*, std::uint32_t key) {
            static constexpr std::uint8_t value[] = {'N', 'O'};
            return key == 1 ? loom_bytes{value, 2} : loom_bytes{};
        };
    }
    loom_query& query() { return query_; }

    /// `true`, `false`, or what is wrong.
    std::string operator()(std::string_view text) const {
        const auto node = parse_expression(text, key_of);
        if (!node) return node.error().to_string();
        return Evaluation{query_, meta_}.holds(*node) ? "true" : "false";
    }

private:
    dns::Name name_;
    loom_address client_{}, local_{};
    loom_query query_{};
    loom_meta_1 meta_{};
};

void check_all(std::initializer_list<std::pair<const char*, const char*>> table) {
    const Sample sample;
    for (const auto& [text, wanted] : table) {
        CAPTURE(std::string{text});
        CHECK(sample(text) == wanted);
    }
}

}  // namespace

TEST_CASE("view/expression: facts: are those of the query, with and without parentheses") {
    check_all({
        {"name() == 'www.example.org.'", "true"},
        {"name == \"example.org.\"", "false"},
        {"type() == 'AAAA' and class() == 'IN'", "true"},
        {"type == 'A'", "false"},
        {"client_ip() == '192.0.2.9'", "true"},
        {"server_ip() == '2001:db8::1'", "true"},
        {"port() == 4053 && server_port() == 53", "true"},
        {"port() == '4053'", "true"},
        {"proto() == 'tcp'", "true"},
        {"do()", "true"},
        {"bufsize() == 1232", "true"},
        {"id() == 0x1092", "true"},
        {"opcode() == 0", "true"},
        {"size() == 45", "true"},
        {"len(name()) == 16", "true"},
    });
}

TEST_CASE("view/expression: bufsize without EDNS: is 512") {
    Sample sample;
    sample.query().edns_udp_size = 0;
    CHECK(sample("bufsize() == 512") == "true");
}

TEST_CASE("view/expression: metadata: empty where it is not set") {
    check_all({
        {"metadata('geoip/country/code') == 'NO'", "true"},
        {"metadata('geoip/country/code') in ['SE', 'NO']", "true"},
        {"metadata('geoip/city') == ''", "true"},
    });
}

TEST_CASE("view/expression: incidr: IPv4, IPv6 and texts") {
    check_all({
        {"incidr(client_ip(), '192.0.2.0/24')", "true"},
        {"incidr(client_ip(), '192.0.2.9')", "true"},
        {"incidr(client_ip(), '198.51.100.0/24')", "false"},
        {"incidr(client_ip(), '2001:db8::/32')", "false"},
        {"incidr(server_ip(), '2001:db8::/32')", "true"},
        {"incidr('10.1.2.3', '10.0.0.0/8')", "true"},
        {"not incidr(metadata('geoip/city'), '10.0.0.0/8')", "false"},
    });
}

TEST_CASE("view/expression: operators: with their ranks") {
    check_all({
        {"true or false and false", "true"},
        {"(true or false) and false", "false"},
        {"!true || true", "true"},
        {"not (true || true)", "false"},
        {"not type() == 'A'", "true"},
        {"not do() == false", "true"},
        {"true == !false", "true"},
        {"1 + 2 * 3 == 7", "true"},
        {"(1 + 2) * 3 == 9", "true"},
        {"7 - 2 - 1 == 4", "true"},
        {"7 / 2 == 3 and 7 % 2 == 1 and -7 / 2 == -3", "true"},
        {"- -1 == 1", "true"},
        {"1 < 2 and 2 <= 2 and 2 > 1 and 2 >= 2 and 1 != 2", "true"},
        {"2 < 1 or 2 <= 1 or 1 > 2 or 1 >= 2 or 1 == 2", "false"},
        {"'a' < 'b' and 'b' >= 'a'", "true"},
        {"true != false", "true"},
    });
}

TEST_CASE("view/expression: texts: matches, contains, startsWith, endsWith") {
    check_all({
        {"name() matches '^www[.]'", "true"},
        {"name() matches `\\.org\\.$`", "true"},
        {"name() matches '^example'", "false"},
        {"name() contains 'example'", "true"},
        {"name() contains 'Example'", "false"},
        {"name() startsWith 'www.'", "true"},
        {"name() endsWith '.example.org.'", "true"},
        {"name() endsWith 'www.'", "false"},
        {"'a\\'b' == \"a'b\"", "true"},
    });
}

TEST_CASE("view/expression: in: lists and ranges") {
    check_all({
        {"type() in ['A', 'AAAA']", "true"},
        {"type() not in ['A', 'AAAA']", "false"},
        {"not (type() in ['A'])", "true"},
        {"id() in [1, 4242]", "true"},
        {"id() in 1..4242", "true"},
        {"id() in 1..4241", "false"},
        {"id() not in 4243..9999", "true"},
        {"port() in ['53', '4053']", "true"},
        {"do() in [true]", "true"},
    });
}

TEST_CASE("view/expression: what has no value: makes it false") {
    check_all({
        {"1 / (id() - id()) == 0 or true", "false"},
        {"1 % (id() - id()) == 0 or true", "false"},
        {"9223372036854775807 + 1 < 0 or true", "false"},
        {"-9223372036854775807 - 2 < 0 or true", "false"},
        {"9223372036854775807 * 2 < 0 or true", "false"},
        {"(-9223372036854775807 - 1) / -1 == 0 or true", "false"},
        {"-(-9223372036854775807 - 1) == 0 or true", "false"},
        {"true or 1 / 0 == 0", "true"},
    });
}

TEST_CASE("view/expression: mistakes: are told with their column") {
    check_all({
        {"nmae() == 'a.'",
         "column 1: there is no nmae: did you mean \"name\"? There are incidr, metadata, len, "
         "bufsize, class, "
         "client_ip, do, id, name, opcode, port, proto, server_ip, server_port, size, type"},
        {"name()", "column 1: the expression is a text: it has to be true or false"},
        {"do() and id()", "column 10: and needs true or false, and this is a number"},
        {"id() and do()", "column 1: and needs true or false, and this is a number"},
        {"id() == 'x'", "column 9: a number is compared with a text"},
        {"do() == 1", "column 9: true or false is compared with a number"},
        {"id() in ['x']", "column 10: a number is compared with a text"},
        {"name() in []", "column 11: nothing is in an empty list"},
        {"name() in 'a.'",
         "column 11: in takes a list as in [\"a\", \"b\"], or a range as in 1..9"},
        {"name() in 1..2", "column 1: in a..b needs a number, and this is a text"},
        {"id() in 1", "column 10: a range is written 1..9"},
        {"name() + 'a' == 'b'", "column 1: + needs a number, and this is a text"},
        {"-name() == 1", "column 2: - needs a number, and this is a text"},
        {"!id()", "column 2: not needs true or false, and this is a number"},
        {"id() matches 'a'", "column 1: matches needs a text, and this is a number"},
        {"name() matches type()",
         "column 16: the pattern of matches has to be a text: write `...`"},
        {"name() matches '('", "column 16: no regular expression of RE2's syntax: missing ): ("},
        {"name() contains 1", "column 17: contains needs a text, and this is a number"},
        {"incidr(client_ip())", "column 1: write incidr(client_ip(), '192.0.2.0/24')"},
        {"incidr(client_ip(), name())",
         "column 21: the network has to be a text, as in '192.0.2.0/24'"},
        {"metadata('x') == ''",
         "column 10: the name of a fact has to be a text, as in 'geoip/country/code'"},
        {"metadata() == ''", "column 10: \")\" where a value should be"},
        {"name(1) == ''", "column 6: name() takes nothing"},
        {"type() == 'AAAAA'", "column 11: \"AAAAA\" is no type"},
        {"type() == 'aaaa'", "column 11: write \"AAAA\""},
        {"'XX' == class()", "column 1: \"XX\" is no class"},
        {"proto() == 'udb'",
         "column 12: \"udb\" is no transport: did you mean \"udp\"? There are udp, tcp, tls, "
         "https, quic"},
        {"name() == 'example.org'",
         "column 11: \"example.org\" is no whole name: it ends in a dot"},
        {"name() in ['Example.org.']", "column 12: name is in lower case: write \"example.org.\""},
        {"client_ip() == '2001:DB8::1'", "column 16: write \"2001:db8::1\""},
        {"do() do()", "column 6: \"do\" where the end should be"},
        {"(do()", "column 6: the end where ) should be"},
        {"", "column 1: the end where a value should be"},
        {"do() = true", "column 6: write == to compare"},
        {"do() & true", "column 6: write &&"},
        {"do() # x", "column 6: a character that has no meaning here"},
        {"name() == 'x", "column 11: a text without its ' at the end"},
        {"name() matches '\\d'",
         "column 16: an escape other than \\\\ \\' \\\" \\n \\t \\r; for expressions write `...`"},
        {"id() == 12x", "column 9: a number that cannot be read"},
        {"id() == 99999999999999999999", "column 9: a number that cannot be read"},
    });
}

TEST_CASE("view/expression: incidr with no network: is told") {
    CHECK(Sample{}("incidr(client_ip(), '192.0.2.0/33')").starts_with("column 21: "));
}

TEST_CASE("view/expression: too long or too deep: is refused") {
    const Sample sample;
    CHECK(sample(std::string(10'001, ' ')) == "column 10001: 10000 characters are the most");
    CHECK(sample(std::string(100, '(')).find("64 operators") != std::string::npos);
    CHECK(sample(std::string(100, '!') + "true").find("64 operators") != std::string::npos);
    std::string chain = "true";
    for (int i = 0; i < 100; ++i) chain += " and true";
    CHECK(sample(chain).find("64 operators") != std::string::npos);
    std::string nots;
    for (int i = 0; i < 100; ++i) nots += "not ";
    CHECK(sample(nots + "true").find("64 operators") != std::string::npos);
}
