// SPDX-License-Identifier: Apache-2.0
// What a hit, a miss and an insertion cost, measured through the C ABI with a host that does
// nothing.
//
//     ninja plugins/cache/cache-bench
//     plugins/cache/cache-bench [NAMES]              what calls cost
//     plugins/cache/cache-bench flood [NAMES] [MIB]  more names than fit: memory, and the longest call
#include <dnsloom/abi/abi.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message_writer.hpp>

#include <fmt/format.h>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dns = loom::dns;

// -- A host without anything behind it ------------------------------------------------------

std::array<uint8_t, 65535> room;
loom_bytes reply;

loom_status buffer(loom_query* query, uint8_t** data, size_t* size) {
    *data = room.data();
    *size = query->reply_max;
    return LOOM_OK;
}
loom_status commit(loom_query*, size_t) { return LOOM_OK; }
int32_t present(const loom_query*) { return 1; }
uint16_t rcode(const loom_query*) { return 0; }
uint16_t flags(const loom_query*) { return LOOM_FLAG_RA; }
loom_status wire(loom_query*, loom_bytes* out) {
    *out = reply;
    return LOOM_OK;
}
loom_bytes no_options(const loom_query*) { return {}; }
loom_status set_flags(loom_query*, uint16_t, uint16_t) { return LOOM_OK; }

loom_response_1 make_response() {
    loom_response_1 table{};
    table.size = sizeof table;
    table.buffer = buffer;
    table.commit = commit;
    table.present = present;
    table.rcode = rcode;
    table.flags = flags;
    table.wire = wire;
    table.options = no_options;
    table.set_flags = set_flags;
    return table;
}

/// Options have their defaults, but for the capacity.
struct Value {
    std::string_view name;
    int64_t integer;
    std::string_view text{};
};
constexpr int64_t second_ns = 1'000'000'000;
std::array values{
    Value{"capacity", 64 << 20},
    Value{"denial_capacity", 0},
    Value{"max_ttl", 3600 * second_ns},
    Value{"negative_max_ttl", 1800 * second_ns},
    Value{"min_ttl", 0},
    Value{"servfail", 5 * second_ns},
    Value{"keepttl", 0},
    Value{"prefetch", 0},
    Value{"prefetch_percentage", 10},
    Value{"serve_stale", 0},
    Value{"serve_stale_refresh", 0, "immediate"},
    Value{"serve_stale_verify_timeout", second_ns},
    Value{"serve_stale_ttl", 30 * second_ns},
    Value{"serve_stale_recheck", 30 * second_ns},
};

loom_options_1 make_options() {
    loom_options_1 table{};
    table.size = sizeof table;
    table.get = [](const loom_options*, loom_str name) -> const loom_option* {
        const std::string_view text{name.data, name.size};
        const auto* const found = std::ranges::find(values, text, &Value::name);
        return found != values.end() ? reinterpret_cast<const loom_option*>(found) : nullptr;
    };
    table.integer = [](const loom_option* option) {
        return reinterpret_cast<const Value*>(option)->integer;
    };
    table.string = [](const loom_option* option) {
        const std::string_view text = reinterpret_cast<const Value*>(option)->text;
        return loom_str{text.data(), text.size()};
    };
    return table;
}

std::array<uint64_t, 64> counters;
uint32_t counter_count = 0;

loom_metrics_1 make_metrics() {
    loom_metrics_1 table{};
    table.size = sizeof table;
    table.define = [](const loom_host*,
                      int32_t,
                      loom_str,
                      loom_str,
                      const loom_label*,
                      uint32_t,
                      const double*,
                      uint32_t,
                      uint32_t* id) -> loom_status {
        *id = counter_count++;
        return LOOM_OK;
    };
    table.add = [](const loom_host*, uint32_t, uint32_t id, uint64_t n) { counters[id] += n; };
    table.set = [](const loom_host*, uint32_t, double) {};
    return table;
}

loom_loop_1 make_loop() {
    loom_loop_1 table{};
    table.size = sizeof table;
    table.realtime_ns = [](const loom_host*) { return uint64_t{1'767'225'600'000'000'000}; };
    return table;
}

const loom_response_1 response_table = make_response();
const loom_options_1 options_table = make_options();
const loom_metrics_1 metrics_table = make_metrics();
const loom_loop_1 loop_table = make_loop();
const loom_log_1 log_table{
    sizeof(loom_log_1), [](const loom_host*, int32_t) { return int32_t{0}; }, nullptr};

const loom_ask_1 ask_table{
    sizeof(loom_ask_1),
    nullptr,
    [](const loom_host*, loom_query*, void (*)(void*, loom_query*), void*) -> loom_status {
        return LOOM_E_LIMIT;
    }};
loom_question_1 make_question() {
    loom_question_1 table{};
    table.size = sizeof table;
    table.set_flags = [](loom_query*, uint32_t, uint32_t) -> loom_status { return LOOM_OK; };
    return table;
}
const loom_question_1 question_table = make_question();

alignas(16) std::array<uint8_t, 256> scratch{};
void* scratch_of(loom_query*) { return scratch.data(); }

const void* service(const loom_host*, const char* id) {
    const std::string_view text{id};
    if (text == LOOM_SERVICE_RESPONSE) return &response_table;
    if (text == LOOM_SERVICE_OPTIONS) return &options_table;
    if (text == LOOM_SERVICE_METRICS) return &metrics_table;
    if (text == LOOM_SERVICE_LOOP) return &loop_table;
    if (text == LOOM_SERVICE_LOG) return &log_table;
    if (text == LOOM_SERVICE_ASK) return &ask_table;
    if (text == LOOM_SERVICE_QUESTION) return &question_table;
    return nullptr;
}

// -- Queries ----------------------------------------------------------------------------------

struct Asked {
    dns::Name name;
    std::array<uint64_t, 4> hashes{};
    loom_query query{};
    std::vector<uint8_t> reply;
};

void make_query(Asked& asked, size_t number) {
    asked.name = *dns::Name::from_text("host" + std::to_string(number) + ".example.org.");
    for (size_t i = 0; i < asked.hashes.size(); ++i)
        asked.hashes[i] = asked.name.view().without_labels(i).hash(42);
    loom_query& query = asked.query;
    query.size = sizeof query;
    query.flags = LOOM_QUERY_RD;
    query.qtype = query.qclass = 1;
    query.label_count = 3;
    query.reply_max = 512;
    query.qname = query.qname_lower = {asked.name.octets().data(), asked.name.size()};
    query.suffix_hash = asked.hashes.data();
    query.now_ns = query.received_ns = 1'000'000'000;
}

void make_reply(Asked& asked) {
    asked.reply.resize(512);
    dns::MessageWriter writer{asked.reply, asked.reply.size()};
    dns::Header header;
    header.bits = dns::flag::qr | dns::flag::ra;
    writer.begin(header, dns::Question{asked.name, 1, 1});
    constexpr std::array<uint8_t, 4> address{192, 0, 2, 1};
    writer.add(dns::Section::answer, dns::Record{asked.name, 1, 1, 300, address});
    writer.add(dns::Section::answer, dns::Record{asked.name, 1, 1, 300, address});
    asked.reply.resize(writer.finish());
}

// CPU time, so that what else the machine does counts less.
double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Nanoseconds for one call of work(query), over all queries in `order`.
template <class F>
double
measure(std::vector<Asked>& asked, const std::vector<uint32_t>& order, int rounds, F&& work) {
    double best = 1e9;
    for (int round = 0; round < rounds; ++round) {
        const double start = cpu_ns();
        for (const uint32_t index : order) work(asked[index]);
        best = std::min(best, (cpu_ns() - start) / static_cast<double>(order.size()));
    }
    return best;
}

/// The plugin, made and started.
struct Subject {
    Subject() {
        host.size = sizeof host;
        host.workers = 1;
        host.service = service;
        host.scratch = scratch_of;
        host.hash_name = [](const loom_host*, loom_bytes name) {
            return dns::NameView::from_trusted({name.data, name.size}).hash(42);
        };
        loom_error error{};
        if (plugin.create(&host, nullptr, &instance, &error) != LOOM_OK ||
            plugin.worker_init(instance, 0, &worker) != LOOM_OK ||
            plugin.start(instance, &error) != LOOM_OK) {
            fmt::print(stderr, "{}\n", error.text);
            std::exit(1);
        }
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    ~Subject() {
        plugin.stop(instance);
        plugin.worker_fini(instance, 0, worker);
        plugin.destroy(instance);
    }

    void ask(Asked& one) { plugin.on_query(instance, worker, &one.query); }
    void keep(Asked& one) {
        reply = {one.reply.data(), one.reply.size()};
        plugin.on_response(instance, worker, &one.query);
    }
    void miss(Asked& one) {
        scratch.fill(0);
        ask(one);
        keep(one);
        scratch.fill(0);
    }

    loom_host host{};
    const loom_plugin& plugin = *loom_module_0.plugins[0];
    loom_instance* instance = nullptr;
    void* worker = nullptr;
};

void measure_calls(size_t names) {
    Subject subject;
    std::vector<Asked> asked(names);
    for (size_t i = 0; i < names; ++i) {
        make_query(asked[i], i);
        make_reply(asked[i]);
    }
    std::vector<uint32_t> order(names);
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 random{1};
    std::ranges::shuffle(order, random);

    const auto ask = [&](Asked& one) { subject.ask(one); };
    const auto hop = [&](Asked& one) {
        one.query.qclass = 3;  // Not this cache's business.
        subject.ask(one);
        one.query.qclass = 1;
    };
    const double empty = measure(asked, order, 3, hop);
    const double miss = measure(asked, order, 1, [&](Asked& one) { subject.miss(one); });
    const double renewal = measure(asked, order, 5, [&](Asked& one) { subject.keep(one); });
    const uint64_t before = counters[0];
    constexpr int rounds = 50;
    const double hit = measure(asked, order, rounds, ask);
    for (auto& one : asked) one.query.now_ns += 5 * uint64_t{second_ns};
    const double aged = measure(asked, order, rounds, ask);
    if (counters[0] - before != 2 * rounds * names) fmt::print("not everything was a hit\n");

    fmt::print("{} names, ns each: hop {:.1f}, miss and insertion {:.1f}, ", names, empty, miss);
    fmt::print("renewal {:.1f}, hit {:.1f}, aged hit {:.1f}\n", renewal, hit, aged);
}

double thread_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Octets of this process that stand in memory.
double resident() {
    double pages = 0;
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*s %lf", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// More names than fit: the longest single call, of the processor's time, and the memory.
void flood(size_t names, int64_t mebibytes) {
    values[0].integer = mebibytes << 20U;
    Subject subject;
    const double before = resident();
    double longest = 0, sum = 0;
    Asked one;
    for (size_t i = 0; i < names; ++i) {
        make_query(one, i);
        make_reply(one);
        const double start = thread_ns();
        subject.miss(one);
        const double took = thread_ns() - start;
        longest = std::max(longest, took);
        sum += took;
    }
    fmt::print(
        "{} distinct names through {} MiB: {:.0f} ns each, the longest {:.2f} ms; {:.1f} MiB "
        "more\n",
        names,
        mebibytes,
        sum / static_cast<double>(names),
        longest / 1e6,
        (resident() - before) / (1 << 20));
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> words{argv + 1, argv + argc};
    const auto number = [&](size_t at, size_t otherwise) {
        return at < words.size() ? std::strtoul(words[at].data(), nullptr, 10) : otherwise;
    };
    if (!words.empty() && words[0] == "flood")
        flood(number(1, 10'000'000), static_cast<int64_t>(number(2, 256)));
    else
        measure_calls(number(0, 10'000));
}
