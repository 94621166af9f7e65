// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: host/plugin/elf_check.cpp host/plugin/elf_image.cpp
// fuzz-sources: host/plugin/octet_source.cpp host/plugin/abi_rule.cpp host/config/error.cpp
// fuzz-libs: -lfmt
// Hostile plugin files: the check must end, stay inside the file, and describe what it takes in text
// that is fit for a log.
#include "../../host/plugin/elf_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

using namespace loom::host;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](char each) {
        const auto octet = static_cast<unsigned char>(each);
        return octet < 0x20 || octet == 0x7F;
    });
}

void look_at(const PluginFile& file) {
    require(!file.id.empty() && file.id.size() < 48 && is_plain(file.id), "unusable id\n");
    require(!file.version.empty() && file.version.size() < 24, "unusable version\n");
    require(is_plain(file.version), "unusable version\n");
    require(file.build_id.size() <= 64, "oversized build id\n");
    for (const std::string& each : file.needed) require(is_plain(each), "unusable library name\n");
    for (const std::string& each : file.warnings) require(is_plain(each), "unusable warning\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const MemoryOctets octets{std::as_bytes(std::span{data, size})};
    const auto file = check_elf(octets, "fuzz.so");
    if (file) {
        look_at(*file);
        return 0;
    }
    require(file.error().text.starts_with("fuzz.so: "), "an error without its place\n");
    require(is_plain(file.error().text), "an error of several lines\n");
    return 0;
}
