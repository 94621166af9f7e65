// SPDX-License-Identifier: Apache-2.0
// What a hit, a miss and an insertion cost, measured through
// the C ABI with a host that does nothing.
//
//     ninja cache-bench && plugins/cache/cache-bench [NAMES]
#include <dnsloom/abi/abi.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message_writer.hpp>

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <array>
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
    return table;
}

loom_options_1 make_options() {
    loom_options_1 table{};
    table.size = sizeof table;
    table.get = [](const loom_options*, loom_str name) {
        const std::string_view text{name.data, name.size};
        static constexpr std::array<int64_t, 5> values{
            64 << 20, 3'600'000'000'000, 1'800'000'000'000, 0, 5'000'000'000};
        static constexpr std::array<std::string_view, 5> names{
            "capacity", "max_ttl", "negative_max_ttl", "min_ttl", "servfail"};
        const auto* found = std::ranges::find(names, text);
        return reinterpret_cast<const loom_option*>(
            &values[static_cast<size_t>(found - names.begin())]);
    };
    table.integer = [](const loom_option* option) {
        return *reinterpret_cast<const int64_t*>(option);
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

const void* service(const loom_host*, const char* id) {
    const std::string_view text{id};
    if (text == LOOM_SERVICE_RESPONSE) return &response_table;
    if (text == LOOM_SERVICE_OPTIONS) return &options_table;
    if (text == LOOM_SERVICE_METRICS) return &metrics_table;
    if (text == LOOM_SERVICE_LOOP) return &loop_table;
    if (text == LOOM_SERVICE_LOG) return &log_table;
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

}  // namespace

int main(int argc, char** argv) {
    const size_t names = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000;
    loom_host host{};
    host.size = sizeof host;
    host.workers = 1;
    host.service = service;

    const loom_plugin& plugin = *loom_module_0.plugins[0];
    loom_instance* instance = nullptr;
    void* worker = nullptr;
    loom_error error{};
    if (plugin.create(&host, nullptr, &instance, &error) != LOOM_OK ||
        plugin.worker_init(instance, 0, &worker) != LOOM_OK ||
        plugin.start(instance, &error) != LOOM_OK) {
        fmt::print(stderr, "{}\n", error.text);
        return 1;
    }

    std::vector<Asked> asked(names);
    for (size_t i = 0; i < names; ++i) {
        make_query(asked[i], i);
        make_reply(asked[i]);
    }
    std::vector<uint32_t> order(names);
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 random{1};
    std::ranges::shuffle(order, random);

    const auto ask = [&](Asked& one) { plugin.on_query(instance, worker, &one.query); };
    const auto keep = [&](Asked& one) {
        reply = {one.reply.data(), one.reply.size()};
        plugin.on_response(instance, worker, &one.query);
    };
    const auto hop = [&](Asked& one) {
        one.query.qclass = 3;  // Not this cache's business.
        plugin.on_query(instance, worker, &one.query);
        one.query.qclass = 1;
    };

    const double empty = measure(asked, order, 3, hop);
    const double miss = measure(asked, order, 1, ask);
    const double insertion = measure(asked, order, 1, keep);
    const double renewal = measure(asked, order, 5, keep);
    const uint64_t before = counters[0];
    constexpr int rounds = 50;
    const double hit = measure(asked, order, rounds, ask);
    for (auto& one : asked) one.query.now_ns += 5'000'000'000;
    const double aged = measure(asked, order, rounds, ask);
    if (counters[0] - before != 2 * rounds * names) fmt::print("not everything was a hit\n");

    fmt::print("{} names, ns each: hop {:.1f}, miss {:.1f}, ", names, empty, miss);
    fmt::print("insertion {:.1f}, renewal {:.1f}, ", insertion, renewal);
    fmt::print("hit {:.1f}, aged hit {:.1f}\n", hit, aged);
    plugin.stop(instance);
    plugin.worker_fini(instance, 0, worker);
    plugin.destroy(instance);
}
