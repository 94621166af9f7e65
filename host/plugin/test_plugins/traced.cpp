// SPDX-License-Identifier: Apache-2.0
// A plugin that writes into a file what the host does with it, and fails where it is told to.
#include <dnsloom/plugin.hpp>

#include <fstream>
#include <stdexcept>
#include <string>

namespace {

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"trace", LOOM_OPTION_PATH, "Where to write."}.required(),
    loom::OptionSpec{"label", LOOM_OPTION_STRING, "What to call it there."}.by_default("-"),
    loom::OptionSpec{"fault", LOOM_OPTION_STRING, "Which hook fails."},
    loom::OptionSpec{"page", LOOM_OPTION_ENDPOINT, "Where to serve a page."},
};

class Traced {
public:
    static constexpr loom::Info info{
        .summary = "Tells what is done with it.",
        .options = options,
        .option_count = std::size(options),
        .state_version = 1,
    };

    Traced(const loom::Host& host, const loom::Options& settings)
        : trace_{std::string{settings["trace"].string()}, std::ios::app},
          label_{settings["label"].string()},
          fault_{settings.find("fault") ? settings["fault"].string() : ""} {
        host.counter("dnsloom_traced_total", "Nothing.");
        if (const auto page = settings.find("page")) serve(host, *page);
        write("create");
        fail_in("create");
    }
    ~Traced() { write("destroy"); }

    struct Worker {
        Worker(Traced& plugin, std::uint32_t number) : traced{plugin} {
            // One at a time: the host calls worker by worker.
            traced.write("init" + std::to_string(number));
            if (number == 1) traced.fail_in("worker_init");
        }
        Worker(const Worker&) = delete;
        Worker& operator=(const Worker&) = delete;
        ~Worker() { traced.write("fini"); }
        Traced& traced;
    };

    void start() {
        write("start");
        fail_in("start");
    }
    void stop() { write("stop"); }
    loom_status export_state(std::int32_t, const loom_sink& sink) {
        return sink.write(sink.self, label_.data(), label_.size());
    }
    loom_status import_state(std::int32_t, std::uint32_t, const loom_source& source) {
        char room[16];
        const auto size = source.read(source.self, room, sizeof room);
        write("import:" + std::string{room, size > 0 ? static_cast<std::size_t>(size) : 0});
        return LOOM_OK;
    }

private:
    void write(const std::string& what) { trace_ << label_ << '.' << what << ' ' << std::flush; }

    void fail_in(std::string_view hook) {
        if (fault_ == hook) throw std::runtime_error("fails, as it was told to");
    }

    static loom_status on_get(void*, loom_http_reply*) noexcept { return LOOM_OK; }

    void serve(const loom::Host& host, const loom::Option& page) {
        const loom_address address = page.endpoint();
        const auto* http = host.service<loom_http_1>(LOOM_SERVICE_HTTP);
        if (http->serve(&host.table(), &address, loom::str("/"), on_get, this) != LOOM_OK)
            throw loom::ConfigError(page, "cannot be served");
    }

    std::ofstream trace_;
    std::string label_;
    std::string fault_;
};

}  // namespace

LOOM_PLUGIN(Traced, "traced", "1.0.0");
