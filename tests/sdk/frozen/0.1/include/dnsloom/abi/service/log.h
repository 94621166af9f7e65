/* SPDX-License-Identifier: Apache-2.0 */
/* Service "loom.log/1": structured log lines. The host adds time, instance and worker, and never blocks
 * the caller: when its queue is full, lines are dropped and counted. */
#ifndef LOOM_ABI_SERVICE_LOG_H
#define LOOM_ABI_SERVICE_LOG_H

#include "../host.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOOM_LOG_DEBUG = 0, LOOM_LOG_INFO = 1, LOOM_LOG_WARNING = 2, LOOM_LOG_ERROR = 3 };

typedef struct loom_log_field {
    loom_str key;   /* snake_case */
    loom_str value;
} loom_log_field;

#define LOOM_SERVICE_LOG "loom.log/1"
typedef struct loom_log_1 {
    uint32_t size;
    /* 1 if lines of `level` are kept. [A] */
    int32_t (*enabled)(const loom_host *, int32_t level);
    /* Writes a line; everything is copied. [A] */
    void (*write)(const loom_host *, int32_t level, loom_str message, const loom_log_field *fields,
        uint32_t field_count);
} loom_log_1;

#ifdef __cplusplus
}
#endif
#endif
