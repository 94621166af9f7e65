// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: host/config/*.cpp sdk/dns/*.cpp
// fuzz-libs: -lfmt
// Hostile configurations: reading must end with a configuration or with lines for the operator.
#include "../../host/config/config.hpp"
#include "../../host/config/value.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace loom::host;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

void check(const ServerConfig& server) {
    require(!server.name.empty(), "a server without a name");
    require(!server.listen.empty(), "a server without a listener");
    require(!server.zones.empty(), "a server without a zone");
    require(!server.pipeline.empty() && server.pipeline.size() <= 64, "a pipeline's length");
    for (const StepConfig& step : server.pipeline) {
        require(!step.plugin.empty(), "a step without a plugin");
        require(step.options != nullptr, "a step without options");
        require(!step.identity(server.zones).empty(), "a step without identity");
    }
}

void check(const Error& error) {
    require(error.text.starts_with("fuzz.toml:"), "an error without a place");
    require(std::ranges::count(error.text, '\n') < 20, "too many mistakes");
    const auto is_control = [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7F; };
    require(std::ranges::none_of(error.text, is_control), "a control character in an error");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto config = parse_config(text, "fuzz.toml");
    if (!config) {
        check(config.error());
        return 0;
    }
    require(!config->servers.empty(), "a configuration without a server");
    for (const ServerConfig& server : config->servers) check(server);
    return 0;
}
