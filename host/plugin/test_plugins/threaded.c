/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with a thread of its own, which runs from "start" to "stop"; extension() stands for hooks. */
#include <dnsloom/abi/abi.h>

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static pthread_t thread;
static int ends[2];

static void *wait_for_end(void *unused) {
    char octet;
    while (read(ends[0], &octet, 1) < 0) {
    }
    return unused;
}

static const void *extension(loom_instance *self, const char *command) {
    (void)self;
    if (strcmp(command, "start") == 0) {
        if (pipe(ends) != 0) return NULL;
        if (pthread_create(&thread, NULL, wait_for_end, NULL) != 0) return NULL;
        return &thread;
    }
    if (close(ends[1]) != 0 || pthread_join(thread, NULL) != 0) return NULL;
    return close(ends[0]) == 0 ? &thread : NULL;
}

static loom_status create(
    const loom_host *host, const loom_options *options, loom_instance **out, loom_error *error) {
    (void)host;
    (void)options;
    (void)out;
    (void)error;
    return LOOM_E_UNSUPPORTED;
}

static void destroy(loom_instance *self) { (void)self; }

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const loom_plugin threaded = {
    .size = sizeof(loom_plugin),
    .abi_major = LOOM_ABI_MAJOR,
    .abi_minor = LOOM_ABI_MINOR,
    .id = TEXT("threaded"),
    .version = TEXT("1.0.0"),
    .create = create,
    .destroy = destroy,
    .extension = extension,
};
static const loom_plugin *const plugins[] = {&threaded};

LOOM_NOTE("threaded", "1.0.0");
const loom_module loom_module_0 = {
    sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};
