/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.http/1": small plain HTTP pages on ports that the host owns, so that a failed reload
 * never loses one. Several instances may share an address with different paths. */
#ifndef LOOM_ABI_SERVICE_HTTP_H
#define LOOM_ABI_SERVICE_HTTP_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct loom_http_reply {
    uint32_t size;
    int32_t status;        /* 200 unless changed. */
    loom_str content_type; /* "text/plain; charset=utf-8" unless changed; must outlive the call. */
    const loom_sink *body;
} loom_http_reply;

#define LOOM_SERVICE_HTTP "loom.http/1"
typedef struct loom_http_1 {
    uint32_t size;
    /* Serves GET and HEAD of `path` on `address` with handler(arg, reply), on the control thread.
     * The port is opened when the configuration is known to be good. [C, create] */
    loom_status (*serve)(const loom_host *, const loom_address *, loom_str path,
        loom_status (*handler)(void *, loom_http_reply *), void *arg);
} loom_http_1;

#ifdef __cplusplus
}
#endif
#endif
