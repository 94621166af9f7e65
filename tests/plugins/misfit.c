/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that would load but for one thing; the build says which by a macro MISFIT_*. */
#include <dnsloom/abi/abi.h>

#if defined MISFIT_MAJOR
enum { major = LOOM_ABI_MAJOR + 7, minor = LOOM_ABI_MINOR };
#elif defined MISFIT_MINOR
enum { major = LOOM_ABI_MAJOR, minor = LOOM_ABI_MINOR + 7 };
#else
enum { major = LOOM_ABI_MAJOR, minor = LOOM_ABI_MINOR };
#endif

#ifdef MISFIT_UNDEFINED
extern int loom_test_nowhere(void);
#endif

static int instance;

static loom_status create(
    const loom_host *host, const loom_options *options, loom_instance **out, loom_error *error) {
    (void)host;
    (void)options;
    (void)error;
#ifdef MISFIT_UNDEFINED
    if (loom_test_nowhere() != 0) return LOOM_E_CONFIG;
#endif
    *out = (loom_instance *)&instance;
    return LOOM_OK;
}

static void destroy(loom_instance *self) { (void)self; }

#ifdef MISFIT_SERVICE
static const char *const services[] = {"loom.nowhere/1", 0};
#else
static const char *const services[] = {0};
#endif

static const loom_plugin plugin = {
    .size = sizeof(loom_plugin),
    .abi_major = major,
    .abi_minor = minor,
    .id = {"subject", 7},
    .version = {"1.0.0", 5},
    .required_services = services,
    .create = create,
    .destroy = destroy,
};
static const loom_plugin *const plugins[] = {&plugin};

#ifndef MISFIT_NOTE
__attribute__((section(LOOM_NOTE_SECTION), used, aligned(4)))
static const loom_note note = {8, sizeof(loom_note) - 20, 1, "LOOM", LOOM_NOTE_MAGIC, major, minor,
                               sizeof(loom_plugin), "subject", "1.0.0"};
#endif

#ifdef MISFIT_SYMBOL
#define loom_module_0 loom_module_of_another_kind
LOOM_EXPORT extern const loom_module loom_module_of_another_kind;
#endif
const loom_module loom_module_0 = {sizeof(loom_module), major, minor, 1, plugins};
