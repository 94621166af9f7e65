// SPDX-License-Identifier: Apache-2.0
// Measures loading and answering: file_bench ZONE FILE QUERIES [dnssec]
//
// QUERIES has a name and a type a line. The host is a bare one: it hashes names and lends a buffer,
// so what is measured is the plugin alone, on a zone that does not fit into the caches.

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/plugin.hpp>

#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dns = loom::dns;

std::string zone_path;
dns::Name zone_name;
std::array<std::uint8_t, 65535> send_buffer;
std::size_t sent_octets = 0;

std::uint64_t hash_label(std::uint64_t hash, const std::uint8_t* label) {
    for (std::size_t i = 0; i <= label[0]; ++i) {
        const bool upper = label[i] >= 'A' && label[i] <= 'Z';
        hash = (hash ^ (upper ? label[i] | 0x20U : label[i])) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29U;
    }
    return hash * 0xBF58476D1CE4E5B9U;
}

std::uint64_t hash_suffix(const std::uint8_t* name) {
    return *name == 0 ? 1 : hash_label(hash_suffix(name + 1 + *name), name);
}

// Option handles: 1 path, 2 true, 3 include.
const loom_option* option(std::intptr_t number) {
    return reinterpret_cast<const loom_option*>(number);
}

const loom_options_1 options_table = [] {
    loom_options_1 t{};
    t.size = sizeof t;
    t.get = [](const loom_options*, loom_str name) {
        const std::string_view text = loom::view(name);
        return option(text == "path" ? 1 : text == "include" ? 3 : 2);
    };
    t.integer = [](const loom_option*) -> std::int64_t { return 1; };
    t.string = [](const loom_option* o) {
        return o == option(1) ? loom::str(zone_path) : loom::str("below_folder");
    };
    t.position = [](const loom_option*, loom_str*, std::uint32_t*, std::uint32_t*) {};
    t.zone_count = [](const loom_options*) -> std::uint32_t { return 1; };
    t.zone = [](const loom_options*, std::uint32_t) { return loom::bytes(zone_name.octets()); };
    return t;
}();

const loom_response_1 response_table = [] {
    loom_response_1 t{};
    t.size = sizeof t;
    t.begin = [](loom_query*, std::uint16_t, std::uint16_t) -> loom_status { return LOOM_OK; };
    t.buffer = [](loom_query*, std::uint8_t** data, std::size_t* size) -> loom_status {
        *data = send_buffer.data();
        *size = 1221;
        return LOOM_OK;
    };
    t.commit = [](loom_query*, std::size_t size) -> loom_status {
        sent_octets += size;
        return LOOM_OK;
    };
    t.set_wire = [](loom_query*, loom_bytes message) -> loom_status {
        sent_octets += message.size;
        return LOOM_OK;
    };
    return t;
}();

const loom_log_1 log_table{
    sizeof(loom_log_1), [](const loom_host*, std::int32_t) { return 0; }, nullptr};

const loom_metrics_1 metrics_table = [] {
    loom_metrics_1 t{};
    t.size = sizeof t;
    t.define = [](const loom_host*,
                  std::int32_t,
                  loom_str,
                  loom_str,
                  const loom_label*,
                  std::uint32_t,
                  const double*,
                  std::uint32_t,
                  std::uint32_t*) -> loom_status { return LOOM_OK; };
    t.add = [](const loom_host*, std::uint32_t, std::uint32_t, std::uint64_t) {};
    t.set = [](const loom_host*, std::uint32_t, double) {};
    return t;
}();

const void* service(const loom_host*, const char* id) {
    const std::string_view name = id;
    if (name == LOOM_SERVICE_OPTIONS) return &options_table;
    if (name == LOOM_SERVICE_RESPONSE) return &response_table;
    if (name == LOOM_SERVICE_LOG) return &log_table;
    if (name == LOOM_SERVICE_METRICS) return &metrics_table;
    static const std::array<void*, 16> nothing{};
    return nothing.data();
}

alignas(16) std::array<std::uint8_t, 65535> query_memory;

const loom_host host_table = [] {
    loom_host t{};
    t.size = sizeof t;
    t.workers = 1;
    t.alloc = [](loom_query*, std::size_t, std::size_t) -> void* { return query_memory.data(); };
    t.suspend = [](loom_query*, std::uint64_t) -> loom_token { return 0; };
    t.service = service;
    t.hash_name = [](const loom_host*, loom_bytes name) { return hash_suffix(name.data); };
    return t;
}();

struct TestQuery {
    dns::Name name;
    std::array<std::uint64_t, 8> hashes{};
    std::array<std::uint8_t, 8> offsets{};
    loom_query query{};
};

void prepare(TestQuery& q, std::string_view name, std::string_view type, bool dnssec) {
    q.name = *dns::Name::from_text(name);
    std::size_t at = 0;
    for (std::size_t i = 0; i <= q.name.label_count(); ++i) {
        q.offsets[i] = static_cast<std::uint8_t>(at);
        q.hashes[i] = hash_suffix(q.name.octets().data() + at);
        at += 1U + q.name.octets()[at];
    }
    q.query.size = sizeof q.query;
    q.query.flags = LOOM_QUERY_EDNS | (dnssec ? std::uint32_t{LOOM_QUERY_DO} : 0U);
    q.query.qtype = *dns::type_from_string(type);
    q.query.qclass = dns::rr_class::in;
    q.query.label_count = static_cast<std::uint8_t>(q.name.label_count());
    q.query.qname = q.query.qname_lower = loom::bytes(q.name.octets());
    q.query.suffix_hash = q.hashes.data();
    q.query.label_offset = q.offsets.data();
}

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long peak_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: file_bench ZONE FILE QUERIES [dnssec]\n");
        return 2;
    }
    zone_name = *dns::Name::from_text(argv[1]);
    zone_path = argv[2];
    const loom_plugin& plugin = *loom_module_0.plugins[0];
    loom_instance* instance = nullptr;
    loom_error error{};
    error.size = sizeof error;

    const long before_kib = peak_kib();
    const double load_begin = cpu_seconds();
    if (plugin.create(&host_table, nullptr, &instance, &error) != LOOM_OK) {
        std::fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    std::printf(
        "load: %.3f s CPU, peak RSS %ld MiB (%ld before)\n",
        cpu_seconds() - load_begin,
        peak_kib() / 1024,
        before_kib / 1024);
    void* worker = nullptr;
    plugin.worker_init(instance, 0, &worker);

    std::vector<std::pair<std::string, std::string>> questions;
    std::ifstream file{argv[3]};
    std::string name;
    std::string type;
    while (file >> name >> type) questions.emplace_back(name, type);

    // As in a server, the queries themselves are in the cache: a batch at a time.
    std::array<TestQuery, 64> batch;
    for (int round = 0; round < 5; ++round) {
        sent_octets = 0;
        std::size_t asked = 0;
        std::size_t failed = 0;
        double seconds = 0;
        for (; asked + batch.size() <= questions.size(); asked += batch.size()) {
            for (std::size_t i = 0; i < batch.size(); ++i) {
                const auto& [text, type_text] = questions[asked + i];
                prepare(batch[i], text, type_text, argc > 4);
            }
            const double begin = cpu_seconds();
            for (TestQuery& q : batch)
                failed += plugin.on_query(instance, worker, &q.query) != LOOM_ANSWERED;
            seconds += cpu_seconds() - begin;
        }
        const auto count = static_cast<double>(asked);
        std::printf(
            "%zu queries: %.3f us each, %.1f octets, %zu not answered\n",
            asked,
            seconds / count * 1e6,
            static_cast<double>(sent_octets) / count,
            failed);
    }
    plugin.worker_fini(instance, 0, worker);
    plugin.destroy(instance);
}
