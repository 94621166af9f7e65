// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp
// Hostile rdata in wire format: what the check takes must come back from text octet for octet.
#include <dnsloom/dns/rdata.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

using namespace loom::dns;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

void round_trip(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    std::string text;
    const bool printed = append_rdata_text(type, rdata, text).has_value();
    require(printed == check_rdata(type, rdata).has_value(), "check and text do not agree\n");
    require(printed || text.empty(), "text of malformed rdata is left behind\n");
    if (!printed) text = rdata_to_text(type, rdata);

    const auto back = rdata_from_text(type, text, NameView{});
    require(back.has_value() == printed, text.c_str());
    require(!back || std::ranges::equal(*back, rdata), text.c_str());
}

void expand(std::uint16_t type, std::span<const std::uint8_t> message, std::size_t offset) {
    static std::vector<std::uint8_t> out(rdata_size_max);
    const std::size_t at = std::min(offset, message.size());
    const auto size = expand_rdata(type, message, at, message.size() - at, out);
    if (!size) return;
    const std::span rdata{out.data(), *size};
    require(check_rdata(type, rdata).has_value(), "expanded rdata is malformed\n");
    canonicalize_rdata(type, rdata);
    require(check_rdata(type, rdata).has_value(), "canonical rdata is malformed\n");
}

}  // namespace

// The input is a type, an offset into what follows, and a message whose end is rdata.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t header_size = 3;
    if (size < header_size) return 0;
    const auto type = static_cast<std::uint16_t>(data[0] << 8U | data[1]);
    const std::span message{data + header_size, size - header_size};
    if (message.size() > rdata_size_max) return 0;
    round_trip(type, message);
    expand(type, message, data[2]);
    return 0;
}
