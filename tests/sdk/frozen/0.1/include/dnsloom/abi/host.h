/* SPDX-License-Identifier: Apache-2.0 */
/* What the host gives each instance: hot calls directly, everything else as services by id. */
#ifndef LOOM_ABI_HOST_H
#define LOOM_ABI_HOST_H

#include "base.h"
#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct loom_host loom_host;

/* One per instance, so the host knows who calls. Owned by the host; valid from create() until
 * destroy() returns. */
struct loom_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    loom_str product; /* "dnsloom" */
    loom_str version;
    loom_str name;    /* Of the instance, for logs: "SERVER/PLUGIN" or "SERVER/PLUGIN#2". */
    uint32_t workers; /* Worker threads; their numbers are 0 .. workers-1. */

    /* `size` octets that live as long as the query, aligned to `align` (a power of two, at most
     * 64). NULL when the query's limit (64 KiB and the largest message) is reached. [W] */
    void *(*alloc)(loom_query *, size_t size, size_t align);

    /* This stage's loom_plugin.scratch_size octets in this query: zero at first, kept between the
     * hooks of one stage, 16-aligned. NULL if scratch_size is 0. [W] */
    void *(*scratch)(loom_query *);

    /* Announces that the hook will return LOOM_PENDING. After `timeout_ns` (0: the query's own
     * deadline) the host calls on_cancel and answers SERVFAIL. Never 0, except: 0 if the
     * limit on suspended queries is reached; the hook then fails the query. [W] */
    loom_token (*suspend)(loom_query *, uint64_t timeout_ns);

    /* Has on_resume called with `reason` and `arg`, on the query's worker; from that worker
     * itself before the loop sleeps again, never from within this call. Once a token; later ones
     * give LOOM_E_STALE and change nothing. Legal before the hook has returned. [A] */
    loom_status (*resume)(const loom_host *, loom_token, int32_t reason, void *arg);

    /* A table of functions, NULL if the host does not offer it. Static; fetch it once. [C, create] */
    const void *(*service)(const loom_host *, const char *id);

    /* The hash behind loom_query.suffix_hash, for tables built ahead. `name` in wire form; letter
     * case does not matter. The key is the process's: never store hashes in files. [A] */
    uint64_t (*hash_name)(const loom_host *, loom_bytes name);
};

#ifdef __cplusplus
}
#endif
#endif
