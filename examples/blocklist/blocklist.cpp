// SPDX-License-Identifier: Apache-2.0
// Denies the names of a file, and reads the file again whenever its content changes.

#include "names.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <atomic>

namespace {

namespace dns = loom::dns;
using blocklist::Names;

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"path", LOOM_OPTION_PATH, "The file: one name a line."}.required(),
    loom::OptionSpec{"rcode", LOOM_OPTION_STRING, "What a blocked name is answered with."}
        .one_of("nxdomain|refused")
        .by_default("nxdomain"),
};

class Blocklist {
public:
    static constexpr loom::Info info{
        .summary = "Denies the names of a file.",
        .roles = LOOM_ROLE_POLICY,
        .options = options,
        .option_count = std::size(options),
    };

    Blocklist(const loom::Host& host, const loom::Options& settings)
        : host_{host},
          watch_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
          publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
          path_{settings["path"].string()},
          rcode_{
              settings["rcode"].string() == "refused" ? dns::rcode::refused : dns::rcode::nxdomain},
          blocked_{host.counter("dnsloom_blocklist_blocked_total", "Questions that were denied.")},
          size_{host.gauge("dnsloom_blocklist_names", "Names in the list.")} {
        auto names = Names::load(host, path_);
        if (!names) throw loom::ConfigError(settings["path"], names.error());
        names_ = new Names{std::move(*names)};
    }
    Blocklist(const Blocklist&) = delete;
    Blocklist& operator=(const Blocklist&) = delete;
    ~Blocklist() { delete names_.load(); }

    void start() {
        host_.set(size_, static_cast<double>(names_.load()->size()));
        const auto status =
            watch_->file(&host_.table(), loom::str(path_), on_change, this, &handle_);
        if (status != LOOM_OK) throw loom::ConfigError(path_ + " cannot be watched");
    }

    loom_verdict on_query(loom::Query& query) {
        if (!names_.load(std::memory_order_acquire)->cover(*query.raw())) return LOOM_NEXT;
        host_.add(query->worker, blocked_);
        auto response = query.response();
        response.begin(rcode_, 0);
        response.extended_error(dns::ede_code::blocked, "in the blocklist");
        return LOOM_ANSWERED;
    }

private:
    static void on_change(void* self) noexcept {
        auto& plugin = *static_cast<Blocklist*>(self);
        try {
            plugin.reload();
        } catch (const std::exception& e) {
            plugin.host_.report_exception("file watch", e.what());
        }
    }

    /// A file with a mistake changes nothing: the names of before stay.
    void reload() {
        auto names = Names::load(host_, path_);
        if (!names) return host_.log(LOOM_LOG_ERROR, names.error());
        host_.set(size_, static_cast<double>(names->size()));
        const Names* old = names_.exchange(new Names{std::move(*names)}, std::memory_order_release);
        publish_->retire(&host_.table(), free_names, const_cast<Names*>(old));
    }

    static void free_names(void* names) noexcept { delete static_cast<Names*>(names); }

    loom::Host host_;
    const loom_watch_1* watch_;
    const loom_publish_1* publish_;
    std::string path_;
    std::uint16_t rcode_;
    loom::Metric blocked_;
    loom::Metric size_;
    loom_handle handle_ = 0;
    std::atomic<const Names*> names_ = nullptr;
};

}  // namespace

LOOM_PLUGIN(Blocklist, "blocklist", "1.0.0");
