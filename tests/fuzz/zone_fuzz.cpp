// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp
// Hostile master files: the scan must end, and every record it hands out must be sound.
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/zone_scanner.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace loom::dns;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

void look_at(const ZoneRecord& record) {
    require(record.ttl <= 0x7FFF'FFFFU, "TTL over 31 bits\n");
    std::string text;
    require(append_rdata_text(record.type, record.rdata, text).has_value(), "malformed rdata\n");
    const auto back = rdata_from_text(record.type, text, NameView{});
    require(back && std::ranges::equal(*back, record.rdata), text.c_str());
    // The owner as rdata of NS has the same rules.
    require(check_rdata(2, record.owner.octets()).has_value(), "malformed owner\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ZoneScanOptions options;
    options.include = IncludePolicy::forbidden;
    options.default_ttl = 60;
    options.errors_max = 20;
    options.generate_max = 100;
    options.records_max = 1000;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto result = scan_zone_text(text, "zone", options, look_at);
    require(result.errors.size() <= options.errors_max, "too many errors\n");
    for (const ZoneScanError& error : result.errors) {
        require(!error.message.empty() && error.line != 0, "an error without text or place\n");
    }
    return 0;
}
