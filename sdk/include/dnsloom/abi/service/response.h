/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.response/1": writing, reading and editing the response of a query.
 *
 * A response has two forms. *Wire* is a ready message: a cache hit, an upstream's reply, a zone's
 * precompiled answer. *Records* are arrays of records that point at memory which outlives the query.
 * The host converts, once, when a plugin asks for the other form; a wire response that nobody
 * edits is sent as it is.
 *
 * Whatever the form, the host sets id, QR, opcode, RD and the client's spelling of the question,
 * and it alone writes the OPT record and truncates. All functions are [W], inside a hook. */
#ifndef LOOM_ABI_SERVICE_RESPONSE_H
#define LOOM_ABI_SERVICE_RESPONSE_H

#include "../base.h"
#include "../query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sections (RFC 1035 section 4.1). */
enum { LOOM_ANSWER = 1, LOOM_AUTHORITY = 2, LOOM_ADDITIONAL = 3 };

/* Header flags, as they stand in the second 16 bits of the header. */
enum {
    LOOM_FLAG_AA = 0x0400,
    LOOM_FLAG_TC = 0x0200,
    LOOM_FLAG_RA = 0x0080,
    LOOM_FLAG_AD = 0x0020,
    LOOM_FLAG_CD = 0x0010
};

typedef struct loom_record {
    loom_bytes owner; /* Uncompressed name. */
    uint16_t type, klass;
    uint32_t ttl;     /* Seconds. */
    loom_bytes rdata; /* Uncompressed. */
} loom_record;

#define LOOM_SERVICE_RESPONSE "loom.response/1"
typedef struct loom_response_1 {
    uint32_t size;

    /* Starts a response in records form, empty; drops one that was there. */
    loom_status (*begin)(loom_query *, uint16_t rcode, uint16_t flags);
    /* Appends a record; what it points at must live until the query ends. */
    loom_status (*add)(loom_query *, int32_t section, const loom_record *);

    /* Room for a message in wire form, straight in the send buffer where possible. The room is
     * what may be sent, less what the OPT record needs: an answer that does not fit is truncated
     * by the plugin, or written elsewhere and given to set_wire(). */
    loom_status (*buffer)(loom_query *, uint8_t **data, size_t *size);
    /* The first `size` octets of that room are the response: header, the question as in
     * qname, and records; no OPT. */
    loom_status (*commit)(loom_query *, size_t size);
    /* A ready message elsewhere, without OPT. Copied before the call returns. The question's name must
     * have qname's size. Too large for the client: truncated when it is sent. */
    loom_status (*set_wire)(loom_query *, loom_bytes message);

    /* 1 if there is a response. */
    int32_t (*present)(const loom_query *);
    /* Low 4 bits in the header, the rest in OPT (RFC 6891). */
    uint16_t (*rcode)(const loom_query *);
    loom_status (*set_rcode)(loom_query *, uint16_t rcode);
    uint16_t (*flags)(const loom_query *);
    loom_status (*set_flags)(loom_query *, uint16_t mask, uint16_t value);

    /* The records of a section, host-owned, valid until the next change. */
    loom_status (*records)(loom_query *, int32_t section, const loom_record **, size_t *count);
    /* Replaces a section's records; the array is copied, what it points at must live on. */
    loom_status (*replace)(loom_query *, int32_t section, const loom_record *, size_t count);
    /* The whole message in wire form, without OPT, id 0, never truncated for the client; valid
     * until the next change. */
    loom_status (*wire)(loom_query *, loom_bytes *);

    /* Adds an EDNS option to the reply, sent only if the client used EDNS. Copied. It belongs to the
     * hook that gives it: given in on_query by a plugin that passes the query on, it is about the query
     * and stays; given by the plugin that answers, or in on_response, it goes when another hook replaces
     * the response with begin(), commit() or set_wire(). To change a response and keep its options use
     * replace(), set_rcode() and set_flags(). */
    loom_status (*option)(loom_query *, uint16_t code, loom_bytes value);
    /* Adds an extended error (RFC 8914). `text` is at most 255 octets. Copied. */
    loom_status (*extended_error)(loom_query *, uint16_t info_code, loom_str text);
    /* The EDNS options given so far, one after the other as in OPT's RDATA. */
    loom_bytes (*options)(const loom_query *);
} loom_response_1;

#ifdef __cplusplus
}
#endif
#endif
