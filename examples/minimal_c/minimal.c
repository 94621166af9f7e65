/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest plugin in C: answers TXT questions with "minimal". */
#include <dnsloom/abi/abi.h>

struct loom_instance {
    const loom_response_1 *response;
};

static const uint16_t type_txt = 16;
static const uint8_t rdata[] = {7, 'm', 'i', 'n', 'i', 'm', 'a', 'l'};
/* There is one: it holds nothing that differs between two. */
static loom_instance instance;

static loom_status create(
    const loom_host *host, const loom_options *options, loom_instance **out, loom_error *error) {
    (void)options;
    (void)error;
    instance.response = host->service(host, LOOM_SERVICE_RESPONSE);
    if (!instance.response) return LOOM_E_UNSUPPORTED;
    *out = &instance;
    return LOOM_OK;
}

static void destroy(loom_instance *self) { (void)self; }

static loom_verdict on_query(loom_instance *self, void *worker_state, loom_query *query) {
    loom_record record;
    (void)worker_state;
    if (query->qtype != type_txt) return LOOM_NEXT;
    record.owner = query->qname;
    record.type = type_txt;
    record.klass = query->qclass;
    record.ttl = 60;
    record.rdata.data = rdata;
    record.rdata.size = sizeof rdata;
    if (self->response->begin(query, 0, LOOM_FLAG_AA) != LOOM_OK) return LOOM_FAIL(2);
    if (self->response->add(query, LOOM_ANSWER, &record) != LOOM_OK) return LOOM_FAIL(2);
    return LOOM_ANSWERED;
}

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const loom_plugin minimal = {
    .size = sizeof(loom_plugin),
    .abi_major = LOOM_ABI_MAJOR,
    .abi_minor = LOOM_ABI_MINOR,
    .roles = LOOM_ROLE_SOURCE,
    .id = TEXT("minimal_c"),
    .version = TEXT("1.0.0"),
    .license = TEXT("Apache-2.0"),
    .summary = TEXT("Answers TXT questions with the word minimal."),
    .create = create,
    .destroy = destroy,
    .on_query = on_query,
};
static const loom_plugin *const plugins[] = {&minimal};

LOOM_NOTE("minimal_c", "1.0.0");
const loom_module loom_module_0 = {
    sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};
