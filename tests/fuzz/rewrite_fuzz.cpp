// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp plugins/rewrite/expression.cpp plugins/rewrite/name_pattern.cpp
// fuzz-sources: plugins/rewrite/replacement.cpp
// fuzz-libs: -lfmt -lre2
// Hostile names in rewrite rules, and hostile rules. Lines: kind of match, from, to, name. What a rule
// makes of a name is a name.
#include "../../plugins/rewrite/name_pattern.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace loom;
using namespace loom::rewrite;

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    const auto match = match_from_text(take_line(rest));
    const std::string_view from = take_line(rest);
    const std::string_view to = take_line(rest);
    if (!match || from.size() > 500) return 0;
    const auto pattern = NamePattern::make(*match, std::string{from}, std::string{to});
    if (!pattern) {
        require(!pattern.error().empty(), "an error without words\n");
        return 0;
    }
    const auto spelled = dns::Name::from_text(rest);
    if (!spelled) return 0;
    dns::Name lower = *spelled;
    lower.lower();
    const Subject subject{lower};
    if (!pattern->matches(subject)) return 0;
    if (const auto renamed = pattern->rename(subject, *spelled)) {
        const auto checked = dns::NameView::check(renamed->octets());
        require(checked && checked->size() == renamed->size(), "malformed name\n");
    }
    return 0;
}
