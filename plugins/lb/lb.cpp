// SPDX-License-Identifier: Apache-2.0
// Orders the addresses of answers on their way to the client.
//
// The message is looked at where it is. Only if an RRset has two addresses or more is it copied, with
// TTLs and addresses in their new places, and given back: records are made of it for MX, and where an
// address has to be taken out.

#include "address_runs.hpp"
#include "health.hpp"
#include "options.hpp"
#include "ordering.hpp"
#include "prober.hpp"
#include "settings.hpp"
#include "weights.hpp"

#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace loom::lb {
namespace {

/// In front of the ranks of prefer, so that an address that is down comes behind all others.
constexpr std::uint32_t down_rank = 1U << 16U;
constexpr std::uint32_t not_preferred_rank = down_rank - 1;

std::uint64_t random_seed(std::uint32_t worker) {
    std::uint64_t seed = worker;
    // Never fails for so few octets once the system has started (getrandom(2)).
    [[maybe_unused]] const auto got = ::getrandom(&seed, sizeof seed, GRND_NONBLOCK);
    return seed;
}

bool same_rrset(const loom_record& a, const loom_record& b) {
    return a.type == b.type && a.klass == b.klass && a.owner.size == b.owner.size &&
           dns::NameView::from_trusted(view(a.owner))
               .equals(dns::NameView::from_trusted(view(b.owner)));
}

bool is_address(const loom_record& record) {
    return (record.type == dns::rr_type::a && record.rdata.size == 4) ||
           (record.type == dns::rr_type::aaaa && record.rdata.size == 16);
}

/// The index behind the RRset that begins at `begin`.
std::size_t rrset_end(std::span<const loom_record> list, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < list.size() && same_rrset(list[begin], list[end])) ++end;
    return end;
}

/// In the query's memory; empty if there is no more of it.
std::span<loom_record> copy_records(Query& query, std::span<const loom_record> records) {
    auto* const copy = static_cast<loom_record*>(
        query.alloc(records.size_bytes() + sizeof(loom_record), alignof(loom_record)));
    if (copy == nullptr) return {};
    std::ranges::copy(records, copy);
    return {copy, records.size()};
}

}  // namespace

class LoadBalancer {
public:
    static constexpr Info info{
        .summary = "Orders the addresses of answers.",
        .roles = LOOM_ROLE_REWRITE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    /// Room for the largest message, and numbers to shuffle with.
    struct Worker {
        Worker(LoadBalancer&, std::uint32_t worker) : random{random_seed(worker)} {}

        Random random;
        AddressRuns runs;
        Ordering ordering;
        bool found_down = false;  ///< In the answer at hand.
        std::array<std::uint8_t, dns::message_size_max> message;
    };

    LoadBalancer(const Host& host, const Options& options)
        : host_{host},
          watcher_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
          publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
          settings_{read_settings(host, options)},
          reordered_{host.counter("dnsloom_lb_reordered_total", "Answers with another order.")},
          reloads_{host.counter(
              "dnsloom_lb_reloads_total",
              "Times that the weight file was read again.",
              {{"result", "success"}})},
          failed_reloads_{host.counter(
              "dnsloom_lb_reloads_total",
              "Times that the weight file was read again.",
              {{"result", "failure"}})} {
        if (settings_.weights) weights_ = new WeightTable{std::move(*settings_.weights)};
        if (!settings_.weight_file.empty()) load_first(options["weight_file"]);
        if (settings_.health) make_prober();
        ranks_ = settings_.prefers() || settings_.health.has_value();
        needs_addresses_ = ranks_ || settings_.sticky || settings_.policy == Policy::weighted;
    }
    ~LoadBalancer() { delete weights_.load(); }
    LoadBalancer(const LoadBalancer&) = delete;
    LoadBalancer& operator=(const LoadBalancer&) = delete;

    void start();
    void stop();
    loom_verdict on_response(Worker& worker, Query& query);

private:
    void load_first(const Option& option);
    void make_prober();
    auto hash() const {
        return [this](Bytes name) { return host_.hash_name(name); };
    }
    static void on_file(void* self) noexcept;
    void load_again();

    dns::IpAddress client_network(const loom_query& query) const;
    std::uint32_t
    rank(const loom_query& query, const dns::IpAddress& address, const dns::IpAddress& client);
    bool reorder(Worker& worker, const loom_query& query, Bytes message);
    void fill(
        Worker& worker,
        const loom_query& query,
        Bytes message,
        const AddressRuns::Run& run,
        const NameWeights* weights);
    void shuffle_exchanges(Worker& worker, Query& query) const;
    void take_out(Query& query, std::int32_t section);

    const Host& host_;
    const loom_watch_1* watcher_;
    const loom_publish_1* publish_;
    Settings settings_;
    const Metric reordered_, reloads_, failed_reloads_;
    std::atomic<const WeightTable*> weights_ = nullptr;
    std::unique_ptr<HealthTable> health_;
    std::unique_ptr<Prober> prober_;
    loom_handle watch_ = 0;
    bool ranks_ = false;
    bool needs_addresses_ = false;
};

// -- Weights and probes: the control thread -----------------------------------------------------

void LoadBalancer::load_first(const Option& option) {
    auto table = WeightTable::load(settings_.weight_file, hash());
    if (!table) throw ConfigError{option, table.error()};
    weights_ = new WeightTable{std::move(*table)};
}

void LoadBalancer::make_prober() {
    const auto probes = [&](std::string_view result) {
        return host_.counter(
            "dnsloom_lb_probes_total", "Probes of addresses.", {{"result", result}});
    };
    const Prober::Metrics metrics{
        .successes = probes("success"),
        .failures = probes("failure"),
        .targets = host_.gauge("dnsloom_lb_targets", "Addresses that are probed."),
        .down = host_.gauge("dnsloom_lb_targets_down", "Addresses that are down.")};
    HealthSettings& health = *settings_.health;
    prober_ = std::make_unique<Prober>(host_, health.probe, metrics);
    health_ = std::make_unique<HealthTable>(
        host_, health.networks, health.targets_max, [this](Target& target) {
            prober_->add(target);
        });
}

void LoadBalancer::start() {
    if (prober_) prober_->start(*health_);
    if (settings_.weight_file.empty()) return;
    const auto status =
        watcher_->file(&host_.table(), str(settings_.weight_file), on_file, this, &watch_);
    if (status != LOOM_OK) {
        host_.log(
            LOOM_LOG_ERROR,
            "weight file cannot be watched, its changes will not be seen",
            {{"file", settings_.weight_file}});
    }
}

void LoadBalancer::stop() {
    if (prober_) prober_->stop();
    if (watch_ == 0) return;
    watcher_->cancel(&host_.table(), std::exchange(watch_, loom_handle{0}));
}

void LoadBalancer::on_file(void* self) noexcept {
    auto& lb = *static_cast<LoadBalancer*>(self);
    try {
        lb.load_again();
    } catch (const std::exception& e) {
        lb.host_.report_exception("watch", e.what());
    }
}

void LoadBalancer::load_again() {
    auto table = WeightTable::load(settings_.weight_file, hash());
    if (!table) {
        host_.add(LOOM_CONTROL, failed_reloads_);
        host_.log(
            LOOM_LOG_ERROR,
            "weight file refused, the weights stay as they are",
            {{"error", table.error()}});
        return;
    }
    const auto* old = weights_.exchange(new WeightTable{std::move(*table)});
    host_.add(LOOM_CONTROL, reloads_);
    host_.log(LOOM_LOG_INFO, "weights loaded again", {{"file", settings_.weight_file}});
    const auto free_fn = [](void* retired) { delete static_cast<const WeightTable*>(retired); };
    publish_->retire(&host_.table(), free_fn, const_cast<WeightTable*>(old));
}

// -- Answers: the workers -----------------------------------------------------------------------

loom_verdict LoadBalancer::on_response(Worker& worker, Query& query) {
    Response response = query.response();
    if (response.rcode() != dns::rcode::noerror) return LOOM_NEXT;
    const Bytes message = response.wire();
    if (message.size() < dns::header_size) return LOOM_NEXT;
    const std::uint16_t answers = dns::load_u16(message.data() + 6);
    const std::uint16_t additionals = dns::load_u16(message.data() + 10);
    if (answers < 2 && additionals < 2) return LOOM_NEXT;
    if (query->qclass != dns::rr_class::in || query->qtype == dns::rr_type::axfr ||
        query->qtype == dns::rr_type::ixfr)
        return LOOM_NEXT;
    if (!worker.runs.scan(message, query->qname.size)) return LOOM_NEXT;

    worker.found_down = false;
    if (!worker.runs.runs().empty() && reorder(worker, *query.raw(), message)) {
        response.set_wire({worker.message.data(), message.size()});
        host_.add(query->worker, reordered_);
    }
    if (worker.runs.has_exchanges() && settings_.policy == Policy::round_robin && !settings_.sticky)
        shuffle_exchanges(worker, query);
    if (worker.found_down && settings_.health->when_down == WhenDown::out) {
        take_out(query, LOOM_ANSWER);
        take_out(query, LOOM_ADDITIONAL);
    }
    return LOOM_NEXT;
}

dns::IpAddress LoadBalancer::client_network(const loom_query& query) const {
    const dns::IpAddress client = dns::IpAddress::of(query.client->ip);
    return client.masked(client.is_ipv4() ? settings_.ipv4_prefix : settings_.ipv6_prefix);
}

std::uint32_t LoadBalancer::rank(
    const loom_query& query, const dns::IpAddress& address, const dns::IpAddress& client) {
    std::uint32_t rank = settings_.preferred.rank(address);
    if (settings_.client_rank < rank && client.is_ipv4() == address.is_ipv4()) {
        const unsigned prefix = client.is_ipv4() ? settings_.ipv4_prefix : settings_.ipv6_prefix;
        if (address.masked(prefix) == client) rank = settings_.client_rank;
    }
    rank = std::min(rank, not_preferred_rank);
    if (health_ && health_->is_down(query.worker, address)) rank += down_rank;
    return rank;
}

void LoadBalancer::fill(
    Worker& worker,
    const loom_query& query,
    Bytes message,
    const AddressRuns::Run& run,
    const NameWeights* weights) {
    const auto places = worker.runs.places(run);
    worker.ordering.begin(places.size());
    if (!needs_addresses_) return;
    const auto items = worker.ordering.fill();
    const dns::IpAddress client = client_network(query);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].address = AddressRuns::address(message, run, places[i]);
        if (weights != nullptr) items[i].weight = weights->weight(items[i].address);
        if (!ranks_) continue;
        items[i].rank = rank(query, items[i].address, client);
        worker.found_down |= items[i].rank >= down_rank;
    }
}

// Writes the message in its new order to the worker's room. False if the order is the old one.
bool LoadBalancer::reorder(Worker& worker, const loom_query& query, Bytes message) {
    const WeightTable* const table = weights_.load(std::memory_order_acquire);
    const NameWeights* const weights =
        table == nullptr ? nullptr : table->find(query.suffix_hash[0], view(query.qname_lower));
    bool is_changed = false;
    for (const AddressRuns::Run& run : worker.runs.runs()) {
        fill(worker, query, message, run, weights);
        if (settings_.policy == Policy::weighted && weights == nullptr) {
            // A name without weights keeps its order.
        } else if (settings_.sticky) {
            worker.ordering.stick(client_network(query));
        } else if (settings_.policy == Policy::round_robin) {
            worker.ordering.shuffle(worker.random);
        } else if (settings_.policy == Policy::weighted) {
            worker.ordering.choose_first(worker.random);
        }
        if (ranks_) worker.ordering.sort_by_rank();

        const auto order = worker.ordering.order();
        const auto places = worker.runs.places(run);
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (order[i] == i) continue;
            if (!std::exchange(is_changed, true))
                std::memcpy(worker.message.data(), message.data(), message.size());
            AddressRuns::move(message, places[order[i]], worker.message.data() + places[i], run);
        }
    }
    return is_changed;
}

// Their names have several sizes, so that octets cannot change places.
void LoadBalancer::shuffle_exchanges(Worker& worker, Query& query) const {
    Response response = query.response();
    const auto list = copy_records(query, response.records(LOOM_ANSWER));
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = rrset_end(list, begin);
        if (list[begin].type == dns::rr_type::mx) {
            for (std::size_t left = end - begin; left > 1; --left) {
                const auto other = worker.random.below(static_cast<std::uint32_t>(left));
                std::swap(list[begin + left - 1], list[begin + other]);
            }
        }
        begin = end;
    }
    if (!list.empty()) response.replace(LOOM_ANSWER, list);
}

// Only where another address of the RRset is left, and not from a section with signatures, which are
// for the whole RRset.
void LoadBalancer::take_out(Query& query, std::int32_t section) {
    const auto is_down = [&](const loom_record& record) {
        return is_address(record) &&
               health_->is_down(
                   query->worker, dns::IpAddress::read(record.rdata.data, record.rdata.size));
    };
    Response response = query.response();
    const auto list = copy_records(query, response.records(section));
    const auto is_signature = [](const loom_record& r) { return r.type == dns::rr_type::rrsig; };
    if (std::ranges::any_of(list, is_signature)) return;
    std::size_t kept = 0;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t end = rrset_end(list, begin);
        const auto rrset = list.subspan(begin, end - begin);
        const bool has_other = !std::ranges::all_of(rrset, is_down);
        for (const loom_record& record : rrset)
            if (!has_other || !is_down(record)) list[kept++] = record;
        begin = end;
    }
    if (kept != list.size()) response.replace(section, list.first(kept));
}

}  // namespace loom::lb

LOOM_PLUGIN(loom::lb::LoadBalancer, "lb", "1.0.0");
