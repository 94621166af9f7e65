// SPDX-License-Identifier: Apache-2.0
// The loop over a pipeline's plugins: down until one answers, and back up. No sockets, no threads.
#pragma once

#include "exchange.hpp"

#include <cstdint>

namespace loom::host {

/// How far a query came.
enum class Walk : std::uint8_t {
    done,     ///< There is a response (or none: then it is REFUSED).
    dropped,  ///< Nothing is to be sent.
    pending,  ///< A plugin suspended it.
    elsewhere ///< It is not for this server: see leave_pipeline().
};

/// Goes down from `e.stage`, which is where the query enters the pipeline.
[[nodiscard]] Walk walk(Exchange& e);

/// Goes on after resume(): on_resume of the stage that suspended, and further.
[[nodiscard]] Walk walk_resumed(Exchange& e);

/// Ends a suspension that nobody resumed: on_cancel, then SERVFAIL with an extended error, which
/// passes the response hooks above.
[[nodiscard]] Walk walk_cancelled(Exchange& e, std::uint16_t extended_error);

/// Makes the query what it was before it entered its pipeline, for that of another server.
void leave_pipeline(Exchange& e);

}  // namespace loom::host
