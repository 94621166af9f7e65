// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp plugins/template/action_lexer.cpp plugins/template/matcher.cpp
// fuzz-sources: plugins/template/printf_format.cpp plugins/template/record_line.cpp
// fuzz-sources: plugins/template/term.cpp plugins/template/term_parser.cpp plugins/template/text_template.cpp
// fuzz-libs: -lfmt -lre2
// Hostile templates and hostile names in them. The first line is an expression, the second a name, the
// rest a template: what compiles can be expanded, what it becomes is bounded, and so is the record.
#include "../../plugins/template/matcher.hpp"
#include "../../plugins/template/record_line.hpp"
#include "../../plugins/template/text_template.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace loom;
using namespace loom::templates;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
}

void expand(const TextTemplate& made, const Matcher& matcher, std::string_view name_text) {
    auto name = dns::Name::from_text(name_text);
    if (!name) return;
    name->lower();
    const std::string text = name->to_string();
    Match match;
    if (!matcher.find(text, match)) return;
    loom_address client{};
    client.family = 4;
    loom_query query{};
    query.qname = {name->octets().data(), name->size()};
    query.qtype = 28;
    query.qclass = 1;
    query.client = &client;
    loom_meta_1 meta{};
    meta.get = [](const loom_query*, std::uint32_t) { return loom_bytes{}; };
    const Facts facts{&query, &meta, text, *name, match.groups(), match.group_numbers};
    std::string out;
    if (!made.expand(facts, out)) return;
    require(out.size() < 2 * TextTemplate::expanded_max, "a text without bounds\n");
    if (const auto record = read_record(out)) {
        require(record->rdata.size() <= 65535, "too much data\n");
        require(dns::NameView::check(record->owner.octets()).has_value(), "malformed owner\n");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    Matcher matcher;
    const std::string_view pattern = take_line(rest);
    const std::string_view name = take_line(rest);
    if (pattern.size() > 200 || !matcher.add(std::string{pattern})) return 0;
    const Names names{matcher.group_names(), matcher.groups(), [](std::string_view) { return 1U; }};
    const auto made = TextTemplate::compile(rest, names);
    if (!made) {
        require(!made.error().empty() && made.error().size() < 30'000, "an error without words\n");
        return 0;
    }
    if (!made->has_choices()) (void)problem_of_form(made->sample("\x01"), '\x01');
    expand(*made, matcher, name);
    return 0;
}
