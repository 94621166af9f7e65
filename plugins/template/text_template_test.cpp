// SPDX-License-Identifier: Apache-2.0
#include "matcher.hpp"
#include "record_line.hpp"
#include "text_template.hpp"

#include <dnsloom/dns/rdata.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace loom;
using namespace loom::templates;

namespace {

/// A query for `ip-10-0-0b.example.org.`, type AAAA, from 192.0.2.9, whose name an expression took
/// apart.
class Sample {
public:
    explicit Sample(
        const std::string& pattern = R"(^(?P<kind>[a-z]+)-(?P<a>[0-9]+)-0-(?P<hex>[0-9a-f]+)\.)") {
        REQUIRE(matcher_.add(pattern));
        name_ = *dns::Name::from_text("ip-10-0-0b.Example.org.");
        client_.family = 4;
        const std::uint8_t ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 9};
        std::copy(std::begin(ip), std::end(ip), client_.ip);
        query_.qname = {name_.octets().data(), name_.size()};
        query_.qtype = 28;
        query_.qclass = 1;
        query_.id = 4242;
        query_.client = &client_;
        meta_.size = sizeof meta_;
        meta_.get = [](const loom_query*, std::uint32_t key) {
            static constexpr std::uint8_t value[] = {'N', 'O'};
            return key == 1 ? loom_bytes{value, 2} : loom_bytes{};
        };
        REQUIRE(matcher_.find(text_, match_));
    }

    /// What the text becomes, or `?` if a value cannot be made, or the error.
    std::string operator()(std::string_view text) const {
        const auto made = TextTemplate::compile(text, names());
        if (!made) return made.error();
        std::string out;
        const Facts facts{&query_, &meta_, text_, zone_, match_.groups(), match_.group_numbers};
        return made->expand(facts, out) ? out : "?";
    }
    Names names() const {
        return {matcher_.group_names(), matcher_.groups(), [](std::string_view name) {
                    if (!name.contains('/')) return 0U;
                    return name == "geoip/country/code" ? 1U : 2U;
                }};
    }

private:
    Matcher matcher_;
    Match match_;
    dns::Name name_;
    dns::Name zone_ = *dns::Name::from_text("example.org.");
    std::string text_ = "ip-10-0-0b.example.org.";
    loom_address client_{};
    loom_query query_{};
    loom_meta_1 meta_{};
};

std::string record(std::string_view text) {
    const auto line = read_record(text);
    if (!line) return line.error();
    return line->owner.to_string() + " " + std::to_string(line->ttl) + " " +
           std::to_string(line->klass) + " " + dns::rdata_to_text(line->type, line->rdata);
}

}  // namespace

TEST_CASE("template/text: fields: are those of the query") {
    const Sample sample;
    CHECK(sample("a {{ .Name }} b") == "a ip-10-0-0b.example.org. b");
    CHECK(sample("{{.Zone}}") == "example.org.");
    CHECK(sample("{{ .Type }} {{ .Class }}") == "AAAA IN");
    CHECK(sample("{{ .Remote }}") == "192.0.2.9");
    CHECK(sample("{{ .Question.Name }}") == "ip-10-0-0b.Example.org.");
    CHECK(sample("{{ .Question.Qtype }} {{ .Question.Qclass }}") == "28 1");
    CHECK(sample("{{ .Message.Id }}") == "4242");
}

TEST_CASE("template/text: groups: by name and by number") {
    const Sample sample;
    CHECK(sample("{{ .Group.a }}/{{ index .Group \"kind\" }}") == "10/ip");
    CHECK(sample("{{ index .Match 0 }} {{ index .Match 2 }}") == "ip-10-0-0b. 10");
    CHECK(sample("{{ index .Group \"2\" }}") == "10");
    CHECK(sample("{{ index .Match (len \"ab\") }}") == "10");
    CHECK(sample("{{ index .Match (len \"abcde\") }}") == "?");
}

TEST_CASE("template/text: facts of other plugins: empty where they are not set") {
    const Sample sample;
    CHECK(sample("<{{ .Meta \"geoip/country/code\" }}>") == "<NO>");
    CHECK(sample("<{{ .Meta \"geoip/city\" }}>") == "<>");
    CHECK(sample("{{ .Meta \"geoip\" }}").find("geoip/country/code") != std::string::npos);
}

TEST_CASE("template/text: functions: as Go has them") {
    const Sample sample;
    CHECK(sample("{{ parseInt .Group.hex 16 8 }}") == "11");
    CHECK(sample("{{ .Group.a | printf \"%s-%s\" \"x\" }}") == "x-10");
    CHECK(
        sample("{{ parseInt .Group.a 10 32 | printf \"%02x|%4d|%-4d|%X%%\" 5 6 7 }}") ==
        "05|   6|7   |A%");
    CHECK(
        sample("{{ printf \"%v %t %o %b\" .Name true 8 5 }}") ==
        "ip-10-0-0b.example.org. true 10 101");
    CHECK(sample("{{ printf \"%x\" \"ab\" }}") == "6162");
    CHECK(sample("{{ printf \"%05d\" -42 }}") == "-0042");
    CHECK(sample("{{ len .Group.a }}") == "2");
    CHECK(sample("{{ slice .Group.kind 1 }}{{ slice .Group.kind 0 1 }}") == "pi");
    CHECK(sample("{{ print \"a\" 1 `b\\` }}") == "a1b\\");
    CHECK(sample("{{ or .Meta }}").find(".Meta") != std::string::npos);
    CHECK(sample("{{ or (.Meta \"geoip/city\") \"none\" }}") == "none");
    CHECK(sample("{{ and .Group.a .Group.kind }}") == "ip");
}

TEST_CASE("template/text: functions: fail where there is no value") {
    const Sample sample;
    CHECK(sample("{{ parseInt .Group.kind 10 8 }}") == "?");
    CHECK(sample("{{ parseInt \"256\" 10 8 }}") == "?");
    CHECK(sample("{{ parseInt \"255\" 10 8 }}") == "255");
    CHECK(sample("{{ parseInt \"-1\" 10 8 }}") == "?");
    CHECK(sample("{{ parseInt \"9\" 99 8 }}") == "?");
    CHECK(sample("{{ slice .Group.kind 2 1 }}") == "?");
    CHECK(sample("{{ slice .Group.kind 3 }}") == "?");
}

TEST_CASE("template/text: if: chooses") {
    const Sample sample;
    CHECK(sample("{{ if eq .Type \"A\" \"AAAA\" }}yes{{ else }}no{{ end }}") == "yes");
    CHECK(sample("{{ if eq .Type \"A\" }}yes{{ else }}no{{ end }}") == "no");
    CHECK(
        sample("{{ if eq .Type \"A\" }}1{{ else if eq .Type \"AAAA\" }}2{{ else }}3{{ end }}!") ==
        "2!");
    CHECK(sample("{{ if .Group.a }}{{ if not .Group.a }}x{{ end }}y{{ end }}z") == "yz");
    CHECK(sample("{{ if and (lt 1 2) (ge 2 2) (ne 1 2) (le 1 1) (gt 2 1) }}x{{ end }}") == "x");
    CHECK(sample("{{ if lt \"a\" \"b\" }}x{{ end }}") == "x");
}

TEST_CASE("template/text: spaces and comments: as in Go") {
    const Sample sample;
    CHECK(sample("a {{- .Type -}} b") == "aAAAAb");
    CHECK(sample("a {{/* no */}} b") == "a  b");
    CHECK(sample("a {{- /* no }} */ -}} b") == "ab");
    CHECK(sample("{{ \"}}\" }}") == "}}");
    CHECK(sample("} }} {") == "} }} {");
}

TEST_CASE("template/text: mistakes: are told at once, with what was meant") {
    const Sample sample;
    const std::pair<const char*, const char*> table[] = {
        {"{{ .Nmae }}", "did you mean \".Name\"?"},
        {"{{ .Group.kinf }}", "did you mean \"kind\"?"},
        {"{{ .Group.kinf }}", "There are a, hex, kind"},
        {"{{ index .Match 4 }}", "there is no group 4: the expression has 3"},
        {"{{ index .Name 4 }}", "index takes .Match or .Group first"},
        {"{{ parsInt .Group.a 10 8 }}", "did you mean \"parseInt\"?"},
        {"{{ parseInt .Group.a }}", "parseInt takes a text, its base and its bits"},
        {"{{ eq .Name 1 }}", "eq takes two or more values of one kind"},
        {"{{ lt 1 2 3 }}", "lt takes two values of one kind"},
        {"{{ len 1 }}", "len takes a text"},
        {"{{ printf \"%d\" .Name }}", "printf: %d is not for a text"},
        {"{{ printf \"%s\" }}", "there is nothing for %s"},
        {"{{ printf \"a\" .Name }}", "1 values, and the text has room for 0"},
        {"{{ printf \"%999d\" 1 }}", "255 is the largest width"},
        {"{{ printf \"%q\" .Name }}", "there is no %q"},
        {"{{ .Name .Zone }}", "functions come first"},
        {"{{ .Name | .Zone }}", "behind a | stands a function"},
        {"{{ (.Name }}", "a ( without its )"},
        {"{{ .Name ) }}", "a ) without its ("},
        {"{{ }}", "a value is missing"},
        {"{{ .Name", "a {{ without its }}"},
        {"{{ \"x }}", "a {{ without its }}"},
        {"{{ $x }}", "variables"},
        {"{{ range .Match }}x{{ end }}", "range is not known here"},
        {"{{ if .Name }}x", "an if without its {{ end }}"},
        {"x{{ end }}", "{{ end }} without its if"},
        {"x{{ else }}", "{{ else }} without its if"},
        {"{{ 12x }}", "a number that cannot be read"},
        {"{{ ; }}", "a character that has no meaning"},
        {"{{ .Match }}", "write index .Match 1"}};
    for (const auto& [text, wanted] : table) {
        CAPTURE(text);
        const std::string said = sample(text);
        CAPTURE(said);
        CHECK(said.find(wanted) != std::string::npos);
    }
}

TEST_CASE("template/text: too long or too deep: is refused") {
    const Sample sample;
    CHECK(sample(std::string(10'001, 'x')).find("10000 are the most") != std::string::npos);
    std::string deep;
    for (int i = 0; i < 40; ++i) deep += "{{ if true }}";
    CHECK(sample(deep).find("deepest nesting") != std::string::npos);
    CHECK(
        sample("{{ " + std::string(40, '(') + " }}").find("deepest nesting") != std::string::npos);
}

TEST_CASE("template/matcher: several expressions: the first that matches gives its groups") {
    Matcher matcher;
    REQUIRE(matcher.add("^a-(?P<x>.*)\\.$"));
    REQUIRE(matcher.add("^b-(.)(?P<y>.*)\\.$"));
    Match match;

    REQUIRE(matcher.find("b-123.", match));

    CHECK(match.groups().size() == 3);
    CHECK(matcher.group_names() == std::vector<std::string>{"x", "y"});
    CHECK(match.group_numbers[0] == -1);
    CHECK(match.texts[static_cast<std::size_t>(match.group_numbers[1])] == "23");
    CHECK_FALSE(matcher.find("c-1.", match));
}

TEST_CASE("template/matcher: mistakes: are told") {
    Matcher matcher;
    CHECK(matcher.add("(").error().find("RE2's syntax") != std::string::npos);
    CHECK(matcher.add(std::string(10'001, 'a')).error().find("10000") != std::string::npos);
    std::string many;
    for (int i = 0; i < 40; ++i) many += "(a)";
    CHECK(matcher.add(many).error().find("31 are the most") != std::string::npos);
}

TEST_CASE("template/record: TTL and class: in either order, or left out") {
    CHECK(record("a.b. 60 IN A 192.0.2.1") == "a.b. 60 1 192.0.2.1");
    CHECK(record("a.b. IN 60 A 192.0.2.1") == "a.b. 60 1 192.0.2.1");
    CHECK(record("a.b A 192.0.2.1") == "a.b. 3600 1 192.0.2.1");
    CHECK(record("a.b. 1h30m MX 10 a.b.") == "a.b. 5400 1 10 a.b.");
    CHECK(record("a\\ b. CH TXT \"x y\" z") == "a\\032b. 3600 3 \"x y\" \"z\"");
}

TEST_CASE("template/record: what is no record: is told") {
    CHECK(record("a..b. A 192.0.2.1").starts_with("owner \"a..b.\""));
    CHECK(record("a. 60 IN AA 1").starts_with("\"AA\" is no type"));
    CHECK(record("a. 60 60 IN A 192.0.2.1").starts_with("\"60\" is no type"));
    CHECK(record("a. 99999999999 A 192.0.2.1").starts_with("\"99999999999\" is no type"));
    CHECK(record("a. 60 IN").starts_with("the type is missing"));
    CHECK(record("a. ANY 1").ends_with("is no type of a record"));
    CHECK(record("a. A 1.2.3").find("IPv4") != std::string::npos);
    CHECK(record("") != "");
}

TEST_CASE("template/record: what a query puts in: stays in one record") {
    CHECK(record("a. TXT \"x\"\nb. A 192.0.2.1").find("192.0.2.1") == std::string::npos);
    CHECK(record("$INCLUDE /etc/passwd").find("no type") != std::string::npos);
}
