/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin's shared object exports.
 *
 * Life of an instance:
 *
 *   create -> worker_init on each worker -> import_state(WARM) -> start -> hooks ...
 *          -> stop -> export_state(FINAL) -> worker_fini on each worker -> destroy -> dlclose
 *
 * create() must have no effect outside the process (it also runs in `dnsloom check`). If any step
 * up to start() fails, what was done is undone in reverse and the running configuration stays.
 * stop() is called when no query of its generation is left. An instance whose options and code did not
 * change lives on through a reload, whatever else changes around it. */
#ifndef LOOM_ABI_PLUGIN_H
#define LOOM_ABI_PLUGIN_H

#include "base.h"
#include "host.h"
#include "options.h"
#include "query.h"
#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* loom_plugin.roles: what an instance does, for warnings about risky orders. Bits. */
enum {
    LOOM_ROLE_POLICY = 1 << 0,   /* Decides who may ask what. Wants to stand before caches. */
    LOOM_ROLE_REWRITE = 1 << 1,  /* Changes questions or answers. */
    LOOM_ROLE_CACHE = 1 << 2,    /* Answers from what passed before. */
    LOOM_ROLE_SOURCE = 1 << 3,   /* Has data of its own. */
    LOOM_ROLE_UPSTREAM = 1 << 4, /* Asks other servers. Answers everything: nothing behind it runs. */
    LOOM_ROLE_OBSERVER = 1 << 5, /* Only looks. */
    /* A source that wants queries of every class. Other sources are passed over for classes
     * other than IN. */
    LOOM_ROLE_ANY_CLASS = 1 << 6,
    /* May say LOOM_ELSEWHERE: its server may share zones and listeners with servers behind it. */
    LOOM_ROLE_SELECTS = 1 << 7
};

/* `phase` of export_state and import_state. */
enum {
    LOOM_STATE_WARM = 1, /* Before the swap; the old instance still serves. */
    LOOM_STATE_FINAL = 2 /* The old instance is drained: what changed since. */
};

/* `reason` of on_resume: negative ones are the host's, a plugin's own are 0 and up. */
enum {
    LOOM_REASON_ANSWER = -1 /* A sub-query ended; arg is its loom_query. */
};

/* Static data of the plugin. Hooks that it does not have are NULL and cost nothing. */
typedef struct loom_plugin {
    uint32_t size;
    uint16_t abi_major, abi_minor; /* The smallest host minor that this binary needs. */
    uint32_t roles;                /* LOOM_ROLE_* */
    uint32_t state_version;        /* Of export_state's format; 0: no hand-over. */
    uint32_t scratch_size;         /* Octets a query for loom_host.scratch; at most 1024. */
    loom_str id;                   /* The name used in the configuration. */
    loom_str version, license, summary;
    const loom_option_spec *options;
    uint32_t option_count;
    const char *const *required_services; /* NULL-terminated; may be NULL. */

    /* Makes an instance. [C] */
    loom_status (*create)(
        const loom_host *, const loom_options *, loom_instance **, loom_error *);
    /* Frees it. No call on it is running or follows; what it still had registered with the host
     * is gone already. [C] */
    void (*destroy)(loom_instance *);

    /* Makes what the hooks of one worker own; passed to them as `worker_state`. [W] */
    loom_status (*worker_init)(loom_instance *, uint32_t worker, void **worker_state);
    void (*worker_fini)(loom_instance *, uint32_t worker, void *worker_state); /* [W] */

    /* The last step that may fail: timers, background work, subscriptions begin here. [C] */
    loom_status (*start)(loom_instance *, loom_error *);
    void (*stop)(loom_instance *); /* No query is left; begin no new work. [C] */

    /* On the way down, in pipeline order. [W] */
    loom_verdict (*on_query)(loom_instance *, void *worker_state, loom_query *);
    /* On the way up, in reverse order, for each stage whose on_query said NEXT; the response is read and
     * edited through "loom.response/1". NEXT or ANSWERED: go on up. [W] */
    loom_verdict (*on_response)(loom_instance *, void *worker_state, loom_query *);
    /* After resume(): goes on where the hook that suspended stopped (loom_query.phase tells
     * which); the same verdicts. [W] */
    loom_verdict (*on_resume)(
        loom_instance *, void *worker_state, loom_query *, int32_t reason, void *arg);
    /* A suspension ended without resume(): deadline, drain or shutdown. Forget the token; do not
     * touch the response. [W] */
    void (*on_cancel)(loom_instance *, void *worker_state, loom_query *, loom_token);

    /* State hand-over between two builds or configurations of the same plugin. A refused import is
     * logged and the new instance starts empty. [C] */
    loom_status (*export_state)(loom_instance *, int32_t phase, const loom_sink *);
    loom_status (*import_state)(
        loom_instance *, int32_t phase, uint32_t state_version, const loom_source *);

    /* Optional tables by id, such as a zone source's; NULL if not offered. [C] */
    const void *(*extension)(loom_instance *, const char *id);

    /* on_query of this query will most likely follow soon, on this worker, with others in between:
     * time to have the processor fetch what a look-up will read. No effect otherwise, no services; of
     * the query only qtype, qclass, flags, label_count, the names and the hashes are set. [W] */
    void (*prepare)(loom_instance *, void *worker_state, const loom_query *);
} loom_plugin;

/* The one exported symbol, data so that it can be read before any plugin code runs. */
typedef struct loom_module {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    uint32_t plugin_count;
    const loom_plugin *const *plugins;
} loom_module;

/* The number is the ABI major. */
#define LOOM_MODULE_SYMBOL "loom_module_0"
extern LOOM_EXPORT const loom_module loom_module_0;

/* The same facts as an ELF note (owner "LOOM", type 1), readable without loading the file. */
typedef struct loom_note {
    uint32_t name_size; /* 8 */
    uint32_t desc_size; /* sizeof(loom_note) - 20 */
    uint32_t type;      /* 1 */
    char name[8];       /* "LOOM" */
    uint32_t magic;     /* LOOM_NOTE_MAGIC */
    uint16_t abi_major, abi_minor;
    uint32_t plugin_size; /* sizeof(loom_plugin) as it was compiled. */
    char id[48];          /* Of the first plugin, terminated. */
    char version[24];     /* Likewise. */
} loom_note;
#define LOOM_NOTE_MAGIC 0x4d4f4f4cu
#define LOOM_NOTE_SECTION ".note.loom"

/* Defines the note: LOOM_NOTE("whoami", "1.0.0") at file scope. */
#define LOOM_NOTE(id_text, version_text)                                                  \
    __attribute__((section(LOOM_NOTE_SECTION), used, aligned(4)))                          \
    static const loom_note loom_note_ = {8, sizeof(loom_note) - 20, 1, "LOOM",             \
        LOOM_NOTE_MAGIC, LOOM_ABI_MAJOR, LOOM_ABI_MINOR, sizeof(loom_plugin), id_text,      \
        version_text}

#ifdef __cplusplus
}
#endif
#endif
