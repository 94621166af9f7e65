// SPDX-License-Identifier: Apache-2.0
// Tells the plugins behind where a client is, as facts about its query (service "loom.meta/1").

#include "database.hpp"
#include "facts.hpp"
#include "facts_cache.hpp"

#include <dnsloom/abi/service/meta.h>
#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace loom::geoip {
namespace {

constexpr OptionSpec option_specs[] = {
    OptionSpec{"file", LOOM_OPTION_PATH, "The database, in MaxMind's format."}.required(),
    OptionSpec{"edns_subnet", LOOM_OPTION_BOOLEAN, "Whether a client subnet counts as the client."}
        .by_default("false"),
    OptionSpec{"reload", LOOM_OPTION_BOOLEAN, "Whether the file is read again when it changes."}
        .by_default("true")};

using Ip = std::array<std::uint8_t, 16>;

std::filesystem::file_time_type time_of(const std::string& path) {
    std::error_code missing;
    return std::filesystem::last_write_time(path, missing);
}

/// The address of a client subnet option (RFC 7871); nothing if there is none that tells anything.
std::optional<Ip> subnet_of(const loom_query& query) {
    const auto options = dns::EdnsOptions::check(view(query.edns_options));
    const auto data = options ? options->find(dns::option_code::client_subnet) : std::nullopt;
    if (!data) return std::nullopt;
    const auto subnet = dns::ClientSubnet::read(*data);
    if (!subnet || subnet->source_prefix == 0) return std::nullopt;
    if (subnet->family == dns::ClientSubnet::family_ipv6) return subnet->address;
    Ip mapped{};
    mapped[10] = mapped[11] = 0xff;
    std::copy_n(subnet->address.begin(), 4, mapped.begin() + 12);
    return mapped;
}

}  // namespace

class Geoip {
public:
    static constexpr Info info{
        .summary = "Tells other plugins where a client is.",
        .roles = LOOM_ROLE_OBSERVER,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    struct Worker {
        Worker(Geoip&, std::uint32_t) {}
        FactsCache cache;
    };

    Geoip(const Host& host, const Options& options);
    Geoip(const Geoip&) = delete;
    Geoip& operator=(const Geoip&) = delete;
    ~Geoip() { delete database_.load(); }

    void start();
    loom_verdict on_query(Worker& worker, Query& query) const;

private:
    Metric define_lookups(std::string_view result) const {
        return host_.counter(
            "dnsloom_geoip_lookups_total", "Clients looked for.", {{"result", result}});
    }
    Metric define_reloads(std::string_view result) const {
        return host_.counter(
            "dnsloom_geoip_reload_total",
            "Times that the file was read again.",
            {{"result", result}});
    }

    void fill(FactsCache::Entry& entry, const Ip& ip, const Database& database, Query& query) const;
    void tell(Query& query, const Facts& facts) const;
    static void on_change(void* self) noexcept;
    void reload();

    const Host host_;
    const loom_meta_1* const meta_;
    const loom_watch_1* const watch_;
    const loom_publish_1* const publish_;
    const std::string path_;
    const bool reads_subnet_;
    const bool watches_;
    const Metric found_, not_found_, failures_, reloads_ok_, reloads_failed_, build_time_;
    const std::filesystem::file_time_type file_time_;  // Of the file as first read.
    std::array<std::uint32_t, fact_names.size()> keys_{};
    std::atomic<const Database*> database_ = nullptr;
};

Geoip::Geoip(const Host& host, const Options& options)
    : host_{host},
      meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)},
      watch_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
      publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
      path_{options["file"].string()},
      reads_subnet_{options["edns_subnet"].boolean()},
      watches_{options["reload"].boolean()},
      found_{define_lookups("found")},
      not_found_{define_lookups("not_found")},
      failures_{host.counter(
          "dnsloom_geoip_failures_total", "Clients at whose place the database is not sound.")},
      reloads_ok_{define_reloads("ok")},
      reloads_failed_{define_reloads("failed")},
      build_time_{
          host.gauge("dnsloom_geoip_build_timestamp_seconds", "When the database was made.")},
      file_time_{time_of(path_)} {
    for (std::size_t i = 0; i < keys_.size(); ++i)
        if (meta_->key(&host_.table(), str(fact_names[i]), &keys_[i]) != LOOM_OK)
            throw std::runtime_error{"the host has no room for the facts of this plugin"};
    auto database = Database::open(path_);
    if (!database) throw ConfigError{options["file"], database.error()};
    host_.set(build_time_, static_cast<double>((*database)->built()));
    database_ = database->release();
}

void Geoip::start() {
    if (!watches_) return;
    loom_handle handle = 0;
    if (watch_->file(&host_.table(), str(path_), on_change, this, &handle) != LOOM_OK)
        throw ConfigError{path_ + " cannot be watched: say reload = false to go without"};
    if (time_of(path_) != file_time_) reload();
}

loom_verdict Geoip::on_query(Worker& worker, Query& query) const {
    Ip ip;
    std::copy_n(query->client->ip, ip.size(), ip.begin());
    if (reads_subnet_ && query->edns_options.size != 0)
        if (const auto subnet = subnet_of(*query.raw())) ip = *subnet;

    const Database* const database = database_.load(std::memory_order_acquire);
    FactsCache::Entry& entry = worker.cache.entry(ip);
    if (!entry.is_of(ip, database->serial())) fill(entry, ip, *database, query);
    host_.add(query->worker, entry.found() ? found_ : not_found_);
    if (entry.found()) tell(query, entry.facts());
    return LOOM_NEXT;
}

void Geoip::fill(
    FactsCache::Entry& entry, const Ip& ip, const Database& database, Query& query) const {
    const auto place = database.find(ip);
    if (place) {
        const Facts facts{database, *place};
        return entry.set(ip, database.serial(), &facts);
    }
    entry.set(ip, database.serial(), nullptr);
    if (place.error() == Database::Failure::malformed) host_.add(query->worker, failures_);
}

/// The values are copied: the entry may be another client's before the query ends.
void Geoip::tell(Query& query, const Facts& facts) const {
    const std::string_view all = facts.all();
    const Bytes kept = query.keep({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()});
    if (kept.empty()) return;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        const std::size_t end = facts.end(i);
        if (end != begin)
            meta_->set(query.raw(), keys_[i], bytes(kept.subspan(begin, end - begin)));
        begin = end;
    }
}

void Geoip::on_change(void* self) noexcept {
    auto& geoip = *static_cast<Geoip*>(self);
    try {
        geoip.reload();
    } catch (const std::exception& e) {
        geoip.host_.report_exception("watch", e.what());
    }
}

/// A file that is no database changes nothing.
void Geoip::reload() {
    auto database = Database::open(path_);
    host_.add(LOOM_CONTROL, database ? reloads_ok_ : reloads_failed_);
    if (!database)
        return host_.log(
            LOOM_LOG_ERROR,
            "database cannot be read, the one of before stays",
            {{"reason", database.error()}});
    host_.set(build_time_, static_cast<double>((*database)->built()));
    host_.log(LOOM_LOG_INFO, "database read again", {{"type", (*database)->type()}});
    const Database* const old = database_.exchange(database->release(), std::memory_order_acq_rel);
    const auto free_fn = [](void* retired) { delete static_cast<const Database*>(retired); };
    publish_->retire(&host_.table(), free_fn, const_cast<Database*>(old));
}

}  // namespace loom::geoip

LOOM_PLUGIN(loom::geoip::Geoip, "geoip", "1.0.0");
