// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <algorithm>
#include <string>

namespace loom::forward {
namespace {

Policy policy_of(const std::string& text) {
    if (text == "round_robin") return Policy::round_robin;
    if (text == "sequential") return Policy::sequential;
    return Policy::random;
}

std::vector<std::uint8_t> copy(Bytes octets) { return {octets.begin(), octets.end()}; }

std::vector<Endpoint> endpoints(const Option& option) {
    std::vector<Endpoint> found;
    for (uint32_t i = 0; i < option.size(); ++i) {
        auto endpoint = make_endpoint(option[i].endpoint());
        if (std::ranges::find(found, endpoint.text, &Endpoint::text) != found.end())
            throw ConfigError{option[i], endpoint.text + " stands in `to` twice; remove one"};
        found.push_back(std::move(endpoint));
    }
    if (found.empty()) throw ConfigError{option, "`to` is empty; name at least one upstream"};
    return found;
}

}  // namespace

Settings::Settings(const Options& options)
    : to{endpoints(options["to"])},
      policy{policy_of(options["policy"].string())},
      force_tcp{options["force_tcp"].boolean()},
      prefer_udp{options["prefer_udp"].boolean()},
      max_fails{static_cast<std::uint32_t>(options["max_fails"].integer())},
      health_check{options["health_check"].duration()},
      health_check_domain{copy(options["health_check_domain"].name())},
      read_timeout{options["read_timeout"].duration()},
      expire{options["expire"].duration()},
      max_concurrent{static_cast<std::uint64_t>(options["max_concurrent"].integer())} {}

}  // namespace loom::forward
