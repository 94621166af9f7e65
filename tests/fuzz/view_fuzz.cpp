// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp plugins/view/evaluation.cpp plugins/view/parser.cpp plugins/view/token.cpp
// fuzz-libs: -lfmt -lre2
// Hostile expressions: what is taken can be evaluated, what is not has a place.
#include "../../plugins/view/evaluation.hpp"
#include "../../plugins/view/parser.hpp"

#include <dnsloom/dns/name.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace loom;
using namespace loom::views;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto node = parse_expression(text, [](std::string_view) { return 1U; });
    if (!node) {
        const bool has_place = node.error().column >= 1 && node.error().column <= size + 1;
        require(has_place && !node.error().text.empty(), "an error without its place\n");
        return 0;
    }
    require(node->type == Type::boolean, "an expression that is no condition\n");
    static const dns::Name name = *dns::Name::from_text("www.example.org.");
    loom_address address{};
    address.family = 6;
    loom_query query{};
    query.qname_lower = {name.octets().data(), name.size()};
    query.qtype = 1;
    query.qclass = 1;
    query.client = &address;
    query.local = &address;
    loom_meta_1 meta{};
    meta.get = [](const loom_query*, std::uint32_t) { return loom_bytes{}; };
    Evaluation evaluation{query, meta};
    const bool first = evaluation.holds(*node);
    require(first == evaluation.holds(*node), "two answers to one question\n");
    return 0;
}
