/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.ask/1": sub-queries, such as following a CNAME out of a zone. */
#ifndef LOOM_ABI_SERVICE_ASK_H
#define LOOM_ABI_SERVICE_ASK_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the sub-query starts. */
enum {
    LOOM_FROM_TOP = 0, /* At routing: as if the client had asked it on the same listener. */
    LOOM_FROM_NEXT = 1 /* At the plugin behind the one that asks. */
};

#define LOOM_SERVICE_ASK "loom.ask/1"
typedef struct loom_ask_1 {
    uint32_t size;
    /* Asks on behalf of `parent`, which the calling hook has suspended as `token`. When the answer
     * is there, on_resume(parent, LOOM_REASON_ANSWER, child): read the child's response with
     * "loom.response/1"; it and what it points at live until `parent` ends. LOOM_E_LIMIT beyond depth 8 or
     * 32 sub-queries a client's query; the token is then still the caller's to resume. [W] */
    loom_status (*ask)(loom_query *parent, loom_bytes qname, uint16_t qtype, uint16_t qclass,
        int32_t from, loom_token token);
    /* Asks with no one waiting, for prefetch: same client, from the plugin behind the caller's stage;
     * the answer passes the response hooks of these plugins and then `done(arg, child)`. [W] */
    loom_status (*background)(const loom_host *, loom_query *like, void (*done)(void *, loom_query *),
        void *arg);
} loom_ask_1;

#ifdef __cplusplus
}
#endif
#endif
