/* SPDX-License-Identifier: Apache-2.0 */
/* The number of this ABI and what came with which minor.
 *
 * A plugin loads if its major is the host's and the minor it needs is not above the host's. While
 * the major is 0 every minor may break: host and plugin must then have the same minor. */
#ifndef LOOM_ABI_VERSION_H
#define LOOM_ABI_VERSION_H

#define LOOM_ABI_MAJOR 0
#define LOOM_ABI_MINOR 1

/* History
 *   0.1  the first: query and response hooks, options, services log, metrics, loop, response, ask,
 *        meta, watch, events, publish, http. */

#endif
