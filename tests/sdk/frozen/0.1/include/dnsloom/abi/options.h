/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's options: what it declares, and what create() reads.
 *
 * The host parses TOML, checks every value against the declaration, applies defaults and units, and
 * reports what is wrong with file, line and column before create() is called. So a plugin only
 * checks what a declaration cannot say. */
#ifndef LOOM_ABI_OPTIONS_H
#define LOOM_ABI_OPTIONS_H

#include "base.h"
#include "query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* loom_option_spec.type: how a value is written in TOML -> what the plugin reads. */
enum {
    LOOM_OPTION_STRING = 1,   /* "text"        -> string() */
    LOOM_OPTION_INTEGER = 2,  /* 42            -> integer() */
    LOOM_OPTION_BOOLEAN = 3,  /* true          -> integer(): 0 or 1 */
    LOOM_OPTION_REAL = 4,     /* 0.5 or 1      -> real() */
    LOOM_OPTION_DURATION = 5, /* "1h30m", "250ms", "0" -> integer(): nanoseconds */
    LOOM_OPTION_SIZE = 6,     /* "64MiB", "512", 512   -> integer(): octets */
    LOOM_OPTION_NAME = 7,     /* "example.org" or a CIDR block -> name(): wire form, lower case */
    LOOM_OPTION_PATH = 8,     /* "db.example"  -> string(): absolute; relative to the config file */
    LOOM_OPTION_ENDPOINT = 9, /* "192.0.2.1", "[2001:db8::1]:53" -> endpoint(); port 0: not given */
    LOOM_OPTION_TABLE = 10    /* { ... } with the fields of `fields` */
};

/* loom_option_spec.flags */
enum {
    LOOM_OPTION_REQUIRED = 1 << 0, /* Must be given. */
    LOOM_OPTION_LIST = 1 << 1      /* An array of such values; a single one is a list of one. */
};

/* Declares one option. Static data of the plugin. */
typedef struct loom_option_spec {
    uint32_t size;
    int32_t type;
    uint32_t flags;
    uint32_t list_max;       /* Most elements of a list; 0: 65535. */
    loom_str name;           /* snake_case. */
    loom_str help;           /* One sentence. */
    loom_str default_value;  /* As it would be written in TOML, strings without quotes; empty: none. */
    loom_str choices;        /* STRING: the allowed values, separated by '|'; empty: any. */
    int64_t minimum, maximum; /* INTEGER, DURATION (ns), SIZE; string length. Both 0: no bounds. */
    const struct loom_option_spec *fields; /* TABLE: its options. */
    uint32_t field_count;
} loom_option_spec;

/* Service "loom.options/1": reads the options given to create(). [C, create] */
#define LOOM_SERVICE_OPTIONS "loom.options/1"
typedef struct loom_options_1 {
    uint32_t size;
    /* The option's value (or its default's), NULL if there is neither. */
    const loom_option *(*get)(const loom_options *, loom_str name);
    /* Elements: of a list its length; of anything else 1. */
    uint32_t (*count)(const loom_option *);
    /* Element `index` of a list; a single value is its own element 0. NULL beyond the end. */
    const loom_option *(*at)(const loom_option *, uint32_t index);
    int64_t (*integer)(const loom_option *);
    double (*real)(const loom_option *);
    loom_str (*string)(const loom_option *);
    loom_bytes (*name)(const loom_option *);
    loom_status (*endpoint)(const loom_option *, loom_address *);
    /* The fields of a TABLE. */
    const loom_options *(*table)(const loom_option *);
    /* 1 if the value was written in the configuration, 0 if it is the default. */
    int32_t (*given)(const loom_option *);
    /* Where it stands; for error texts. `file` may be NULL. */
    void (*position)(const loom_option *, loom_str *file, uint32_t *line, uint32_t *column);
    /* The zones of the server the instance stands in, lower case: index 0 .. zone_count-1. */
    uint32_t (*zone_count)(const loom_options *);
    loom_bytes (*zone)(const loom_options *, uint32_t index);
} loom_options_1;

#ifdef __cplusplus
}
#endif
#endif
