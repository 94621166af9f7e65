/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.loop/1": time, descriptors and threads. Every registration is a lease on the instance:
 * the host knows them all, cancels what is left after stop(), and unloads no code that one of
 * them could still call. `where` is a worker's number or LOOM_CONTROL. */
#ifndef LOOM_ABI_SERVICE_LOOP_H
#define LOOM_ABI_SERVICE_LOOP_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `events` of watch_fd. */
enum { LOOM_FD_READABLE = 1, LOOM_FD_WRITABLE = 2 };

#define LOOM_SERVICE_LOOP "loom.loop/1"
typedef struct loom_loop_1 {
    uint32_t size;
    /* Runs fn(arg) on `where`, soon. [A] */
    loom_status (*post)(const loom_host *, uint32_t where, void (*fn)(void *), void *arg);
    /* Runs fn(arg) on `where`, the calling thread, when the present batch of packets is done: the place to
     * send what the batch left. Costs no system call. [W] */
    loom_status (*defer)(const loom_host *, uint32_t where, void (*fn)(void *), void *arg);
    /* Runs fn(arg) once on `where`, the calling thread, after delay_ns (of the host's clock). [W or C] */
    loom_status (*timer)(const loom_host *, uint32_t where, uint64_t delay_ns, void (*fn)(void *),
        void *arg, loom_handle *);
    /* Calls fn(arg, events) on `where`, the calling thread, each time `fd` is ready, until unwatched. The
     * descriptor stays the plugin's: unwatch it before it is closed. [W or C] */
    loom_status (*watch_fd)(const loom_host *, uint32_t where, int fd, uint32_t events,
        void (*fn)(void *, uint32_t events), void *arg, loom_handle *);
    /* Ends a timer or a watch; its function is not called any more. On the thread it was made on. */
    loom_status (*cancel)(const loom_host *, loom_handle);
    /* Runs work(arg) on a thread of the host's pool and then done(arg) on the control thread. [C] */
    loom_status (*background)(
        const loom_host *, void (*work)(void *), void (*done)(void *), void *arg);
    /* The host's clocks: CLOCK_MONOTONIC, and the wall clock in ns since 1970. Tests move them.
     * On a worker loom_query.now_ns is cheaper. [A] */
    uint64_t (*monotonic_ns)(const loom_host *);
    uint64_t (*realtime_ns)(const loom_host *);
} loom_loop_1;

#ifdef __cplusplus
}
#endif
#endif
