/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that loads, but does several things that the host warns of. */
#include <dnsloom/abi/abi.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

int number_of_nowhere(void);

static void on_signal(int number) { (void)number; }

static loom_status create(
    const loom_host *host, const loom_options *options, loom_instance **out, loom_error *error) {
    pthread_key_t key;
    (void)host;
    (void)options;
    (void)out;
    (void)error;
    signal(SIGUSR1, on_signal);
    if (fork() == 0) _exit(number_of_nowhere());
    return pthread_key_create(&key, NULL) == 0 ? LOOM_OK : LOOM_E_MEMORY;
}

static void destroy(loom_instance *self) { (void)self; }

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const loom_plugin risky = {
    .size = sizeof(loom_plugin),
    .abi_major = LOOM_ABI_MAJOR,
    .abi_minor = LOOM_ABI_MINOR,
    .id = TEXT("risky"),
    .version = TEXT("1.0.0"),
    .create = create,
    .destroy = destroy,
};
static const loom_plugin *const plugins[] = {&risky};

LOOM_NOTE("risky", "1.0.0");
const loom_module loom_module_0 = {
    sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};
