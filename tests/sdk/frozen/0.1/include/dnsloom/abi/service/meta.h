/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.meta/1": facts about a query that plugins tell each other, such as "geoip/country". */
#ifndef LOOM_ABI_SERVICE_META_H
#define LOOM_ABI_SERVICE_META_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_SERVICE_META "loom.meta/1"
typedef struct loom_meta_1 {
    uint32_t size;
    /* The number of the key `name` ("PLUGIN/FACT"), the same for all plugins. [C, create] */
    loom_status (*key)(const loom_host *, loom_str name, uint32_t *key);
    /* Sets a value; what it points at must live as long as the query. At most 32 a query. [W] */
    loom_status (*set)(loom_query *, uint32_t key, loom_bytes value);
    /* Its value; size 0 and data NULL if it was not set. [W] */
    loom_bytes (*get)(const loom_query *, uint32_t key);
} loom_meta_1;

#ifdef __cplusplus
}
#endif
#endif
