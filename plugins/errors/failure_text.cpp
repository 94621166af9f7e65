// SPDX-License-Identifier: Apache-2.0
#include "failure_text.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>

namespace loom::errors {

std::string failure_text(Bytes octets, std::string_view upstream) {
    std::string text;
    const auto options = dns::EdnsOptions::check(octets);
    for (const auto& option : options.value_or(dns::EdnsOptions{})) {
        if (option.code != dns::option_code::extended_error) continue;
        const auto error = dns::ExtendedError::read(option.data);
        if (!error) continue;
        if (!text.empty()) text += "; ";
        text += dns::ede_to_string(error->info_code);
        if (!error->extra_text.empty()) text.append(": ").append(error->extra_text);
    }
    if (!upstream.empty()) text.append(text.empty() ? "" : "; ").append("from ").append(upstream);
    return text.empty() ? "no reason given" : text;
}

}  // namespace loom::errors
