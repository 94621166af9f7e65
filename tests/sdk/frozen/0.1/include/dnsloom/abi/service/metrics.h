/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.metrics/1". The host owns the values, by name and labels, so that they survive the
 * replacement of the plugin that counts; each worker has cells of its own, so counting takes no lock. */
#ifndef LOOM_ABI_SERVICE_METRICS_H
#define LOOM_ABI_SERVICE_METRICS_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOOM_METRIC_COUNTER = 1, LOOM_METRIC_GAUGE = 2, LOOM_METRIC_HISTOGRAM = 3 };

typedef struct loom_label {
    loom_str key;
    loom_str value;
} loom_label;

#define LOOM_SERVICE_METRICS "loom.metrics/1"
typedef struct loom_metrics_1 {
    uint32_t size;
    /* Defines one series, or finds it again. The host adds the label "server". `bounds` are the upper
     * bounds of a histogram's buckets, ascending, at most 32. `name` is the full name
     * ("dnsloom_cache_hits_total"); `help` one sentence. At most 4096 series an instance.
     * [C, create] */
    loom_status (*define)(const loom_host *, int32_t kind, loom_str name, loom_str help,
        const loom_label *labels, uint32_t label_count, const double *bounds, uint32_t bound_count,
        uint32_t *id);
    /* Adds to a counter. `where`: the calling worker, or LOOM_CONTROL. [W or C] */
    void (*add)(const loom_host *, uint32_t where, uint32_t id, uint64_t amount);
    /* Sets a gauge, one value for the process. [A] */
    void (*set)(const loom_host *, uint32_t id, double value);
    /* Counts a value into a histogram. [W or C] */
    void (*observe)(const loom_host *, uint32_t where, uint32_t id, double value);
    /* Every series of the process in Prometheus' text format 0.0.4. [C] */
    loom_status (*render)(const loom_host *, const loom_sink *);
} loom_metrics_1;

#ifdef __cplusplus
}
#endif
#endif
