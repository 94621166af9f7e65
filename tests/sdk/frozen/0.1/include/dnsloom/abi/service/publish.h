/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.publish/1": retires what was published by pointer.
 *
 * A data source builds an immutable snapshot, stores its address into an atomic pointer that hooks
 * load with acquire, and retires the old one: the host calls free_fn when no query that could have seen it
 * is left on any worker, suspended ones included. */
#ifndef LOOM_ABI_SERVICE_PUBLISH_H
#define LOOM_ABI_SERVICE_PUBLISH_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_SERVICE_PUBLISH "loom.publish/1"
typedef struct loom_publish_1 {
    uint32_t size;
    /* Calls free_fn(arg) on the control thread when it is safe. [C] */
    loom_status (*retire)(const loom_host *, void (*free_fn)(void *), void *arg);
} loom_publish_1;

#ifdef __cplusplus
}
#endif
#endif
