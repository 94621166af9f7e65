// SPDX-License-Identifier: Apache-2.0
// Which plugin ABIs this host takes (abi/version.h).
#pragma once

#include <cstdint>
#include <string>

namespace loom::host {

/// Why a plugin that needs ABI `major`.`minor` cannot run here and what to do, as the rest of a
/// sentence that begins with the plugin. Empty: it can.
[[nodiscard]] std::string abi_objection(std::uint16_t major, std::uint16_t minor);

/// `0.1`
[[nodiscard]] std::string abi_text(std::uint16_t major, std::uint16_t minor);

}  // namespace loom::host
