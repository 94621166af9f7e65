// SPDX-License-Identifier: Apache-2.0
// The plugin: options, loading at start, and the hooks.

#include "lookup.hpp"
#include "prefetcher.hpp"
#include "reload.hpp"
#include "zone_loader.hpp"
#include "zone_set.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dns = loom::dns;
namespace rr_type = loom::dns::rr_type;
using loom::file::Continuation;
using loom::file::LoadedZone;
using loom::file::Lookup;
using loom::file::ZoneMatch;
using loom::file::ZoneSnapshot;

constexpr std::string_view zone_mark = "{zone}";
constexpr std::size_t message_size_max = 65535;
// More would make the page of metrics long.
constexpr std::size_t serials_max = 100;

constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{
        "path",
        LOOM_OPTION_PATH,
        "The master file; {zone} stands for the name of the zone without its final dot."}
        .required(),
    loom::OptionSpec{
        "reload", LOOM_OPTION_BOOLEAN, "Whether a zone is loaded again when its files change."}
        .by_default("true"),
    loom::OptionSpec{"include", LOOM_OPTION_STRING, "Which files $INCLUDE may name."}
        .by_default("below_folder")
        .one_of("below_folder|anywhere|forbidden"),
    loom::OptionSpec{
        "chase",
        LOOM_OPTION_BOOLEAN,
        "Whether aliases out of the zone are followed for clients that ask for recursion."}
        .by_default("true"),
};

dns::IncludePolicy include_policy(std::string_view text) {
    if (text == "anywhere") return dns::IncludePolicy::anywhere;
    if (text == "forbidden") return dns::IncludePolicy::forbidden;
    return dns::IncludePolicy::below_folder;
}

/// The file name's part for a zone. No zone's name leads into another folder.
std::string zone_text(dns::NameView zone) {
    if (zone.is_root()) return "root";
    std::string text = zone.to_string();
    text.pop_back();
    std::ranges::replace(text, '/', '_');
    return text;
}

std::string replace_zone(std::string path, dns::NameView zone) {
    const std::string text = zone_text(zone);
    for (auto at = path.find(zone_mark); at != path.npos;
         at = path.find(zone_mark, at + text.size()))
        path.replace(at, zone_mark.size(), text);
    return path;
}

std::vector<loom::Bytes> zone_names(const loom::Options& options) {
    std::vector<loom::Bytes> names;
    for (std::uint32_t i = 0; i < options.zone_count(); ++i) names.push_back(options.zone(i));
    return names;
}

class File {
public:
    static constexpr loom::Info info{
        .summary = "Serves zones from master files.",
        .roles = LOOM_ROLE_SOURCE,
        .options = option_specs,
        .option_count = std::size(option_specs),
    };

    struct Worker {
        Worker(File&, std::uint32_t) {}
        loom::file::Nsec3Hasher hasher;
        loom::file::Prefetcher prefetcher;
    };

    File(const loom::Host& host, const loom::Options& options);

    void start() {
        if (watches_) reloader_.start();
    }
    void stop() { reloader_.stop(); }

    void prepare(Worker& worker, const loom_query& query) noexcept {
        worker.prefetcher.announce(zones_, query);
    }
    loom_verdict on_query(Worker& worker, loom::Query& query);
    loom_verdict on_resume(Worker& worker, loom::Query& query, std::int32_t reason, void* arg);
    void on_cancel(Worker&, loom::Query&, loom_token) {}

private:
    void load_all(const loom::Option& path);
    void report(std::size_t zone, const LoadedZone& loaded);
    void log_lines(int32_t level, std::size_t zone, const std::vector<std::string>& lines);
    void count_zone(std::size_t zone, const ZoneSnapshot& snapshot);
    loom_verdict answer(
        Worker& worker,
        loom::Query& query,
        const ZoneMatch& match,
        const Continuation* continuation);
    bool chase(loom::Query& query, loom::Bytes name) const;
    static loom_verdict fail(loom::Query& query, std::uint16_t rcode);

    const loom::Host host_;
    const loom_ask_1* ask_;
    std::string path_;
    dns::IncludePolicy include_;
    bool watches_;
    bool chases_;
    loom::file::ZoneSet zones_;
    loom::file::Reloader reloader_;

    loom::Metric zones_metric_;
    loom::Metric records_metric_;
    loom::Metric reloads_ok_;
    loom::Metric reloads_failed_;
    std::vector<loom::Metric> serials_;
    std::vector<std::uint64_t> record_counts_;
    std::uint64_t zone_count_ = 0;
    std::uint64_t record_count_ = 0;
};

File::File(const loom::Host& host, const loom::Options& options)
    : host_{host},
      ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
      path_{options["path"].string()},
      include_{include_policy(options["include"].string())},
      watches_{options["reload"].boolean()},
      chases_{options["chase"].boolean()},
      zones_{host, zone_names(options)},
      reloader_{
          host,
          zones_,
          {[path = path_](dns::NameView zone) { return replace_zone(path, zone); }, include_},
          [this](std::size_t zone, const LoadedZone& loaded) {
              report(zone, loaded);
              host_.add(LOOM_CONTROL, loaded.snapshot ? reloads_ok_ : reloads_failed_);
          }},
      zones_metric_{host.gauge("dnsloom_file_zones", "Zones that are loaded.")},
      records_metric_{host.gauge("dnsloom_file_records", "Records in all zones.")},
      reloads_ok_{
          host.counter("dnsloom_file_reload_total", "Zones loaded again.", {{"result", "ok"}})},
      reloads_failed_{
          host.counter("dnsloom_file_reload_total", "Zones loaded again.", {{"result", "failed"}})},
      record_counts_(zones_.size()) {
    if (zones_.size() <= serials_max)
        for (std::size_t i = 0; i < zones_.size(); ++i)
            serials_.push_back(host.gauge(
                "dnsloom_file_serial",
                "The serial of a zone's SOA record.",
                {{"zone", zones_[i].name_view().to_string()}}));
    load_all(options["path"]);
}

void File::load_all(const loom::Option& path) {
    const bool is_template = path_.find(zone_mark) != path_.npos;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
        const dns::NameView name = zones_[i].name_view();
        LoadedZone loaded = loom::file::load_zone(host_, name, replace_zone(path_, name), include_);
        reloader_.loaded(i, loaded);
        report(i, loaded);
        if (loaded.snapshot) {
            zones_[i].current.store(loaded.snapshot.release(), std::memory_order_release);
            continue;
        }
        // Of many zones some may still be on their way.
        if (is_template && !loaded.stamp.exists()) continue;
        std::string text = loaded.errors.front();
        if (loaded.errors.size() > 1)
            text += " (and " + std::to_string(loaded.errors.size() - 1) + " more, see the log)";
        throw loom::ConfigError{path, text};
    }
}

void File::log_lines(int32_t level, std::size_t zone, const std::vector<std::string>& lines) {
    const std::string name = zones_[zone].name_view().to_string();
    for (const std::string& line : lines) host_.log(level, line, {{"zone", name}});
}

void File::report(std::size_t zone, const LoadedZone& loaded) {
    log_lines(LOOM_LOG_WARNING, zone, loaded.warnings);
    log_lines(LOOM_LOG_ERROR, zone, loaded.errors);
    const std::string name = zones_[zone].name_view().to_string();
    if (!loaded.snapshot) {
        const bool serves = zones_[zone].current.load() != nullptr;
        host_.log(
            LOOM_LOG_ERROR,
            serves ? "zone cannot be loaded, what was there is served"
                   : "zone cannot be loaded, its queries fail",
            {{"zone", name}});
        return;
    }
    count_zone(zone, *loaded.snapshot);
    host_.log(
        LOOM_LOG_INFO,
        "zone loaded",
        {{"zone", name},
         {"serial", std::to_string(loaded.snapshot->soa.serial)},
         {"records", std::to_string(loaded.snapshot->record_count)}});
}

void File::count_zone(std::size_t zone, const ZoneSnapshot& snapshot) {
    if (record_counts_[zone] == 0) ++zone_count_;
    record_count_ += snapshot.record_count - record_counts_[zone];
    record_counts_[zone] = snapshot.record_count;
    host_.set(zones_metric_, static_cast<double>(zone_count_));
    host_.set(records_metric_, static_cast<double>(record_count_));
    if (zone < serials_.size()) host_.set(serials_[zone], snapshot.soa.serial);
}

loom_verdict File::fail(loom::Query& query, std::uint16_t rcode) {
    if (query.response().begin(rcode, 0) != LOOM_OK) return LOOM_FAIL(rcode);
    return LOOM_ANSWERED;
}

loom_verdict File::on_query(Worker& worker, loom::Query& query) {
    if (query->opcode != dns::opcode::query) return LOOM_NEXT;
    const ZoneMatch match = zones_.find(*query.raw());
    if (!match.zone) return LOOM_NEXT;
    // Zones are transferred by the plugin for that, if there is one ahead.
    if (query->qtype == rr_type::axfr || query->qtype == rr_type::ixfr)
        return fail(query, dns::rcode::refused);
    return answer(worker, query, match, nullptr);
}

loom_verdict File::on_resume(Worker& worker, loom::Query& query, std::int32_t reason, void* arg) {
    const ZoneMatch match = zones_.find(*query.raw());
    Continuation continuation;
    if (reason == LOOM_REASON_ANSWER && arg) {
        auto* child = static_cast<loom_query*>(arg);
        loom::Response response{child, host_.response_service()};
        continuation.name = loom::view(child->qname);
        if (response.present()) {
            continuation.records = response.records(LOOM_ANSWER);
            continuation.rcode = response.rcode();
            continuation.flags = response.flags();
        }
    }
    // The zone is looked up once more: nothing of the first time had to be kept.
    return answer(worker, query, match, &continuation);
}

loom_verdict File::answer(
    Worker& worker, loom::Query& query, const ZoneMatch& match, const Continuation* continuation) {
    const ZoneSnapshot* zone = match.zone->current.load(std::memory_order_acquire);
    loom::Response response = query.response();
    if (!zone) {
        const loom_verdict verdict = fail(query, dns::rcode::servfail);
        response.extended_error(dns::ede_code::not_ready, "zone not loaded");
        return verdict;
    }
    Lookup lookup{host_, *zone, worker.hasher, *query.raw(), match.apex_index, response.buffer()};
    const std::size_t size = lookup.run(continuation);
    if (!continuation && !lookup.outside().empty() && chase(query, lookup.outside()))
        return LOOM_PENDING;
    if (!lookup.overflowed())
        return response.commit(size) == LOOM_OK ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
    // The host truncates a message that is whole.
    auto* memory = static_cast<std::uint8_t*>(query.alloc(message_size_max, 1));
    if (!memory) return LOOM_FAIL(dns::rcode::servfail);
    Lookup whole{
        host_, *zone, worker.hasher, *query.raw(), match.apex_index, {memory, message_size_max}};
    const loom::Bytes message{memory, whole.run(continuation)};
    return response.set_wire(message) == LOOM_OK ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
}

/// Asks where an alias leads; true if the query now waits for that.
bool File::chase(loom::Query& query, loom::Bytes name) const {
    if (!chases_ || !query.has(LOOM_QUERY_RD)) return false;
    const loom_token token = query.suspend();
    if (token == 0) return false;
    const auto status = ask_->ask(
        query.raw(), loom::bytes(name), query->qtype, query->qclass, LOOM_FROM_TOP, token);
    if (status != LOOM_OK) host_.resume(token, 0, nullptr);
    return true;
}

}  // namespace

LOOM_PLUGIN(File, "file", "0.1.0");
