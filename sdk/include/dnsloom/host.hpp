// SPDX-License-Identifier: Apache-2.0
// The host as a C++ plugin sees it: services behind methods, and leases as objects.
#pragma once

#include <dnsloom/abi/abi.h>
#include <dnsloom/options.hpp>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom {

/// A counter's, gauge's or histogram's number; see Host::counter and the like.
struct Metric { uint32_t id = 0; };

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// One per instance, made before the plugin's constructor runs; copies are cheap and equal.
class Host {
public:
    explicit Host(const loom_host& table)
        : table_{&table}, response_{service<loom_response_1>(LOOM_SERVICE_RESPONSE)},
          options_{service<loom_options_1>(LOOM_SERVICE_OPTIONS)},
          log_{service<loom_log_1>(LOOM_SERVICE_LOG)},
          metrics_{service<loom_metrics_1>(LOOM_SERVICE_METRICS)},
          loop_{service<loom_loop_1>(LOOM_SERVICE_LOOP)},
          question_{static_cast<const loom_question_1*>(
              table.service(&table, LOOM_SERVICE_QUESTION))} {}

    const loom_host& table() const { return *table_; }
    uint32_t workers() const { return table_->workers; }
    std::string_view name() const { return view(table_->name); }
    uint64_t hash_name(Bytes name) const { return table_->hash_name(table_, bytes(name)); }
    loom_status resume(loom_token token, int32_t reason, void* arg) const {
        return table_->resume(table_, token, reason, arg);
    }

    /// A service that a plugin cannot do without: throws if the host has none. Constructor only.
    template <class Table> const Table* service(const char* id) const {
        const auto* found = static_cast<const Table*>(table_->service(table_, id));
        if (!found) throw std::runtime_error(std::string{"this host offers no "} + id);
        return found;
    }
    const loom_response_1* response_service() const { return response_; }
    /// nullptr on a host of ABI 0.1 as first released.
    const loom_question_1* question_service() const { return question_; }
    const loom_options_1* options_service() const { return options_; }
    const loom_loop_1* loop_service() const { return loop_; }
    const loom_metrics_1* metrics_service() const { return metrics_; }

    bool logs(int32_t level) const { return log_->enabled(table_, level) != 0; }
    void log(int32_t level, std::string_view message, Labels fields = {}) const {
        if (!logs(level)) return;
        std::vector<loom_log_field> list;
        for (const auto& [key, value] : fields) list.push_back({str(key), str(value)});
        log_->write(table_, level, str(message), list.data(), static_cast<uint32_t>(list.size()));
    }
    void report_exception(const char* hook, const char* what) const noexcept {
        try {
            log(LOOM_LOG_ERROR, "exception in a hook", {{"hook", hook}, {"what", what}});
        } catch (...) {
        }
    }

    /// Constructor only. A label set that varies (types, rcodes) is defined ahead, one id each.
    Metric counter(std::string_view name, std::string_view help, Labels labels = {}) const {
        return define(LOOM_METRIC_COUNTER, name, help, labels, {});
    }
    Metric gauge(std::string_view name, std::string_view help, Labels labels = {}) const {
        return define(LOOM_METRIC_GAUGE, name, help, labels, {});
    }
    Metric histogram(
        std::string_view name, std::string_view help, std::span<const double> bounds,
        Labels labels = {}) const {
        return define(LOOM_METRIC_HISTOGRAM, name, help, labels, bounds);
    }
    void add(uint32_t where, Metric metric, uint64_t amount = 1) const {
        metrics_->add(table_, where, metric.id, amount);
    }
    void set(Metric metric, double value) const { metrics_->set(table_, metric.id, value); }
    void observe(uint32_t where, Metric metric, double value) const {
        metrics_->observe(table_, where, metric.id, value);
    }

    uint64_t monotonic_ns() const { return loop_->monotonic_ns(table_); }
    uint64_t realtime_ns() const { return loop_->realtime_ns(table_); }

private:
    Metric define(
        int32_t kind, std::string_view name, std::string_view help, Labels labels,
        std::span<const double> bounds) const {
        std::vector<loom_label> list;
        for (const auto& [key, value] : labels) list.push_back({str(key), str(value)});
        Metric metric;
        const auto status = metrics_->define(
            table_, kind, str(name), str(help), list.data(), static_cast<uint32_t>(list.size()),
            bounds.data(), static_cast<uint32_t>(bounds.size()), &metric.id);
        if (status != LOOM_OK)
            throw std::runtime_error("metric " + std::string{name} + " cannot be defined");
        return metric;
    }

    const loom_host* table_;
    const loom_response_1* response_;
    const loom_options_1* options_;
    const loom_log_1* log_;
    const loom_metrics_1* metrics_;
    const loom_loop_1* loop_;
    const loom_question_1* question_;
};

/// A timer as a member: one shot, re-armed at will, ended by its destructor. Stays on one thread.
class Timer {
public:
    Timer(const Host& host, uint32_t where, std::function<void()> fired)
        : host_{host}, where_{where}, fired_{std::move(fired)} {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    bool armed() const { return handle_ != 0; }
    void arm(std::chrono::nanoseconds delay) {
        cancel();
        const auto ns = delay.count() > 0 ? static_cast<uint64_t>(delay.count()) : 0;
        host_.loop_service()->timer(&host_.table(), where_, ns, on_fire, this, &handle_);
    }
    void cancel() {
        if (handle_) host_.loop_service()->cancel(&host_.table(), std::exchange(handle_, 0));
    }

private:
    static void on_fire(void* self) noexcept {
        auto& timer = *static_cast<Timer*>(self);
        timer.handle_ = 0;
        try {
            timer.fired_();
        } catch (const std::exception& e) {
            timer.host_.report_exception("timer", e.what());
        }
    }
    Host host_;
    uint32_t where_;
    std::function<void()> fired_;
    loom_handle handle_ = 0;
};

/// A watched descriptor as a member. The descriptor itself stays its owner's.
class FdWatch {
public:
    FdWatch(
        const Host& host, uint32_t where, int fd, uint32_t events,
        std::function<void(uint32_t)> ready)
        : host_{host}, ready_{std::move(ready)} {
        const auto status = host_.loop_service()->watch_fd(
            &host_.table(), where, fd, events, on_ready, this, &handle_);
        if (status != LOOM_OK) throw std::runtime_error("a descriptor cannot be watched");
    }
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;
    ~FdWatch() { host_.loop_service()->cancel(&host_.table(), handle_); }

private:
    static void on_ready(void* self, uint32_t events) noexcept {
        auto& watch = *static_cast<FdWatch*>(self);
        try {
            watch.ready_(events);
        } catch (const std::exception& e) {
            watch.host_.report_exception("watch_fd", e.what());
        }
    }
    Host host_;
    std::function<void(uint32_t)> ready_;
    loom_handle handle_ = 0;
};

/// A command's reply that is under way: a number, so copies are cheap and equal. Control thread only.
class CommandReply {
public:
    CommandReply(const Host& host, const loom_command_1* service, loom_handle reply)
        : host_{host}, service_{service}, reply_{reply} {}
    /// Whole lines. Not LOOM_OK: it has grown too large, or is finished.
    loom_status write(std::string_view text) const {
        return service_->write(&host_.table(), reply_, str(text));
    }
    void finish(bool ok = true) const {
        service_->finish(&host_.table(), reply_, ok ? LOOM_OK : LOOM_E_STATE);
    }

private:
    Host host_;
    const loom_command_1* service_;
    loom_handle reply_;
};

/// A command for `dnsloom ctl` as a member, made in the plugin's constructor. On a host that is older
/// than commands nobody can call it.
class Command {
public:
    /// The words live until it returns; the reply is to be finished, then or later.
    using Run = std::function<void(std::span<const std::string_view> words, CommandReply reply)>;

    Command(const Host& host, std::string_view name, std::string_view usage, Run run)
        : host_{host}, run_{std::move(run)},
          service_{static_cast<const loom_command_1*>(
              host.table().service(&host.table(), LOOM_SERVICE_COMMAND))} {
        if (!service_) return;
        if (service_->add(&host_.table(), str(name), str(usage), on_run, this) != LOOM_OK)
            throw std::runtime_error("command " + std::string{name} + " cannot be offered");
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

private:
    static void
    on_run(void* self, const loom_str* words, uint32_t count, loom_handle reply) noexcept {
        const auto& command = *static_cast<Command*>(self);
        const CommandReply answer{command.host_, command.service_, reply};
        try {
            std::vector<std::string_view> views;
            for (uint32_t i = 0; i < count; ++i) views.push_back(view(words[i]));
            command.run_(views, answer);
        } catch (const std::exception& e) {
            answer.write(std::string{e.what()} + '\n');
            answer.finish(false);
        }
    }
    Host host_;
    Run run_;
    const loom_command_1* service_;
};

}  // namespace loom
