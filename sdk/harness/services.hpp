// SPDX-License-Identifier: Apache-2.0
// The tables that a plugin gets by id. Each is made in the file of its name; find_service() knows
// them all.
#pragma once

#include <dnsloom/abi/abi.h>

namespace loom::harness {

extern const loom_response_1 response_service;
extern const loom_ask_1 ask_service;
extern const loom_log_1 log_service;
extern const loom_metrics_1 metrics_service;
extern const loom_loop_1 loop_service;
extern const loom_meta_1 meta_service;
extern const loom_watch_1 watch_service;
extern const loom_events_1 events_service;
extern const loom_publish_1 publish_service;
extern const loom_question_1 question_service;
extern const loom_http_1 http_service;
extern const loom_command_1 command_service;

}  // namespace loom::harness
