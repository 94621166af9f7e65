// SPDX-License-Identifier: Apache-2.0
// What systemd wants to know (sd_notify(3)).
#pragma once

#include <string_view>

namespace loom::host {

/// Sends `state`, such as "READY=1", to NOTIFY_SOCKET; nothing without that variable.
void notify_service_manager(std::string_view state);

}  // namespace loom::host
