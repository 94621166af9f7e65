// SPDX-License-Identifier: Apache-2.0
#include "services.hpp"

#include "core.hpp"

#include <algorithm>
#include <array>

namespace loom::harness {
namespace {

struct Entry {
    std::string_view id;
    const void* table;
};

}  // namespace

const void* find_service(std::string_view id) {
    static const std::array entries{
        Entry{LOOM_SERVICE_OPTIONS, &options_service()},
        Entry{LOOM_SERVICE_RESPONSE, &response_service},
        Entry{LOOM_SERVICE_QUESTION, &question_service},
        Entry{LOOM_SERVICE_ASK, &ask_service},
        Entry{LOOM_SERVICE_LOG, &log_service},
        Entry{LOOM_SERVICE_METRICS, &metrics_service},
        Entry{LOOM_SERVICE_LOOP, &loop_service},
        Entry{LOOM_SERVICE_META, &meta_service},
        Entry{LOOM_SERVICE_WATCH, &watch_service},
        Entry{LOOM_SERVICE_EVENTS, &events_service},
        Entry{LOOM_SERVICE_PUBLISH, &publish_service},
        Entry{LOOM_SERVICE_HTTP, &http_service},
        Entry{LOOM_SERVICE_COMMAND, &command_service}};
    const auto found = std::ranges::find(entries, id, &Entry::id);
    return found == entries.end() ? nullptr : found->table;
}

}  // namespace loom::harness
