/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.command/1": commands of a plugin for `dnsloom ctl`, such as `ctl cache flush all`. All of it
 * belongs to the control thread. */
#ifndef LOOM_ABI_SERVICE_COMMAND_H
#define LOOM_ABI_SERVICE_COMMAND_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs a command. `words` are those behind its name and live until this returns. `reply` is then to be
 * finished once, now or later; if the instance goes before, the host does it, as an error. */
typedef void (*loom_command_fn)(void *arg, const loom_str *words, uint32_t count, loom_handle reply);

#define LOOM_SERVICE_COMMAND "loom.command/1"
typedef struct loom_command_1 {
    uint32_t size;
    /* Offers `dnsloom ctl WHO NAME [WORD...]`. WHO is the plugin's id, for all its instances, or the name
     * of an instance. `name` is 1 to 32 of a-z, 0-9, `-` and `_`; `usage` is one line for `ctl commands`:
     * the words that follow, such as "NAME|ZONE|all". Both are copied. LOOM_E_LIMIT beyond 16 commands,
     * LOOM_E_ARGUMENT for a name that is malformed or the instance's already. [C, create] */
    loom_status (*add)(const loom_host *, loom_str name, loom_str usage, loom_command_fn run, void *arg);
    /* Appends UTF-8 text to the reply: whole lines. LOOM_E_LIMIT beyond 64 MiB in all, LOOM_E_STALE if it
     * is finished. [C] */
    loom_status (*write)(const loom_host *, loom_handle reply, loom_str text);
    /* Ends the reply: LOOM_OK, or an error, with which `ctl` exits in failure. LOOM_E_STALE if it is
     * finished already. [C] */
    loom_status (*finish)(const loom_host *, loom_handle reply, loom_status status);
} loom_command_1;

#ifdef __cplusplus
}
#endif
#endif
