// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp plugins/hosts/hosts_file.cpp
// fuzz-libs: -lfmt
// Hostile hosts files: every name handed out is sound, every mistake has its place.
#include "../../plugins/hosts/hosts_file.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace loom::dns;
using loom::hosts::HostAddress;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

void look_at(const HostAddress& address, const Name& name) {
    const auto checked = NameView::check(name.octets());
    require(checked && checked->size() == name.size() && !name.is_root(), "malformed name\n");
    Name lower = name;
    lower.lower();
    require(NameView{lower}.to_string() == name.to_string(), "a name in upper case\n");
    require(address.size == 4 || address.size == 16, "no address\n");
    const std::size_t labels = address.size == 4 ? 4 + 2 : 32 + 2;
    require(address.reverse_name().label_count() == labels, "malformed reverse name\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto scanned = loom::hosts::scan_hosts(text, "hosts", look_at);
    if (scanned) return 0;
    const std::string& said = scanned.error();
    require(said.starts_with("hosts:") && said.size() < 500, "an error without its place\n");
    for (const char c : said) require(c >= ' ' && c <= '~', "an error that is no text\n");
    return 0;
}
