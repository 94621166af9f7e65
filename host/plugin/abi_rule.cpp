// SPDX-License-Identifier: Apache-2.0
#include "abi_rule.hpp"

#include <dnsloom/abi/version.h>

namespace loom::host {

std::string abi_text(std::uint16_t major, std::uint16_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

std::string abi_objection(std::uint16_t major, std::uint16_t minor) {
    constexpr std::uint16_t host_major = LOOM_ABI_MAJOR;
    constexpr std::uint16_t host_minor = LOOM_ABI_MINOR;
    const bool same_major = major == host_major;
    const bool minor_fits = host_major == 0 ? minor == host_minor : minor <= host_minor;
    if (same_major && minor_fits) return {};

    const bool newer = major > host_major || (same_major && minor > host_minor);
    return "needs plugin ABI " + abi_text(major, minor) + ", this host has " +
           abi_text(host_major, host_minor) +
           (newer ? "; update the host, or build the plugin with the SDK of this host"
                  : "; build the plugin again with the SDK of this host");
}

}  // namespace loom::host
