// SPDX-License-Identifier: Apache-2.0
// Drives a plugin without a server, through the same C ABI that the host uses.
//
//     #include <dnsloom/harness/harness.hpp>
//
//     TEST_CASE("hello: answers TXT with a greeting") {
//         loom::harness::Harness h{loom_module_0, {{"greeting", "hi"}, {"ttl", "30s"}}};
//         auto answer = h.ask("example.org. TXT");
//         CHECK(answer.answer.at(0) == "example.org. 30 IN TXT \"hi\"");
//     }
//
// Link the plugin's own sources, the harness archive and any test framework. There are no threads, no
// sleeps and no network: the clock stands still until the test moves it, and what the plugin has
// posted, deferred or resumed runs inside the test's next call.
//
// The harness is stricter than a host, so that faults show in tests: memory a query may not keep
// across a suspension is moved, allocations are exact (run under AddressSanitizer), and calls
// against the ABI's thread and phase rules throw Misuse.
#pragma once

#include <dnsloom/abi/abi.h>
#include <dnsloom/harness/answer.hpp>
#include <dnsloom/harness/question.hpp>
#include <dnsloom/harness/settings.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::harness {

/// The server and the process around the instance.
struct Setup {
    std::vector<std::string> zones = {"."};  ///< Of the server the instance stands in.
    std::uint32_t workers = 1;
    std::string folder = "/etc/dnsloom";  ///< Where relative paths start.
    std::string name = "test/plugin";     ///< Of the instance.
    std::size_t plugin = 0;               ///< Which one, if the module has several.
    /// Given to import_state(WARM) before start(): an older instance's export_state(WARM).
    std::vector<std::uint8_t> state{};
    std::uint32_t state_version = 0;  ///< 0: the plugin's own.
    /// Services not to offer, by id.
    std::vector<std::string> missing_services{};
    std::size_t suspended_max = 1000;  ///< suspend() gives 0 beyond.
};

/// The configuration was refused, by the option checks or by the plugin. Each option of the table
/// stands on a line of its own, the first on line 1.
class Refused : public std::runtime_error {
public:
    Refused(const std::string& text, std::uint32_t line) : std::runtime_error{text}, line_{line} {}
    std::uint32_t line() const { return line_; }

private:
    std::uint32_t line_;
};

/// The plugin broke a rule of the ABI; the text says which.
class Misuse : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// A captured log line.
struct LogLine {
    int32_t level = LOOM_LOG_INFO;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;

    /// The value of a field, empty if there is none.
    std::string field(std::string_view key) const;
};

/// Label names and values, in any order.
using LabelSet = std::vector<std::pair<std::string, std::string>>;

/// A histogram's state; `buckets[i]` counts the values up to `bounds[i]`, not cumulated.
struct Histogram {
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<double> bounds;
    std::vector<std::uint64_t> buckets;
};

/// An event that the plugin published.
struct Event {
    int32_t kind = 0;
    std::string name;  ///< With its dot.
};

/// What an HTTP handler gave.
struct HttpReply {
    int32_t status = 0;
    std::string content_type;
    std::string body;
};

/// What a command of "loom.command/1" gave.
struct CommandResult {
    bool ok = false;
    std::string text;
};

/// A question that was sent; see Harness::send.
class Flight;

/// One instance of a plugin with a host around it. Its constructor goes through create,
/// worker_init, import and start; its destructor through stop, worker_fini and destroy.
class Harness {
public:
    /// Throws Refused. `settings` is what the configuration says, without `plugin = ...`.
    explicit Harness(const loom_module& module, Table settings = {}, Setup setup = {});
    ~Harness();
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;

    /// Why the configuration is refused; empty if it is not. The instance does not start.
    static std::string refusal(const loom_module& module, Table settings, Setup setup = {});

    // -- Queries ----------------------------------------------------------------------------

    /// Sends a question and runs what is ready. Answer::pending if that did not end it.
    Answer ask(const Question& question);

    /// Sends a question and returns at once, for tests of what happens in between.
    std::shared_ptr<Flight> send(const Question& question);
    /// The answer so far.
    Answer result(const Flight& flight) const;

    /// Who stands behind the plugin: reached by NEXT, by sub-queries LOOM_FROM_NEXT and in the
    /// background. Without a script nobody does.
    Script behind;
    /// Who answers sub-queries LOOM_FROM_TOP.
    Script top;

    // -- Time and the loop ------------------------------------------------------------------

    /// Moves both clocks, firing timers and deadlines in order, each at its own time.
    void advance(std::chrono::nanoseconds step);
    /// Runs posted, deferred, background and resumed work and ready descriptors until nothing is
    /// left. Waits up to `wait` of real time for a descriptor, if there is nothing else to do. Returns
    /// how many functions ran.
    std::size_t run_ready(std::chrono::milliseconds wait = {});
    /// run_ready() until `done` holds; false if nothing happened for `limit` of real time.
    bool run_until(
        const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds{5});

    std::chrono::nanoseconds monotonic() const;
    std::chrono::nanoseconds realtime() const;  ///< Since 1970; starts at 2026-01-01.
    void set_realtime(std::chrono::nanoseconds since_1970);
    std::size_t timer_count() const;
    std::size_t watched_descriptor_count() const;
    std::size_t suspended_count() const;

    // -- What the plugin told the host --------------------------------------------------------

    /// Lines of this level and above are kept; LOOM_LOG_DEBUG at first.
    void set_log_level(int32_t level);
    const std::vector<LogLine>& log() const;
    /// True if a line's message contains `text`.
    bool logged(std::string_view text) const;

    /// A counter or gauge; throws std::out_of_range if it was not defined.
    double metric(std::string_view name, const LabelSet& labels = {}) const;
    const Histogram& histogram(std::string_view name, const LabelSet& labels = {}) const;
    bool has_metric(std::string_view name, const LabelSet& labels = {}) const;
    /// All series in Prometheus' text format.
    std::string metrics_text() const;

    const std::vector<Event>& events() const;
    /// Functions given to "loom.publish/1" that have not run yet.
    std::size_t retired_count() const;

    // -- What the world tells the plugin --------------------------------------------------------

    /// Says that the content of a file changed. False if nobody watches it.
    bool change_file(std::string_view path);
    std::vector<std::string> watched_files() const;
    /// Says that another instance published an event (LOOM_EVENT_*).
    void emit(int32_t kind, std::string_view name);
    /// Gets a page; throws std::out_of_range if there is none. `address` tells several ports apart.
    HttpReply http(std::string_view path, std::string_view address = {});
    /// Runs `dnsloom ctl PLUGIN NAME WORD...` and what is ready then. Throws std::out_of_range if the
    /// plugin has no such command, and std::runtime_error if it has not finished.
    CommandResult command(std::string_view name, const std::vector<std::string>& words = {});

    // -- State and the plugin itself ------------------------------------------------------------

    /// Throws std::runtime_error if the plugin refuses or has no such hook.
    std::vector<std::uint8_t> export_state(int32_t phase);
    loom_status import_state(
        int32_t phase, std::span<const std::uint8_t> state, std::uint32_t state_version = 0);

    /// Calls stop() ahead of the destructor; no question may follow.
    void stop();
    const loom_plugin& plugin() const;
    loom_instance* instance() const;
    const loom_host& host() const;
    const void* extension(const char* id) const;
    /// The number behind a key of "loom.meta/1".
    std::uint32_t meta_key(std::string_view name);

    class Core;

private:
    std::unique_ptr<Core> core_;
};

}  // namespace loom::harness
