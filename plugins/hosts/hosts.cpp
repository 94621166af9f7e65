// SPDX-License-Identifier: Apache-2.0
// Answers for the names and addresses of a hosts file. The table is built ahead and published by
// pointer; an answer is one look-up and a copy into the send buffer.

#include "changes.hpp"
#include "hosts_data.hpp"
#include "text_file.hpp"

#include <dnsloom/abi/service/events.h>
#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loom::hosts {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t changes_max = 64;

constexpr OptionSpec option_specs[] = {
    OptionSpec{"file", LOOM_OPTION_PATH, "A file such as /etc/hosts."}.by_default("/etc/hosts"),
    OptionSpec{"entries", LOOM_OPTION_STRING, "More lines, behind those of the file."}.list(),
    OptionSpec{"zones", LOOM_OPTION_NAME, "The zones that names are taken of; none: all."}.list(64),
    OptionSpec{"ttl", LOOM_OPTION_DURATION, "The TTL of all records."}.by_default("1h").between(
        second_ns, 65535 * second_ns),
    OptionSpec{"no_reverse", LOOM_OPTION_BOOLEAN, "Whether addresses have no names."}.by_default(
        "false"),
    OptionSpec{"reload", LOOM_OPTION_BOOLEAN, "Whether the file is read again when it changes."}
        .by_default("true")};

std::uint64_t hash_of(const Host& host, std::string_view name) {
    return host.hash_name(dns::Name::from_text(name)->octets());
}

std::vector<dns::Name> zones_of_server(const Options& options) {
    std::vector<dns::Name> zones;
    for (std::uint32_t i = 0; i < options.zone_count(); ++i)
        zones.emplace_back(dns::NameView::from_trusted(options.zone(i)));
    return zones;
}

std::size_t message_size(const Query& query, const Records& records) {
    return dns::header_size + query.name().size() + 4 + records.octets.size();
}

void write_message(const Query& query, const Records& records, std::span<std::uint8_t> room) {
    dns::Header header;
    header.set(dns::flag::qr | dns::flag::aa);
    header.questions = 1;
    header.records[0] = records.count;
    header.write(room);
    dns::Writer writer{room.subspan(dns::header_size)};
    writer.bytes(query.name());
    writer.u16(query->qtype);
    writer.u16(query->qclass);
    writer.bytes(records.octets);
}

}  // namespace

class Hosts {
public:
    static constexpr Info info{
        .summary = "Answers for the names of a hosts file.",
        .roles = LOOM_ROLE_SOURCE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Hosts(const Host& host, const Options& options)
        : host_{host},
          watch_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
          publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
          events_{host.service<loom_events_1>(LOOM_SERVICE_EVENTS)},
          data_{host, options},
          server_zones_{zones_of_server(options)},
          reverse_zones_{hash_of(host, "in-addr.arpa"), hash_of(host, "ip6.arpa")},
          has_zones_{options.find("zones").has_value()},
          watches_{options["reload"].boolean()},
          entries_{host.gauge("dnsloom_hosts_entries", "Names, those of addresses included.")},
          reload_time_{
              host.gauge("dnsloom_hosts_reload_timestamp_seconds", "When the file was read last.")},
          reloads_ok_{define_reloads("ok")},
          reloads_failed_{define_reloads("failed")},
          file_time_{time_of(data_.path())} {
        auto table = data_.load();
        if (!table) throw ConfigError{options["file"], table.error()};
        table_ = table->release();
        note_table();
    }
    Hosts(const Hosts&) = delete;
    Hosts& operator=(const Hosts&) = delete;
    ~Hosts() { delete table_.load(); }

    void start() {
        if (!watches_) return;
        const std::string& path = data_.path();
        loom_handle handle = 0;
        if (watch_->file(&host_.table(), str(path), on_change, this, &handle) != LOOM_OK)
            throw ConfigError{path + " cannot be watched: say reload = false to go without"};
        if (time_of(path) != file_time_) reload();
    }

    void prepare(const loom_query& query) const noexcept {
        table_.load(std::memory_order_acquire)->prefetch(query);
    }
    loom_verdict on_query(Query& query) const;

private:
    Metric define_reloads(std::string_view result) const {
        return host_.counter(
            "dnsloom_hosts_reload_total",
            "Times that the file was read again.",
            {{"result", result}});
    }

    bool is_reverse(const Query& query) const;
    static loom_verdict answer(Query& query, const Records& records);
    static void on_change(void* self) noexcept;
    void reload();
    void tell_changes(const HostTable& before, const HostTable& after) const;
    void note_table() const;

    const Host host_;
    const loom_watch_1* const watch_;
    const loom_publish_1* const publish_;
    const loom_events_1* const events_;
    const HostsData data_;
    const std::vector<dns::Name> server_zones_;
    const std::array<std::uint64_t, 2> reverse_zones_;  // Hashes.
    const bool has_zones_;
    const bool watches_;
    const Metric entries_, reload_time_, reloads_ok_, reloads_failed_;
    const std::filesystem::file_time_type file_time_;  // Of the file as first read.
    std::atomic<const HostTable*> table_ = nullptr;
};

loom_verdict Hosts::on_query(Query& query) const {
    if (query->opcode != dns::opcode::query) return LOOM_NEXT;
    const HostTable* const table = table_.load(std::memory_order_acquire);
    if (const Node node = table->find(*query.raw()))
        return answer(query, node.records(query->qtype));
    // Nobody has all addresses in a hosts file: others may know the name.
    if (is_reverse(query)) return LOOM_NEXT;
    if (has_zones_ && !data_.covers(dns::NameView::from_trusted(query.name_lower())))
        return LOOM_NEXT;
    return query.response().begin(dns::rcode::nxdomain, LOOM_FLAG_AA) == LOOM_OK
               ? LOOM_ANSWERED
               : LOOM_FAIL(dns::rcode::servfail);
}

bool Hosts::is_reverse(const Query& query) const {
    if (query->label_count < 2) return false;
    const std::uint64_t hash = query->suffix_hash[query->label_count - 2];
    return hash == reverse_zones_[0] || hash == reverse_zones_[1];
}

loom_verdict Hosts::answer(Query& query, const Records& records) {
    auto response = query.response();
    const std::size_t size = message_size(query, records);
    if (const auto room = response.buffer(); room.size() >= size) {
        write_message(query, records, room);
        if (response.commit(size) == LOOM_OK) return LOOM_ANSWERED;
        return LOOM_FAIL(dns::rcode::servfail);
    }
    // The host truncates a message that is whole.
    auto* const memory = static_cast<std::uint8_t*>(query.alloc(size, 1));
    if (!memory) return LOOM_FAIL(dns::rcode::servfail);
    write_message(query, records, {memory, size});
    return response.set_wire({memory, size}) == LOOM_OK ? LOOM_ANSWERED
                                                        : LOOM_FAIL(dns::rcode::servfail);
}

void Hosts::on_change(void* self) noexcept {
    auto& hosts = *static_cast<Hosts*>(self);
    try {
        hosts.reload();
    } catch (const std::exception& e) {
        hosts.host_.report_exception("watch", e.what());
    }
}

/// A file with a mistake changes nothing.
void Hosts::reload() {
    auto table = data_.load();
    host_.add(LOOM_CONTROL, table ? reloads_ok_ : reloads_failed_);
    if (!table)
        return host_.log(
            LOOM_LOG_ERROR,
            "hosts file cannot be read, the names of before stay",
            {{"reason", table.error()}});
    const HostTable* const next = table->release();
    const HostTable* const old = table_.exchange(next, std::memory_order_acq_rel);
    tell_changes(*old, *next);
    const auto free_fn = [](void* retired) { delete static_cast<const HostTable*>(retired); };
    publish_->retire(&host_.table(), free_fn, const_cast<HostTable*>(old));
    note_table();
    host_.log(LOOM_LOG_INFO, "hosts file read again", {{"entries", std::to_string(next->size())}});
}

void Hosts::tell_changes(const HostTable& before, const HostTable& after) const {
    const auto tell = [&](std::int32_t kind, const dns::Name& name) {
        const loom_event event{sizeof event, kind, bytes(name.octets())};
        events_->publish(&host_.table(), &event);
    };
    const auto changes = changes_between(host_, before, after, changes_max);
    if (changes.size() <= changes_max)
        for (const Change& change : changes) tell(change.kind, change.name);
    else
        for (const dns::Name& zone : server_zones_) tell(LOOM_EVENT_ZONE_CHANGED, zone);
}

void Hosts::note_table() const {
    host_.set(entries_, static_cast<double>(table_.load()->size()));
    host_.set(reload_time_, static_cast<double>(host_.realtime_ns() / second_ns));
}

}  // namespace loom::hosts

LOOM_PLUGIN(loom::hosts::Hosts, "hosts", "1.0.0");
