// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include "background_pool.hpp"
#include "commands.hpp"
#include "event_bus.hpp"
#include "file_watch.hpp"
#include "http_pages.hpp"
#include "log.hpp"
#include "meta_keys.hpp"
#include "metric_registry.hpp"
#include "publisher.hpp"
#include "services.hpp"
#include "version.hpp"
#include "../config/options.hpp"
#include "../generation/instance.hpp"
#include "../net/worker.hpp"
#include "../pipeline/question_service.hpp"
#include "../pipeline/response_service.hpp"

#include <dnsloom/abi/abi.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace loom::host {

namespace {

std::string_view view(loom_str text) {
    return text.size != 0 ? std::string_view{text.data, text.size} : std::string_view{};
}
std::vector<std::uint8_t> copy(loom_bytes octets) {
    return {octets.data, octets.data + octets.size};
}

EventLoop* loop_at(const Instance& instance, std::uint32_t where) {
    Services& services = instance.services();
    if (where == LOOM_CONTROL) return &services.control;
    if (where < services.workers.size()) return services.workers[where].get();
    return nullptr;
}
// For functions that belong to the calling thread.
EventLoop* own_loop(const Instance& instance, std::uint32_t where) {
    EventLoop* loop = loop_at(instance, where);
    return loop && EventLoop::current() == loop ? loop : nullptr;
}

// -- loom_host --

void* host_alloc(loom_query* query, std::size_t size, std::size_t align) {
    if (align == 0 || align > 64 || (align & (align - 1)) != 0) return nullptr;
    return exchange_of(query).arena.allocate(size, align);
}
void* host_scratch(loom_query* query) { return exchange_of(query).scratch(); }
loom_token host_suspend(loom_query* query, std::uint64_t timeout_ns) {
    Exchange& e = exchange_of(query);
    return e.host_worker->suspend(e, timeout_ns);
}
loom_status host_resume(
    const loom_host* host, loom_token token, std::int32_t reason, void* arg) {
    if (reason < 0) return LOOM_E_ARGUMENT;
    const auto worker = static_cast<std::uint32_t>(token >> 24U & 0xFFU);
    const auto& workers = instance_of(host).services().workers;
    if (worker >= workers.size()) return LOOM_E_STALE;
    return workers[worker]->resume(token, reason, arg);
}
std::uint64_t host_hash_name(const loom_host* host, loom_bytes name) {
    return hash_name(
        instance_of(host).services().hash_key,
        dns::NameView::from_trusted({name.data, name.size}));
}

// -- loom.log/1 --

LogLevel level_of(std::int32_t level) {
    return static_cast<LogLevel>(std::clamp(level, std::int32_t{LOOM_LOG_DEBUG}, std::int32_t{LOOM_LOG_ERROR}));
}
std::int32_t log_enabled(const loom_host* host, std::int32_t level) {
    return instance_of(host).services().log.enabled(level_of(level)) ? 1 : 0;
}
void log_write(
    const loom_host* host, std::int32_t level, loom_str message, const loom_log_field* fields,
    std::uint32_t count) {
    constexpr std::uint32_t fields_max = 32;
    std::array<LogField, fields_max> list;
    count = std::min(count, fields_max);
    for (std::uint32_t i = 0; i < count; ++i)
        list[i] = {view(fields[i].key), view(fields[i].value)};
    const Instance& instance = instance_of(host);
    instance.services().log.write(
        level_of(level), instance.plan().name, view(message), std::span{list}.first(count));
}
constexpr loom_log_1 log_service = {sizeof(loom_log_1), log_enabled, log_write};

// -- loom.metrics/1 --

loom_status metrics_define(
    const loom_host* host, std::int32_t kind, loom_str name, loom_str help,
    const loom_label* labels, std::uint32_t label_count, const double* bounds,
    std::uint32_t bound_count, std::uint32_t* id) {
    constexpr std::size_t series_max = 4096;
    Instance& instance = mutable_instance_of(host);
    if (instance.phase() != InstancePhase::loaded) return LOOM_E_STATE;
    if (instance.metric_ids.size() >= series_max || label_count > 16 ||
        bound_count > MetricRegistry::bounds_max)
        return LOOM_E_LIMIT;
    MetricRegistry::Definition definition;
    definition.kind = kind;
    definition.name = view(name);
    definition.help = view(help);
    for (std::uint32_t i = 0; i < label_count; ++i)
        definition.labels.emplace_back(view(labels[i].key), view(labels[i].value));
    definition.labels.emplace_back("server", instance.plan().server);
    if (bound_count != 0) definition.bounds.assign(bounds, bounds + bound_count);
    const auto defined = instance.services().metrics.define(definition);
    if (!defined) return LOOM_E_ARGUMENT;
    instance.metric_ids.push_back(*defined);
    *id = *defined;
    return LOOM_OK;
}
void metrics_add(
    const loom_host* host, std::uint32_t where, std::uint32_t id, std::uint64_t amount) {
    MetricRegistry& metrics = instance_of(host).services().metrics;
    metrics.add(metrics.lane(where), id, amount);
}
void metrics_set(const loom_host* host, std::uint32_t id, double value) {
    instance_of(host).services().metrics.set(id, value);
}
void metrics_observe(const loom_host* host, std::uint32_t where, std::uint32_t id, double value) {
    MetricRegistry& metrics = instance_of(host).services().metrics;
    metrics.observe(metrics.lane(where), id, value);
}
loom_status metrics_render(const loom_host* host, const loom_sink* sink) {
    const std::string text = instance_of(host).services().metrics.render();
    return sink->write(sink->self, text.data(), text.size());
}
constexpr loom_metrics_1 metrics_service = {
    sizeof(loom_metrics_1), metrics_define, metrics_add, metrics_set, metrics_observe,
    metrics_render};

// -- loom.loop/1 --

// Posted work finds its instance alive, or does nothing: the post keeps a count, and an instance
// waits for its posts before its code goes.
loom_status
loop_post(const loom_host* host, std::uint32_t where, void (*fn)(void*), void* arg) {
    Instance& instance = mutable_instance_of(host);
    EventLoop* loop = loop_at(instance, where);
    if (!loop) return LOOM_E_ARGUMENT;
    instance.posted.fetch_add(1, std::memory_order_relaxed);
    loop->post([&instance, fn, arg] {
        if (instance.phase() < InstancePhase::stopped) fn(arg);
        instance.posted.fetch_sub(1, std::memory_order_release);
    });
    return LOOM_OK;
}
loom_status
loop_defer(const loom_host* host, std::uint32_t where, void (*fn)(void*), void* arg) {
    const Instance& instance = instance_of(host);
    EventLoop* loop = own_loop(instance, where);
    if (!loop) return LOOM_E_THREAD;
    loop->defer(fn, arg, &instance);
    return LOOM_OK;
}
loom_status loop_timer(
    const loom_host* host, std::uint32_t where, std::uint64_t delay_ns, void (*fn)(void*),
    void* arg, loom_handle* handle) {
    const Instance& instance = instance_of(host);
    EventLoop* loop = own_loop(instance, where);
    if (!loop) return LOOM_E_THREAD;
    *handle = loop->add_timer(delay_ns, fn, arg, &instance);
    return LOOM_OK;
}
loom_status loop_watch_fd(
    const loom_host* host, std::uint32_t where, int fd, std::uint32_t events,
    void (*fn)(void*, std::uint32_t), void* arg, loom_handle* handle) {
    const Instance& instance = instance_of(host);
    EventLoop* loop = own_loop(instance, where);
    if (!loop) return LOOM_E_THREAD;
    *handle = loop->watch(fd, events, fn, arg, &instance);
    return *handle != 0 ? LOOM_OK : LOOM_E_IO;
}
loom_status loop_cancel(const loom_host*, loom_handle handle) {
    EventLoop* loop = EventLoop::current();
    if (!loop) return LOOM_E_THREAD;
    if ((handle >> 63U) != 0) return loop->unwatch(handle) ? LOOM_OK : LOOM_E_STALE;
    return loop->cancel_timer(handle) ? LOOM_OK : LOOM_E_STALE;
}
loom_status loop_background(
    const loom_host* host, void (*work)(void*), void (*done)(void*), void* arg) {
    Instance& instance = mutable_instance_of(host);
    Services& services = instance.services();
    if (EventLoop::current() != &services.control) return LOOM_E_THREAD;
    instance.posted.fetch_add(1, std::memory_order_relaxed);
    services.background.run([&instance, &services, work, done, arg] {
        work(arg);
        services.control.post([&instance, done, arg] {
            if (done) done(arg);
            instance.posted.fetch_sub(1, std::memory_order_release);
        });
    });
    return LOOM_OK;
}
std::uint64_t loop_monotonic_ns(const loom_host* host) {
    return instance_of(host).services().clock.monotonic_ns();
}
std::uint64_t loop_realtime_ns(const loom_host* host) {
    return instance_of(host).services().clock.realtime_ns();
}
constexpr loom_loop_1 loop_service = {
    sizeof(loom_loop_1), loop_post, loop_defer, loop_timer, loop_watch_fd, loop_cancel,
    loop_background, loop_monotonic_ns, loop_realtime_ns};

// -- loom.ask/1 --

loom_status ask_ask(
    loom_query* parent, loom_bytes qname, std::uint16_t qtype, std::uint16_t qclass,
    std::int32_t from, loom_token token) {
    Exchange& e = exchange_of(parent);
    return e.host_worker->ask(e, {qname.data, qname.size}, qtype, qclass, from, token);
}
loom_status ask_background(
    const loom_host* host, loom_query* like, void (*done)(void*, loom_query*), void* arg) {
    Exchange& e = exchange_of(like);
    return e.host_worker->ask_in_background(e, instance_of(host), done, arg);
}
constexpr loom_ask_1 ask_service = {sizeof(loom_ask_1), ask_ask, ask_background};

// -- loom.meta/1 --

loom_status meta_key(const loom_host* host, loom_str name, std::uint32_t* key) {
    *key = instance_of(host).services().meta_keys.key(view(name));
    return *key != 0 ? LOOM_OK : LOOM_E_ARGUMENT;
}
loom_status meta_set(loom_query* query, std::uint32_t key, loom_bytes value) {
    Exchange& e = exchange_of(query);
    if (!e.meta_keys || e.meta_count == 0) {
        e.meta_keys = static_cast<std::uint32_t*>(
            e.arena.allocate(meta_max * sizeof(std::uint32_t), alignof(std::uint32_t)));
        e.meta_values = static_cast<loom_bytes*>(
            e.arena.allocate(meta_max * sizeof(loom_bytes), alignof(loom_bytes)));
        if (!e.meta_keys || !e.meta_values) return LOOM_E_MEMORY;
    }
    for (std::uint16_t i = 0; i < e.meta_count; ++i) {
        if (e.meta_keys[i] != key) continue;
        e.meta_values[i] = value;
        return LOOM_OK;
    }
    if (e.meta_count == meta_max) return LOOM_E_LIMIT;
    e.meta_keys[e.meta_count] = key;
    e.meta_values[e.meta_count++] = value;
    return LOOM_OK;
}
loom_bytes meta_get(const loom_query* query, std::uint32_t key) {
    // A sub-query sees what was said about the query that it serves.
    for (const Exchange* e = &exchange_of(query); e != nullptr; e = e->parent)
        for (std::uint16_t i = 0; i < e->meta_count; ++i)
            if (e->meta_keys[i] == key) return e->meta_values[i];
    return {};
}
constexpr loom_meta_1 meta_service = {sizeof(loom_meta_1), meta_key, meta_set, meta_get};

// -- loom.watch/1 --

loom_status watch_file(
    const loom_host* host, loom_str path, void (*changed)(void*), void* arg,
    loom_handle* handle) {
    const Instance& instance = instance_of(host);
    if (EventLoop::current() != &instance.services().control) return LOOM_E_THREAD;
    *handle = instance.services().files.file(
        std::string{view(path)}, &instance, [changed, arg] { changed(arg); });
    return LOOM_OK;
}
loom_status watch_cancel(const loom_host* host, loom_handle handle) {
    const Instance& instance = instance_of(host);
    return instance.services().files.cancel(handle) ? LOOM_OK : LOOM_E_STALE;
}
constexpr loom_watch_1 watch_service = {sizeof(loom_watch_1), watch_file, watch_cancel};

// -- loom.events/1 --

loom_status events_publish(const loom_host* host, const loom_event* event) {
    const Instance& instance = instance_of(host);
    if (event->name.size == 0 || event->name.size > dns::name_size_max) return LOOM_E_ARGUMENT;
    instance.services().events.publish(&instance, event->kind, copy(event->name));
    return LOOM_OK;
}
loom_status events_subscribe(
    const loom_host* host, void (*fn)(void*, const loom_event*), void* arg, loom_handle* handle) {
    const Instance& instance = instance_of(host);
    *handle = instance.services().events.subscribe(&instance, fn, arg);
    return LOOM_OK;
}
loom_status events_cancel(const loom_host* host, loom_handle handle) {
    return instance_of(host).services().events.cancel(handle) ? LOOM_OK : LOOM_E_STALE;
}
constexpr loom_events_1 events_service = {
    sizeof(loom_events_1), events_publish, events_subscribe, events_cancel};

// -- loom.publish/1 --

loom_status publish_retire(const loom_host* host, void (*free_fn)(void*), void* arg) {
    const Instance& instance = instance_of(host);
    if (EventLoop::current() != &instance.services().control) return LOOM_E_THREAD;
    instance.services().publisher.retire(&instance, free_fn, arg);
    return LOOM_OK;
}
constexpr loom_publish_1 publish_service = {sizeof(loom_publish_1), publish_retire};

// -- loom.http/1 --

loom_status http_serve(
    const loom_host* host, const loom_address* address, loom_str path,
    loom_status (*handler)(void*, loom_http_reply*), void* arg) {
    Instance& instance = mutable_instance_of(host);
    if (instance.phase() != InstancePhase::loaded) return LOOM_E_STATE;
    const std::string text{view(path)};
    if (text.empty() || text[0] != '/') return LOOM_E_ARGUMENT;
    const bool mine = instance.services().http.propose(
        {*address, text, handler, arg, &instance, std::string{view(instance.plugin().id)}});
    return mine ? LOOM_OK : LOOM_E_STATE;
}
constexpr loom_http_1 http_service = {sizeof(loom_http_1), http_serve};

// -- loom.command/1 --

loom_status command_add(
    const loom_host* host, loom_str name, loom_str usage, loom_command_fn run, void* arg) {
    const Instance& instance = instance_of(host);
    if (instance.phase() != InstancePhase::loaded) return LOOM_E_STATE;
    return instance.services().commands.add(
        {&instance, std::string{view(name)}, std::string{view(usage)}, run, arg});
}
// The commands of the process for calls from its control thread, the only one that may use them.
Commands* commands_here(const Instance& instance) {
    Services& services = instance.services();
    return EventLoop::current() == &services.control ? &services.commands : nullptr;
}
loom_status command_write(const loom_host* host, loom_handle reply, loom_str text) {
    const Instance& instance = instance_of(host);
    Commands* commands = commands_here(instance);
    return commands ? commands->write(&instance, reply, view(text)) : LOOM_E_THREAD;
}
loom_status command_finish(const loom_host* host, loom_handle reply, loom_status status) {
    const Instance& instance = instance_of(host);
    Commands* commands = commands_here(instance);
    return commands ? commands->finish(&instance, reply, status) : LOOM_E_THREAD;
}
constexpr loom_command_1 command_service = {
    sizeof(loom_command_1), command_add, command_write, command_finish};

// -- all of them --

struct NamedService {
    std::string_view id;
    const void* table;
};
const std::array<NamedService, 13> all_services{{
    {LOOM_SERVICE_RESPONSE, &response_service},
    {LOOM_SERVICE_QUESTION, &question_service},
    {LOOM_SERVICE_OPTIONS, &options_service},
    {LOOM_SERVICE_LOG, &log_service},
    {LOOM_SERVICE_METRICS, &metrics_service},
    {LOOM_SERVICE_LOOP, &loop_service},
    {LOOM_SERVICE_ASK, &ask_service},
    {LOOM_SERVICE_META, &meta_service},
    {LOOM_SERVICE_WATCH, &watch_service},
    {LOOM_SERVICE_EVENTS, &events_service},
    {LOOM_SERVICE_PUBLISH, &publish_service},
    {LOOM_SERVICE_HTTP, &http_service},
    {LOOM_SERVICE_COMMAND, &command_service},
}};

const void* find_service(std::string_view id) {
    const auto found = std::ranges::find(all_services, id, &NamedService::id);
    return found != all_services.end() ? found->table : nullptr;
}
const void* host_service(const loom_host*, const char* id) { return find_service(id); }

}  // namespace

void fill_host_table(loom_host& table, const Services& services) {
    table.size = sizeof(loom_host);
    table.abi_major = LOOM_ABI_MAJOR;
    table.abi_minor = LOOM_ABI_MINOR;
    table.product = {product_name.data(), product_name.size()};
    table.version = {product_version.data(), product_version.size()};
    table.workers = services.worker_count;
    table.alloc = host_alloc;
    table.scratch = host_scratch;
    table.suspend = host_suspend;
    table.resume = host_resume;
    table.service = host_service;
    table.hash_name = host_hash_name;
}

bool offers_service(std::string_view id) { return find_service(id) != nullptr; }

}  // namespace loom::host
