/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.watch/1": tells when a file's content changed, whichever way it was replaced (written in
 * place, renamed over, a symlink swapped as Kubernetes does with ConfigMaps). */
#ifndef LOOM_ABI_SERVICE_WATCH_H
#define LOOM_ABI_SERVICE_WATCH_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_SERVICE_WATCH "loom.watch/1"
typedef struct loom_watch_1 {
    uint32_t size;
    /* Calls changed(arg) after `path` has new content; not for a mere touch, and not while it
     * is missing. The file need not exist yet. [C] */
    loom_status (*file)(const loom_host *, loom_str path, void (*changed)(void *), void *arg,
        loom_handle *);
    loom_status (*cancel)(const loom_host *, loom_handle); /* [C] */
} loom_watch_1;

#ifdef __cplusplus
}
#endif
#endif
