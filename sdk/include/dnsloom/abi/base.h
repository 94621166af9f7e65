/* SPDX-License-Identifier: Apache-2.0 */
/* What every other ABI header is made of: strings, octets, status codes, verdicts.
 *
 * The rules of the whole ABI:
 *  1. C11, fixed-width integers, natural alignment. No bit-fields, no enum types in structs, no varargs.
 *  2. A struct that may grow starts with `size`, set by whoever allocates it. Fields are only
 *     appended; readers test LOOM_HAS(). Tables of functions likewise: append only, NULL = not offered.
 *  3. Services are fetched by a string id with the major in it ("loom.log/1"). A breaking change is
 *     a new id beside the old one.
 *  4. Text is (pointer, length) UTF-8 without a terminator. Domain names are uncompressed wire form
 *     (RFC 1035 section 3.1), root label included. Times are nanoseconds.
 *  5. Opaque types belong to the side that made them. Nothing is freed by the other side.
 *  6. Each function carries a thread tag: [C] the control thread, [W] the worker in question,
 *     [A] any thread. "[C, create]" means: on the control thread, while create() runs.
 *  7. Nothing unwinds through the border: no C++ exception, no Rust panic, no longjmp.
 *  8. Handles that live on (tokens, timers) are integers with a nonce, never pointers; a stale one
 *     gives LOOM_E_STALE and does nothing. */
#ifndef LOOM_ABI_BASE_H
#define LOOM_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True if the struct at `p`, as its allocator compiled it, has `field`. */
#define LOOM_HAS(p, type, field) \
    ((p)->size >= offsetof(type, field) + sizeof((p)->field))

#define LOOM_EXPORT __attribute__((visibility("default")))

typedef struct loom_str {
    const char *data; /* UTF-8, not terminated; may be NULL when size is 0. */
    size_t size;      /* Octets. */
} loom_str;

typedef struct loom_bytes {
    const uint8_t *data; /* May be NULL when size is 0. */
    size_t size;         /* Octets. */
} loom_bytes;

/* 0, or a negative code. */
typedef int32_t loom_status;
enum {
    LOOM_OK = 0,
    LOOM_E_ARGUMENT = -1,    /* An argument is not what the function takes. */
    LOOM_E_MEMORY = -2,      /* A limit on memory is reached. */
    LOOM_E_CONFIG = -3,      /* The configuration is to blame; the loom_error says where. */
    LOOM_E_UNSUPPORTED = -4, /* Not offered here. */
    LOOM_E_STALE = -5,       /* The token or handle has ended. */
    LOOM_E_THREAD = -6,      /* Called on a thread where it is not allowed. */
    LOOM_E_EXCEPTION = -7,   /* A wrapper caught an exception at the border. */
    LOOM_E_LIMIT = -8,       /* A limit (depth, budget, count) is reached. */
    LOOM_E_IO = -9,          /* The system refused: file, socket, memory map. */
    LOOM_E_STATE = -10       /* Not now: the response, query or instance is in another phase. */
};

/* What a hook decides about a query. */
typedef int32_t loom_verdict;
enum {
    LOOM_NEXT = 0,     /* Not mine, or not only mine: go on with the next plugin. */
    LOOM_ANSWERED = 1, /* A response is set: go back up through the response hooks. */
    LOOM_PENDING = 2,  /* suspend() was called: the host keeps the query until resume(). */
    LOOM_DROP = 3,     /* Send nothing. */
    /* Not for this server: the host goes on with the next one that has the zone, or a zone above it.
     * Nothing of this pipeline stays, and no response hook of it runs. Only in on_query (or on_resume
     * in its stead), and only from plugins with LOOM_ROLE_SELECTS. */
    LOOM_ELSEWHERE = 4
};
/* Fails the query: the host answers with `rcode` and the plugins above see it. Any other negative
 * verdict is an error of the plugin: SERVFAIL, counted against it. */
#define LOOM_FAIL(rcode) (-(0x1000 + (loom_verdict)(rcode)))

/* Opaque: the host's. */
typedef struct loom_options loom_options; /* A plugin's options; valid while create() runs. */
typedef struct loom_option loom_option;   /* One value of them; valid as long. */
/* Opaque: the plugin's. */
typedef struct loom_instance loom_instance;

/* Names one suspension of one query. Never 0. */
typedef uint64_t loom_token;
/* Names a timer, a watched descriptor or file, a subscription. Never 0. */
typedef uint64_t loom_handle;

/* `where` of the control thread in functions that take a worker number. */
#define LOOM_CONTROL UINT32_MAX

/* Filled in by create() and others when they fail. Allocated by the host. */
typedef struct loom_error {
    uint32_t size;
    uint32_t line;   /* Position in the configuration, 1-based; 0: not known. */
    uint32_t column; /* Likewise. */
    char text[500];  /* UTF-8, terminated, one line, says what to change. */
} loom_error;

/* Takes octets. `write` returns LOOM_OK or an error that the caller passes on. */
typedef struct loom_sink {
    void *self;
    loom_status (*write)(void *self, const void *data, size_t size);
} loom_sink;

/* Gives octets. `read` returns how many (0: the end) or a negative status. */
typedef struct loom_source {
    void *self;
    int64_t (*read)(void *self, void *data, size_t size);
} loom_source;

#ifdef __cplusplus
}
#endif
#endif
