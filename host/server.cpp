// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "control/privileges.hpp"
#include "control/service_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace loom::host {

namespace {

constexpr std::size_t generations_max = 4;  // That overlap.

WorkerLimits limits_of(const HostConfig& host) {
    WorkerLimits limits;
    limits.udp_size = host.udp_size;
    limits.suspended = host.queries;
    limits.tcp_connections = host.tcp_connections;
    limits.tcp_pipeline = host.tcp_pipeline;
    limits.tcp_idle_ns = static_cast<std::uint64_t>(host.tcp_idle_timeout.count());
    limits.query_timeout_ns = static_cast<std::uint64_t>(host.query_timeout.count());
    return limits;
}

// The negative control of the reload tests: ends a generation while queries are in it, and so has to
// crash. Only in builds for tests.
bool skips_drain() {
#ifdef DNSLOOM_TEST_HOOKS
    return std::getenv("DNSLOOM_TEST_NO_DRAIN") != nullptr;  // NOLINT(concurrency-mt-unsafe)
#else
    return false;
#endif
}

// As many descriptors as the system lets the process have: connections need them.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::uint32_t worker_count(const HostConfig& host) {
    constexpr std::uint32_t most = 256;  // A token has room for no more.
    const std::uint32_t wanted =
        host.workers != 0 ? host.workers : std::max(1U, std::thread::hardware_concurrency());
    return std::min(wanted, most);
}

Server::Server(std::string config_path, std::uint32_t workers, Purpose purpose)
    : config_path_{std::move(config_path)}, log_{clock_, STDERR_FILENO}, metrics_{workers + 1},
      control_{LOOM_CONTROL, clock_}, events_{control_}, files_{control_}, http_{control_},
      publisher_{control_, workers_},
      services_{clock_,   HashKey::random(), log_,  metrics_,   meta_keys_,  control_, workers_,
                commands_, events_, files_,  http_, publisher_,  background_, workers},
      listeners_{workers_}, signals_{control_.context()}, started_ns_{clock_.monotonic_ns()} {
    const WorkerMetrics worker_metrics = WorkerMetrics::define(metrics_);
    for (std::uint32_t i = 0; purpose == Purpose::serve && i < workers; ++i)
        workers_.push_back(std::make_unique<Worker>(i, services_, worker_metrics));
    const auto reloads = [&](std::string result) {
        return metrics_
            .define({LOOM_METRIC_COUNTER, "dnsloom_host_reloads_total", "Reloads, by result.",
                     {{"result", std::move(result)}}, {}})
            .value_or(0);
    };
    reload_ok_metric_ = reloads("ok");
    reload_failed_metric_ = reloads("failed");
    reload_unchanged_metric_ = reloads("unchanged");
    for (std::size_t i = 0; i < failure_names.size(); ++i) {
        failure_metrics_[i] =
            metrics_
                .define({LOOM_METRIC_COUNTER, "dnsloom_host_reload_failures_total",
                         "Reloads that failed, by reason.",
                         {{"reason", std::string{failure_names[i]}}}, {}})
                .value_or(0);
    }
    const auto gauge = [&](std::string name, std::string help) {
        return metrics_.define({LOOM_METRIC_GAUGE, std::move(name), std::move(help), {}, {}})
            .value_or(0);
    };
    generation_metric_ = gauge("dnsloom_host_generation", "Number of the generation that serves.");
    pinned_metric_ =
        gauge("dnsloom_host_pinned_plugins", "Unloaded plugins whose code stays mapped.");
}

Server::~Server() {
    control_socket_.reset();
    for (const auto& worker : workers_) worker->stop();
    for (const auto& worker : workers_) worker->join();
}

// -- Start --

int Server::run(const Config& config) {
    raise_descriptor_limit();
    // Written to by peers that are gone.
    ::signal(SIGPIPE, SIG_IGN);
    if (auto started = start(config); !started) {
        log_.flush_thread();
        fmt::print(stderr, "{}\n", started.error().text);
        exit_code_ = 1;
        for (const auto& worker : workers_) worker->stop();
        for (const auto& worker : workers_) worker->join();
        return exit_code_;
    }
    // From here on answering goes first: a reload takes its time.
    constexpr int niceness = 5;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
    control_.run();
    return exit_code_;
}

Result<void> Server::start(const Config& config) {
    apply(config.host);
    if (auto made = prepare_folders(config.host); !made) return made;
    listeners_.inherit(InheritedSockets::from_environment());
    if (auto opened = listeners_.open(config, services_.worker_count); !opened) return opened;
    if (auto dropped = drop_privileges(config.host); !dropped) return dropped;
    if (auto opened = open_images(config.host); !opened) return opened;

    // Blocked in all threads that are started from here on: asio's descriptor takes them.
    signals_.add(SIGHUP);
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    wait_for_signal();
    for (const auto& worker : workers_) worker->start_thread();
    start_background();

    if (!config.host.control.empty()) {
        auto socket = ControlSocket::open(
            control_, config.host.control,
            [this](std::vector<std::string> words, ControlAnswer answer) {
                command(std::move(words), answer);
            });
        if (!socket) return std::unexpected{socket.error()};
        control_socket_ = std::move(*socket);
    }
    // The loop does not run yet, but this thread is the one that will run it.
    const EventLoop::Here here{control_};
    Builder builder{services_, *images_};
    if (auto planned = builder.plan(config); !planned) return planned;
    auto built =
        builder.build(nullptr, BuildGoal::serve, /*try_first=*/false, ++generations_made_);
    if (!built) return built;
    auto generation = builder.take();
    route(*generation);
    generation->compile(services_.worker_count);
    swap(std::move(generation));
    watch_files();
    for (const auto& entry : listeners_.entries()) {
        Listen bound = entry.listen;
        bound.address = entry.bound;
        log_.info("host", fmt::format("listening on {}", to_string(bound)));
    }
    for (const std::string& address : http_.addresses())
        log_.info("host", fmt::format("listening on http://{}", address));
    log_.info("host", fmt::format("ready: {} servers, {} workers", config.servers.size(),
                                  workers_.size()));
    notify_service_manager("READY=1");
    return {};
}

// Library::close() looks at threads that began after a plugin was loaded: best none of the host's.
void Server::start_background() {
    background_.run([] {});
}

Result<void> Server::open_images(const HostConfig& host) {
    auto folder = CopyFolder::open(host.run_dir);
    if (!folder) return std::unexpected{folder.error()};
    images_.emplace(
        std::move(*folder), host.keep_plugins ? UnloadPolicy::keep : default_unload_policy, log_);
    return {};
}

void Server::apply(const HostConfig& host) {
    log_.configure(host.log_level, host.log_format);
    files_.set_debounce(static_cast<std::uint64_t>(host.debounce.count()));
    for (const auto& worker : workers_) {
        if (worker->generation()) {
            worker->call([&] { worker->set_limits(limits_of(host)); });
        } else {
            worker->set_limits(limits_of(host));
        }
    }
    if (images_)
        images_->set_policy(host.keep_plugins ? UnloadPolicy::keep : default_unload_policy);
}

// Watches that stay are not touched: a change since the last look is still reported.
void Server::watch_files() {
    const Config& config = current_->config;
    std::set<std::string> files;
    std::set<std::string> folders;
    if (config.host.watch) {
        for (const Config* wanted : std::initializer_list<const Config*>{&config, &refused_config_}) {
            files.insert(wanted->files.begin(), wanted->files.end());
            folders.insert(wanted->include_directories.begin(), wanted->include_directories.end());
            // Wherever a plugin could be: one that is missing, or goes ahead of another, may
            // come later.
            const Catalog catalog = Catalog::of(wanted->host.plugin_path);
            for (const ServerConfig& server : wanted->servers)
                for (const StepConfig& step : server.pipeline)
                    for (const auto& file : catalog.candidates(step.plugin))
                        files.insert(file.string());
        }
    }
    std::erase_if(watches_, [&](const auto& entry) {
        if (files.contains(entry.first) || folders.contains(entry.first)) return false;
        files_.cancel(entry.second);
        return true;
    });
    const auto changed = [this](const std::string& what) {
        return [this, what] {
            request_reload(what + " changed", [](const ReloadOutcome&) {});
        };
    };
    for (const std::string& file : files)
        if (!watches_.contains(file))
            watches_.emplace(file, files_.file(file, nullptr, changed(file)));
    for (const std::string& folder : folders)
        if (!watches_.contains(folder))
            watches_.emplace(folder, files_.folder(folder, changed(folder)));
}

// -- Reload --

void Server::request_reload(
    std::string reason, std::function<void(const ReloadOutcome&)> done) {
    requests_.push_back({std::move(reason), std::move(done)});
    if (reloading_) return;
    control_.post([this] { run_requests(); });
}

void Server::run_requests() {
    if (reloading_ || stopping_) return;
    // Generations that are drained one after another must not pile up.
    while (!requests_.empty() && retiring_.size() < generations_max) {
        const ReloadRequest request = std::move(requests_.front());
        requests_.pop_front();
        reloading_ = true;
        const ReloadOutcome outcome = reload(request.reason);
        reloading_ = false;
        request.done(outcome);
    }
}

ReloadOutcome Server::reload(const std::string& reason) {
    notify_service_manager("RELOADING=1");
    bool unchanged = false;
    const auto done = build_and_swap(unchanged);
    if (unchanged) refused_config_ = {};
    watch_files();
    notify_service_manager("READY=1");
    const std::uint32_t lane = metrics_.lane(LOOM_CONTROL);
    if (!done) {
        ++reloads_failed_;
        metrics_.add(lane, reload_failed_metric_, 1);
        metrics_.add(lane, failure_metrics_[static_cast<std::size_t>(done.error().failure)], 1);
        last_error_ = done.error().text;
        log_.error("reload", fmt::format("failed ({}), generation {} serves on: {}", reason,
                                         current_->number, last_error_));
        return {false, last_error_};
    }
    last_error_.clear();
    metrics_.add(lane, unchanged ? reload_unchanged_metric_ : reload_ok_metric_, 1);
    log_.info("reload", fmt::format("{}: {}", reason, *done));
    return {true, *done};
}

Result<std::string> Server::build_and_swap(bool& unchanged) {
    Builder builder{services_, *images_};
    auto config = load_config(config_path_);
    if (!config) return std::unexpected{config.error()};
    refused_config_ = *config;
    if (auto planned = builder.plan(std::move(*config)); !planned)
        return std::unexpected{planned.error()};
    if (builder.fingerprint() == current_->fingerprint) {
        unchanged = true;
        return fmt::format("nothing has changed: generation {} serves on", current_->number);
    }
    const HostConfig host = builder.config().host;
    auto built = builder.build(
        current_.get(), BuildGoal::serve, host.probe && current_->config.host.probe,
        generations_made_ + 1);
    if (!built) return std::unexpected{built.error()};
    if (auto opened = listeners_.open(builder.config(), services_.worker_count); !opened)
        return std::unexpected{Error{opened.error().text, Failure::bind}};

    ++generations_made_;
    const std::size_t made = builder.made().size();
    auto generation = builder.take();
    route(*generation);
    generation->compile(services_.worker_count);
    const std::size_t kept = generation->instances.size() - made;
    apply(host);
    swap(std::move(generation));
    refused_config_ = {};
    std::string text = fmt::format(
        "generation {} serves: {} instances new or changed, {} carried over", current_->number,
        made, kept);
    if (worker_count(host) != services_.worker_count) {
        text += fmt::format("; host.workers = {} needs a restart ({} run)", host.workers,
                            services_.worker_count);
    }
    return text;
}

// Which zones are whose on which listener.
void Server::route(Generation& generation) {
    generation.routers.resize(listeners_.slot_count());
    for (std::size_t i = 0; i < generation.config.servers.size(); ++i) {
        const ServerConfig& server = generation.config.servers[i];
        for (const Listen& listen : server.listen) {
            const std::int64_t slot = listeners_.slot(listen);
            if (slot < 0) continue;
            auto& router = generation.routers[static_cast<std::size_t>(slot)];
            if (!router) router = std::make_unique<Router>();
            for (const dns::NameView zone : server.zones)
                router->add(services_.hash_key, zone, static_cast<std::uint32_t>(i));
        }
    }
    for (const auto& router : generation.routers) generation.router_table.push_back(router.get());
}

void Server::swap(std::unique_ptr<Generation> next) {
    std::unique_ptr<Generation> old = std::exchange(current_, std::move(next));
    Retiring* retiring = nullptr;
    if (old) {
        retiring_.push_back(
            {std::move(old), static_cast<std::uint32_t>(workers_.size()), 0, this, false});
        retiring = &retiring_.back();
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        Worker& worker = *workers_[i];
        worker.call([&] {
            worker.on_drained = [this](WorkerGeneration* part) {
                const Generation* generation = part->owner;
                control_.post([this, generation] { drained(generation); });
            };
            worker.use(&current_->by_worker[i]);
        });
    }
    listeners_.attach();
    listeners_.close_unused(current_->config);
    if (retiring && skips_drain()) {
        retiring->workers_left = 0;
        control_.post([this] { end_retired(); });
    }
    metrics_.set(generation_metric_, static_cast<double>(current_->number));
    if (retiring) {
        retiring->timer = control_.add_timer(
            static_cast<std::uint64_t>(current_->config.host.drain_timeout.count()),
            [](void* self) {
                auto& late = *static_cast<Retiring*>(self);
                late.server->on_drain_timeout(late);
            },
            retiring, nullptr);
    }
}

void Server::drained(const Generation* generation) {
    const auto found = std::ranges::find_if(retiring_, [&](const Retiring& retiring) {
        return retiring.generation.get() == generation;
    });
    if (found == retiring_.end() || --found->workers_left != 0) return;
    control_.cancel_timer(found->timer);
    end_retired();
}

void Server::on_drain_timeout(Retiring& retiring) {
    retiring.timed_out = true;
    log_.warning(
        "reload",
        fmt::format("generation {} is not drained in time: its last queries get SERVFAIL",
                    retiring.generation->number));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        Worker& worker = *workers_[i];
        const WorkerGeneration* part = &retiring.generation->by_worker[i];
        worker.post([&worker, part] { worker.cancel_all(part); });
    }
}

// Ends what is drained, oldest first, as far as work given away lets it.
void Server::end_retired() {
    for (auto at = retiring_.begin(); at != retiring_.end();) {
        if (at->workers_left != 0 || !end_instances(*at->generation)) {
            ++at;
            continue;
        }
        log_.info("reload", fmt::format("generation {} has ended", at->generation->number));
        at = retiring_.erase(at);
    }
    if (stopping_) {
        finish_stop();
        return;
    }
    run_requests();
}

bool Server::is_used(const Instance* instance, const Generation* except) const {
    if (current_ && current_.get() != except && current_->contains(instance)) return true;
    return std::ranges::any_of(retiring_, [&](const Retiring& retiring) {
        return retiring.generation.get() != except && retiring.generation->contains(instance);
    });
}

// False: some instance's work still runs; this is called again.
bool Server::end_instances(Generation& generation) {
    bool all_ended = true;
    for (auto& instance : generation.instances) {
        if (!instance || is_used(instance.get(), &generation)) {
            instance.reset();
            continue;
        }
        instance->stop();
        if (instance->has_work()) {
            all_ended = false;
            continue;
        }
        if (!stopping_ && current_) {
            const auto successor = current_->find_named(instance->plan().name);
            const auto same_id = [](const Instance& a, const Instance& b) {
                return std::string_view{a.plugin().id.data, a.plugin().id.size} ==
                       std::string_view{b.plugin().id.data, b.plugin().id.size};
            };
            if (successor && same_id(*successor, *instance))
                successor->import_from(*instance, LOOM_STATE_FINAL);
        }
        instance->end();
        auto image = instance->take_image();
        instance.reset();
        images_->release(std::move(image));
    }
    metrics_.set(pinned_metric_, static_cast<double>(images_->pinned_count()));
    if (!all_ended) {
        constexpr std::uint64_t pause_ns = 5'000'000;
        control_.add_timer(
            pause_ns, [](void* self) { static_cast<Server*>(self)->end_retired(); }, this, nullptr);
    }
    return all_ended;
}

// -- Stop --

void Server::begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    notify_service_manager("STOPPING=1");
    log_.info("host", "stopping: queries in flight are answered first");
    for (const auto& [path, handle] : watches_) files_.cancel(handle);
    for (const ReloadRequest& request : requests_)
        request.done({false, "the server is stopping"});
    requests_.clear();
    retiring_.push_back(
        {std::move(current_), static_cast<std::uint32_t>(workers_.size()), 0, this, false});
    Retiring& last = retiring_.back();
    for (const auto& worker : workers_) {
        worker->call([&] {
            worker->close_listeners();
            worker->use(nullptr);
        });
    }
    last.timer = control_.add_timer(
        static_cast<std::uint64_t>(last.generation->config.host.drain_timeout.count()),
        [](void* self) {
            auto& late = *static_cast<Retiring*>(self);
            late.server->on_drain_timeout(late);
        },
        &last, nullptr);
}

void Server::finish_stop() {
    if (!retiring_.empty()) return;
    log_.info("host", "stopped");
    control_socket_.reset();
    for (const auto& worker : workers_) worker->stop();
    for (const auto& worker : workers_) worker->join();
    control_.stop();
}

// -- Signals --

void Server::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        const EventLoop::Turn turn{control_};
        if (signal == SIGHUP) {
            request_reload("SIGHUP", [](const ReloadOutcome&) {});
        } else if (signal == SIGINT || stopping_) {
            // At once: what is in flight is cancelled, not waited for.
            begin_stop();
            for (Retiring& retiring : retiring_) on_drain_timeout(retiring);
        } else {
            begin_stop();
        }
        wait_for_signal();
    });
}

// -- Checks --

Result<std::string> Server::check(Config config) {
    log_.configure(LogLevel::warning, LogFormat::text);
    // Of no name that somebody else could have made before.
    std::string run_dir = std::filesystem::temp_directory_path() / "dnsloom-check-XXXXXX";
    if (::mkdtemp(run_dir.data()) == nullptr) {
        return std::unexpected{
            Error{fmt::format("{}: cannot be made: {}", run_dir, std::strerror(errno))}};
    }
    std::error_code ignored;
    HostConfig host = config.host;
    host.run_dir = run_dir;
    auto result = [&]() -> Result<std::string> {
        if (auto opened = open_images(host); !opened) return std::unexpected{opened.error()};
        start_background();
        const EventLoop::Here here{control_};
        Builder builder{services_, *images_};
        if (auto planned = builder.plan(std::move(config)); !planned)
            return std::unexpected{planned.error()};
        const auto built = builder.build(nullptr, BuildGoal::check, /*try_first=*/false, 1);
        if (!built) return std::unexpected{built.error()};
        return fmt::format(
            "{}: good: {} servers, {} plugin instances\n", config_path_,
            builder.config().servers.size(), builder.made().size());
    }();
    images_.reset();
    std::filesystem::remove_all(run_dir, ignored);
    return result;
}

Result<void> Server::probe(Config config, std::span<const std::string> tries) {
    log_.configure(LogLevel::error, LogFormat::text);
    start_background();
    const EventLoop::Here here{control_};
    return try_steps(config, tries, services_);
}

}  // namespace loom::host
