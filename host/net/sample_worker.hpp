// SPDX-License-Identifier: Apache-2.0
// A worker with fake plugins and without sockets, run by the thread of the test.
#pragma once

#include "../pipeline/response_service.hpp"
#include "../pipeline/router.hpp"
#include "../services/sample_services.hpp"
#include "worker.hpp"

#include <deque>
#include <functional>
#include <string_view>
#include <vector>

namespace loom::host {

inline constexpr std::uint64_t sample_second = 1'000'000'000;

/// An answer with one address.
inline loom_verdict sample_answer(Exchange& e, std::uint16_t rcode = dns::rcode::noerror) {
    static constexpr std::uint8_t rdata[] = {192, 0, 2, 1};
    response_service.begin(&e, rcode, 0);
    const loom_record record{
        e.qname, dns::rr_type::a, dns::rr_class::in, 60, {rdata, sizeof rdata}};
    if (rcode == dns::rcode::noerror) response_service.add(&e, LOOM_ANSWER, &record);
    return LOOM_ANSWERED;
}

/// A server for `zone` with the plugins that are added before the first query, and maybe more servers.
class SampleWorker {
public:
    struct Answer {
        std::uint16_t rcode = 0;
        std::size_t records = 0;
        Octets options;
    };

    explicit SampleWorker(std::string_view zone = "example.org.") { add_server(zone); }

    /// What is added from now on is of this server.
    void add_server(std::string_view zone) {
        Server& server = servers_.emplace_back();
        server.zone = name(zone);
        router_.add(sample_key, server.zone, static_cast<std::uint32_t>(servers_.size() - 1));
    }

    FakePlugin& add(std::function<loom_verdict(Exchange&)> on_query) {
        FakePlugin& plugin = servers_.back().plugins.emplace_back();
        plugin.on_query = std::move(on_query);
        return plugin;
    }
    /// Lays out the plugins added so far.
    void start() {
        generation.number = 1;
        for (Server& server : servers_) {
            Pipeline& pipeline = generation.pipelines.emplace_back();
            pipeline.server = static_cast<std::uint32_t>(generation.pipelines.size() - 1);
            for (FakePlugin& plugin : server.plugins)
                plugin.join(pipeline, &host.instance(plugin.table));
        }
        generation.routers = table_;
        worker.use(&generation);
    }
    /// Asks as a client does; the answer comes to `answers`.
    void ask(std::string_view qname = "www.example.org.") {
        if (!worker.generation()) start();
        const EventLoop::Here here{worker};
        const EventLoop::Turn turn{worker};
        Octets message = edns_message({.qname = qname});
        Exchange& e = worker.next_exchange();
        e.transport = LOOM_TRANSPORT_UDP;
        e.origin = Origin::background;
        e.from_top = true;
        e.listener = 0;
        e.udp = nullptr;
        e.tcp = nullptr;
        e.client = &address_;
        e.local = &address_;
        e.send_buffer = worker.large_room().data();
        e.send_size = dns::message_size_max;
        const auto taken = take_in(e, message, host.services.hash_key, {});
        if (taken.intake != Intake::query) return;
        e.done = take_answer;
        e.done_argument = this;
        worker.admit(e, Turnout::at_once);
        worker.serve(e);
        // As the next batch does.
        std::ranges::fill(message, 0xEE);
        std::ranges::fill(worker.large_room(), 0xEE);
    }
    /// On the worker's thread.
    loom_status resume(loom_token token, std::int32_t reason = 0, void* arg = nullptr) {
        const EventLoop::Here here{worker};
        const EventLoop::Turn turn{worker};
        return worker.resume(token, reason, arg);
    }
    void advance(std::uint64_t step_ns) {
        host.clock.advance(step_ns);
        worker.clock_moved();
        run_ready(worker);
    }
    double metric(std::uint32_t id) const { return host.metrics.value(id); }
    std::uint64_t errors(std::size_t stage) const { return host.instances[stage]->errors(); }

    SampleServices host;
    Worker& worker = *host.workers[0];
    WorkerGeneration generation;
    std::vector<Answer> answers;

private:
    static void take_answer(void* self, loom_query* query) {
        const loom_record* first = nullptr;
        Answer answer;
        answer.rcode = response_service.rcode(query);
        response_service.records(query, LOOM_ANSWER, &first, &answer.records);
        const loom_bytes options = response_service.options(query);
        if (options.size != 0) answer.options.assign(options.data, options.data + options.size);
        static_cast<SampleWorker*>(self)->answers.push_back(answer);
    }

    struct Server {
        dns::Name zone;
        std::deque<FakePlugin> plugins;
    };

    std::deque<Server> servers_;
    Router router_;
    const Router* table_[1] = {&router_};
    loom_address address_{};
};

/// The options of a reply that has one extended error without text.
inline Octets sample_error(std::uint8_t code) { return {0, 15, 0, 2, 0, code}; }

/// A plugin that suspends every query and answers when it is resumed.
struct Waiter {
    explicit Waiter(SampleWorker& its_sample) : sample{its_sample} {
        FakePlugin& plugin = sample.add([this](Exchange& e) {
            token = e.host_worker->suspend(e, timeout_ns);
            return token != 0 ? loom_verdict{LOOM_PENDING} : LOOM_FAIL(dns::rcode::servfail);
        });
        plugin.on_resume = [this](Exchange& e, std::int32_t its_reason, void* its_arg) {
            ++resumed;
            reason = its_reason;
            arg = its_arg;
            return sample_answer(e);
        };
        plugin.on_cancel = [this](Exchange&, loom_token its_token) {
            ++cancelled;
            cancelled_token = its_token;
        };
    }

    SampleWorker& sample;
    std::uint64_t timeout_ns = 0;
    loom_token token = 0;
    int resumed = 0;
    int cancelled = 0;
    loom_token cancelled_token = 0;
    std::int32_t reason = 0;
    void* arg = nullptr;
};

}  // namespace loom::host
