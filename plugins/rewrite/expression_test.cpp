// SPDX-License-Identifier: Apache-2.0
#include "expression.hpp"
#include "name_pattern.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace loom::rewrite;
namespace dns = loom::dns;

namespace {

bool matches(const std::string& pattern, std::string_view name) {
    const auto expression = Expression::compile(pattern, "x");
    REQUIRE(expression);
    const bool found = expression->matches(name);
    CHECK(expression->replace(name).has_value() == found);
    return found;
}

}  // namespace

TEST_CASE("plugin/rewrite/expression: matches: is RE2's whatever texts a match needs") {
    struct {
        std::string pattern;
        std::vector<std::string> in;
        std::vector<std::string> out;
    } const cases[] = {
        {R"(^(.*)\.(us|eu)\.example\.$)",
         {"a.us.example.", "b.c.eu.example."},
         {"a.example.", "a.us.example.org."}},
        {"(?i)WWW", {"www.test.", "xwwwx."}, {"ww.w."}},
        {"one|two.*three", {"one.", "two.three.", "three.one."}, {"two.", "three.two."}},
        {"a*", {".", "b.", "aaa."}, {}},
        {"", {".", "a."}, {}},
        {"[0-9]{3,}", {"a123.", "1234."}, {"12.3."}},
        {"abc(def)?ghi", {"abcghi.", "abcdefghi."}, {"abcdef."}},
        {"(abc|.)x", {"abcx.", "qx."}, {"abc."}},
    };
    for (const auto& [pattern, in, out] : cases) {
        CAPTURE(pattern);
        for (const std::string& name : in) CHECK_MESSAGE(matches(pattern, name), name);
        for (const std::string& name : out) CHECK_FALSE_MESSAGE(matches(pattern, name), name);
    }
}

TEST_CASE("plugin/rewrite/name_pattern: text: is the presentation form, escapes and all") {
    for (const std::string text :
         {"www.example.org.", ".", "_sip._tcp.a-b.", "a\\.b.test.", "x\\032y.", "\\*.test."}) {
        const auto name = dns::Name::from_text(text);
        REQUIRE(name);
        const Subject subject{*name};
        CHECK(subject.text() == name->to_string());
        CHECK(subject.text() == name->to_string());
    }
}

TEST_CASE("plugin/rewrite/name_pattern: text: of the longest name is whole") {
    const std::string label(63, 'a');
    const auto name =
        dns::Name::from_text(label + '.' + label + '.' + label + '.' + std::string(61, 'b') + '.');
    REQUIRE(name);
    CHECK(name->size() == dns::name_size_max);
    CHECK(Subject{*name}.text() == name->to_string());
}
