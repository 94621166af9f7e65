// SPDX-License-Identifier: Apache-2.0
// The whole process: what it owns, how it starts, reloads and stops.
#pragma once

#include "config/config.hpp"
#include "config/error.hpp"
#include "control/control_socket.hpp"
#include "generation/builder.hpp"
#include "generation/generation.hpp"
#include "generation/plugin_images.hpp"
#include "net/event_loop.hpp"
#include "net/listener_table.hpp"
#include "net/worker.hpp"
#include "services/background_pool.hpp"
#include "services/clock.hpp"
#include "services/commands.hpp"
#include "services/event_bus.hpp"
#include "services/file_watch.hpp"
#include "services/http_pages.hpp"
#include "services/log.hpp"
#include "services/meta_keys.hpp"
#include "services/metric_registry.hpp"
#include "services/publisher.hpp"
#include "services/services.hpp"

#include <boost/asio/signal_set.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loom::host {

/// `host.workers`, or one per core.
[[nodiscard]] std::uint32_t worker_count(const HostConfig& host);

/// What became of a reload.
struct ReloadOutcome {
    bool ok = true;
    std::string text;  ///< One line, or one for each mistake.
};

/// Everything runs on the thread that calls run(), the control thread, but for workers, log and
/// background work.
class Server {
public:
    /// Whether there are worker threads; checks only tell plugins how many there would be.
    enum class Purpose : std::uint8_t { serve, check };
    Server(std::string config_path, std::uint32_t workers, Purpose purpose);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds, drops privileges, loads and serves until a signal or `ctl stop`. Returns the exit
    /// code.
    int run(const Config& config);
    /// `dnsloom check`: everything of a start but sockets and start().
    [[nodiscard]] Result<std::string> check(Config config);
    /// The probe process.
    [[nodiscard]] Result<void> probe(Config config, std::span<const std::string> tries);

    Log& log() { return log_; }

private:
    struct Retiring {
        std::unique_ptr<Generation> generation;
        std::uint32_t workers_left = 0;
        TimerWheel::Id timer = 0;
        Server* server = nullptr;
        bool timed_out = false;
    };
    struct ReloadRequest {
        std::string reason;
        std::function<void(const ReloadOutcome&)> done;
    };

    // Start.
    Result<void> start(const Config& config);
    Result<void> open_images(const HostConfig& host);
    void start_background();
    void apply(const HostConfig& host);
    void watch_files();

    // Reload.
    void request_reload(std::string reason, std::function<void(const ReloadOutcome&)> done);
    void run_requests();
    ReloadOutcome reload(const std::string& reason);
    Result<std::string> build_and_swap(bool& unchanged);
    void route(Generation& generation);
    void swap(std::unique_ptr<Generation> next);
    void drained(const Generation* generation);
    void on_drain_timeout(Retiring& retiring);
    void end_retired();
    bool end_instances(Generation& generation);
    bool is_used(const Instance* instance, const Generation* except) const;

    // Stop.
    void begin_stop();
    void finish_stop();

    // Signals and commands.
    void wait_for_signal();
    void command(std::vector<std::string> words, const ControlAnswer& answer);
    ControlReply status() const;
    ControlReply plugins() const;
    ControlReply commands() const;
    std::vector<const Instance*> instances_called(std::string_view name) const;
    void plugin_command(const std::vector<std::string>& words, const ControlAnswer& answer);
    ControlReply move_clock(const std::vector<std::string>& words);

    std::string config_path_;
    Clock clock_;
    Log log_;
    MetricRegistry metrics_;
    MetaKeys meta_keys_;
    EventLoop control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Commands commands_;
    EventBus events_;
    FileWatch files_;
    HttpPages http_;
    Publisher publisher_;
    BackgroundPool background_;
    Services services_;
    ListenerTable listeners_;
    std::optional<PluginImages> images_;
    std::unique_ptr<ControlSocket> control_socket_;
    boost::asio::signal_set signals_;

    std::unique_ptr<Generation> current_;
    std::list<Retiring> retiring_;
    std::deque<ReloadRequest> requests_;
    bool reloading_ = false;
    bool stopping_ = false;
    int exit_code_ = 0;
    std::uint64_t generations_made_ = 0;
    std::uint64_t reloads_failed_ = 0;
    std::string last_error_;
    std::uint64_t started_ns_;
    std::map<std::string, loom_handle> watches_;  // By path.
    Config refused_config_;  // Read, but not served (yet); its plugins' files are watched, too.
    std::uint32_t reload_ok_metric_ = 0;
    std::uint32_t reload_failed_metric_ = 0;
    std::uint32_t reload_unchanged_metric_ = 0;
    std::array<std::uint32_t, failure_names.size()> failure_metrics_{};  // By Failure.
    std::uint32_t generation_metric_ = 0;
    std::uint32_t pinned_metric_ = 0;
};

}  // namespace loom::host
