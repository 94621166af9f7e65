/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin in C that does nothing, well or with one thing wrong that a PLAIN_ macro asks for. */
#include <dnsloom/abi/abi.h>

#ifndef PLAIN_VERSION
#define PLAIN_VERSION "1.0.0"
#endif
#ifndef PLAIN_NOTE_VERSION
#define PLAIN_NOTE_VERSION PLAIN_VERSION
#endif

enum {
#ifdef PLAIN_ABI_MAJOR
    abi_major = PLAIN_ABI_MAJOR,
#else
    abi_major = LOOM_ABI_MAJOR,
#endif
#ifdef PLAIN_ABI_MINOR
    abi_minor = PLAIN_ABI_MINOR
#else
    abi_minor = LOOM_ABI_MINOR
#endif
};

#ifndef PLAIN_SIZE
#define PLAIN_SIZE sizeof(loom_plugin)
#endif

struct loom_instance {
    int unused;
};
static loom_instance instance;

#ifdef PLAIN_CALLS_MISSING
void function_of_nowhere(void);
#endif
#ifdef PLAIN_STATIC_TLS
static __thread int calls __attribute__((tls_model("initial-exec")));
#endif

static loom_status create(
    const loom_host *host, const loom_options *options, loom_instance **out, loom_error *error) {
    (void)host;
    (void)options;
    (void)error;
#ifdef PLAIN_CALLS_MISSING
    function_of_nowhere();
#endif
#ifdef PLAIN_STATIC_TLS
    ++calls;
    instance.unused = calls;
#endif
    *out = &instance;
    return LOOM_OK;
}

static void destroy(loom_instance *self) { (void)self; }

#ifdef PLAIN_PREPARES
static void prepare(loom_instance *self, void *worker_state, const loom_query *query) {
    (void)self;
    (void)worker_state;
    (void)query;
}
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const loom_plugin plain = {
    .size = PLAIN_SIZE,
    .abi_major = abi_major,
    .abi_minor = abi_minor,
    .id = TEXT("plain"),
    .version = TEXT(PLAIN_VERSION),
    .license = TEXT("Apache-2.0"),
    .summary = TEXT("Does nothing."),
    .create = create,
    .destroy = destroy,
#ifdef PLAIN_PREPARES
    .prepare = prepare,
#endif
};
static const loom_plugin *const plugins[] = {&plain};

#ifndef PLAIN_NO_NOTE
__attribute__((section(LOOM_NOTE_SECTION), used, aligned(4)))
static const loom_note note = {
    8, sizeof(loom_note) - 20, 1, "LOOM", LOOM_NOTE_MAGIC, abi_major, abi_minor,
    sizeof(loom_plugin), "plain", PLAIN_NOTE_VERSION};
#endif
const loom_module loom_module_0 = {sizeof(loom_module), abi_major, abi_minor, 1, plugins};
