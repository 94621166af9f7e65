/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.question/1": plugins behind see another question than the client asked. */
#ifndef LOOM_ABI_SERVICE_QUESTION_H
#define LOOM_ABI_SERVICE_QUESTION_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For policies that rewrite. What these functions change holds for the hooks behind the one that
 * calls them, and in that hook itself from the call on. When the response comes back to this plugin,
 * the question is what it was when the query came to it, for this plugin and those in front: so each
 * plugin sees one question on both ways, and the client gets its own back. A response whose question
 * was changed has its records as the plugins behind made them: owners are not renamed.
 *
 * loom_query.wire stays as received, so plugins read the question from loom_query's fields. Only in
 * on_query and in on_resume of the query phase; LOOM_E_STATE elsewhere. What is given is copied. */
#define LOOM_SERVICE_QUESTION "loom.question/1"
typedef struct loom_question_1 {
    uint32_t size;
    /* Another name (wire form, uncompressed, any case), type and class. The query stays where it is
     * in the pipeline; loom_query.zone does not change. LOOM_E_ARGUMENT if the name is malformed.
     * [W] */
    loom_status (*set)(loom_query *, loom_bytes qname, uint16_t qtype, uint16_t qclass);
    /* Sets the bits in `mask` to those of `value`: of LOOM_QUERY_DO, _RD, _CD, _AD. DO without EDNS
     * has no effect on the reply. [W] */
    loom_status (*set_flags)(loom_query *, uint32_t mask, uint32_t value);
    /* Replaces loom_query.edns_options; RDATA of an OPT record (RFC 6891 section 6.1.2), at most
     * 4096 octets. The client's reply has an OPT record only if its query had one. [W] */
    loom_status (*set_options)(loom_query *, loom_bytes options);
    /* Lowers edns_udp_size of a query with EDNS, and with it what may be sent to the client over
     * UDP, to `octets`, but not below 512; it is not raised again. [W] */
    loom_status (*limit_size)(loom_query *, uint16_t octets);
    /* In on_response of the plugin that has changed the name: turns `from`, the name that the plugins
     * behind were asked for, back into qname in a response that is a wire message, where that is simple
     * and cheap: all its owners are that name, and no rdata has names that compression may touch.
     * LOOM_E_STATE, and nothing changed, where it is not so: rename the records. [W] */
    loom_status (*rename_answer)(loom_query *, loom_bytes from);
} loom_question_1;

#ifdef __cplusplus
}
#endif
#endif
