/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.events/1": data sources say what changed; caches, transfers and metrics listen. */
#ifndef LOOM_ABI_SERVICE_EVENTS_H
#define LOOM_ABI_SERVICE_EVENTS_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOOM_EVENT_ZONE_CHANGED = 1, /* Anything at or below `name` may differ. */
    LOOM_EVENT_NAME_CHANGED = 2  /* Only `name` itself. */
};

typedef struct loom_event {
    uint32_t size;
    int32_t kind;
    loom_bytes name; /* Lower case. */
} loom_event;

#define LOOM_SERVICE_EVENTS "loom.events/1"
typedef struct loom_events_1 {
    uint32_t size;
    /* Tells every subscriber; call it after the new data is published. Copied. [A] */
    loom_status (*publish)(const loom_host *, const loom_event *);
    /* fn(arg, event) on the control thread for events of other instances. [C] */
    loom_status (*subscribe)(const loom_host *, void (*fn)(void *, const loom_event *), void *arg,
        loom_handle *);
    loom_status (*cancel)(const loom_host *, loom_handle); /* [C] */
} loom_events_1;

#ifdef __cplusplus
}
#endif
#endif
