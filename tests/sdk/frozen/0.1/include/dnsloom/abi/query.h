/* SPDX-License-Identifier: Apache-2.0 */
/* One query in flight, as plugins see it. */
#ifndef LOOM_ABI_QUERY_H
#define LOOM_ABI_QUERY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An IP endpoint. */
typedef struct loom_address {
    uint8_t ip[16];  /* Network order. IPv4 is v4-mapped: ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
    uint32_t scope;  /* IPv6 zone index, 0: none. */
    uint16_t port;   /* Host order. */
    uint8_t family;  /* 4 or 6: how the packet came. */
    uint8_t reserved;
} loom_address;

/* loom_query.flags */
enum {
    LOOM_QUERY_EDNS = 1 << 0,     /* An OPT record came with it (RFC 6891). */
    LOOM_QUERY_DO = 1 << 1,       /* DNSSEC OK (RFC 3225). */
    LOOM_QUERY_RD = 1 << 2,       /* Recursion desired. */
    LOOM_QUERY_CD = 1 << 3,       /* Checking disabled (RFC 4035). */
    LOOM_QUERY_AD = 1 << 4,       /* The client wants to see AD (RFC 6840 section 5.7). */
    LOOM_QUERY_SUBQUERY = 1 << 5, /* Asked by a plugin; there is no client waiting on a socket. */
    LOOM_QUERY_STREAM = 1 << 6    /* Over a stream: no size limit but 65535. */
};

/* loom_query.transport */
enum {
    LOOM_TRANSPORT_UDP = 0,
    LOOM_TRANSPORT_TCP = 1,
    LOOM_TRANSPORT_TLS = 2,
    LOOM_TRANSPORT_HTTPS = 3,
    LOOM_TRANSPORT_QUIC = 4
};

/* loom_query.phase */
enum { LOOM_PHASE_QUERY = 0, LOOM_PHASE_RESPONSE = 1 };

/* Owned by the host, read-only for plugins. The struct itself, qname, qname_lower, suffix_hash and
 * label_offset stay where they are until the query ends; `wire` and `edns_options` move when the
 * query is suspended: read them again in each hook. Sorted so that what every plugin reads lies in
 * the first cache lines. */
typedef struct loom_query {
    uint32_t size;
    uint32_t flags;  /* LOOM_QUERY_* */
    uint16_t qtype;  /* Host order, as is all below. */
    uint16_t qclass;
    uint8_t opcode;
    uint8_t transport;   /* LOOM_TRANSPORT_* */
    uint8_t phase;       /* LOOM_PHASE_* */
    uint8_t label_count; /* Labels of qname without the root label: 0..127. */
    uint32_t worker;     /* 0 .. loom_host.workers-1 */
    uint16_t reply_max;  /* Octets of the largest reply that may be sent, OPT included. */
    uint16_t edns_udp_size; /* As the client said; 0 without EDNS. */
    loom_bytes qname;       /* As received. */
    loom_bytes qname_lower; /* Same size, ASCII letters in lower case. */
    /* Keyed hashes (loom_host.hash_name) of qname and of each ancestor: [0] is qname,
     * [label_count] the root. One key for the whole process. */
    const uint64_t *suffix_hash;
    const uint8_t *label_offset; /* Where each of these starts in qname: [0] is 0. */
    uint64_t now_ns;             /* Monotonic, read once a batch. */
    uint64_t received_ns;        /* The same clock. */
    uint64_t deadline_ns;        /* The host answers SERVFAIL when it passes. */
    loom_bytes zone;             /* The configured zone that matched, lower case. */
    loom_bytes wire;             /* The whole message as received. */
    loom_bytes edns_options;     /* RDATA of its OPT record. */
    const loom_address *client;
    const loom_address *local; /* The address it came to. */
    uint16_t id;
    uint16_t depth; /* 0; 1 and up for sub-queries. */
    uint32_t generation;
} loom_query;

#ifdef __cplusplus
}
#endif
#endif
