// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include "field_reader.hpp"

namespace loom::host {
namespace {

using namespace std::chrono_literals;
using Reader = FieldReader;

struct HostField {
    std::string_view key;
    void (*read)(const FieldReader&, const Entry&, HostConfig&);
};

constexpr std::array log_levels{
    std::pair{std::string_view{"debug"}, LogLevel::debug},
    std::pair{std::string_view{"info"}, LogLevel::info},
    std::pair{std::string_view{"warning"}, LogLevel::warning},
    std::pair{std::string_view{"error"}, LogLevel::error}};

constexpr std::array log_formats{
    std::pair{std::string_view{"text"}, LogFormat::text},
    std::pair{std::string_view{"json"}, LogFormat::json}};

constexpr std::array host_fields{
    HostField{
        "plugin_path",
        [](const Reader& r, const Entry& e, HostConfig& h) { r.paths(e, h.plugin_path); }},
    HostField{
        "workers",
        [](const Reader& r, const Entry& e, HostConfig& h) { r.integer(e, h.workers, 0, 1024); }},
    HostField{
        "control", [](const Reader& r, const Entry& e, HostConfig& h) { r.path(e, h.control); }},
    HostField{"user", [](const Reader& r, const Entry& e, HostConfig& h) { r.text(e, h.user); }},
    HostField{"group", [](const Reader& r, const Entry& e, HostConfig& h) { r.text(e, h.group); }},
    HostField{
        "run_dir", [](const Reader& r, const Entry& e, HostConfig& h) { r.path(e, h.run_dir); }},
    HostField{
        "watch", [](const Reader& r, const Entry& e, HostConfig& h) { r.boolean(e, h.watch); }},
    HostField{
        "debounce",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.duration(e, h.debounce, 0ns, 1min);
        }},
    HostField{
        "drain_timeout",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.duration(e, h.drain_timeout, 0ns, 1h);
        }},
    HostField{
        "query_timeout",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.duration(e, h.query_timeout, 10ms, 10min);
        }},
    HostField{
        "log_level",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.choice(e, h.log_level, log_levels);
        }},
    HostField{
        "log_format",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.choice(e, h.log_format, log_formats);
        }},
    // A reply of 512 octets every client takes (RFC 1035 section 2.3.4).
    HostField{
        "udp_size",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.integer(e, h.udp_size, 512, 65535);
        }},
    HostField{
        "tcp_connections",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.integer(e, h.tcp_connections, 1, 1'000'000);
        }},
    HostField{
        "tcp_idle_timeout",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.duration(e, h.tcp_idle_timeout, 100ms, 1h);
        }},
    HostField{
        "tcp_pipeline",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.integer(e, h.tcp_pipeline, 1, 65535);
        }},
    HostField{
        "queries",
        [](const Reader& r, const Entry& e, HostConfig& h) {
            r.integer(e, h.queries, 1, 1'000'000);
        }},
    HostField{
        "keep_plugins",
        [](const Reader& r, const Entry& e, HostConfig& h) { r.boolean(e, h.keep_plugins); }},
    HostField{
        "probe", [](const Reader& r, const Entry& e, HostConfig& h) { r.boolean(e, h.probe); }},
    HostField{
        "test_clock",
        [](const Reader& r, const Entry& e, HostConfig& h) { r.boolean(e, h.test_clock); }},
};

}  // namespace

HostConfig read_host(const Table& table, std::string_view directory, Mistakes& mistakes) {
    HostConfig host;
    read_fields(FieldReader{directory, mistakes}, table, "[host]", host_fields, host);
    // Copies of plugins have to go somewhere.
    if (host.run_dir.empty()) {
        mistakes.add(table.find("run_dir")->value.place, "\"run_dir\" must not be empty");
    }
    return host;
}

}  // namespace loom::host
