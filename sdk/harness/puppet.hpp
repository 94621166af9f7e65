// SPDX-License-Identifier: Apache-2.0
// A plugin for the harness's own tests: each test says what its hooks do.
#pragma once

#include <dnsloom/harness/harness.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace loom::harness::test {

struct Scratch {
    std::uint64_t value;
};

class Puppet;

/// What the hooks of the next Puppet do; one that is not set does nothing and says NEXT.
struct Strings {
    std::function<void(Puppet&, const Options&)> create{};
    std::function<void(Puppet&)> start{};
    std::function<void(Puppet&)> stop{};
    std::function<loom_verdict(Query&)> on_query{};
    std::function<loom_verdict(Query&)> on_response{};
    std::function<loom_verdict(Query&, std::int32_t reason, void* argument)> on_resume{};
    std::function<void(Query&, loom_token)> on_cancel{};
    std::function<loom_status(std::int32_t phase, const loom_sink&)> export_state{};
    std::function<loom_status(std::int32_t phase, std::uint32_t version, const loom_source&)>
        import_state{};
    std::vector<std::string>* life =
        nullptr;  ///< Gets a line for each step of the instance's life.
};

/// Those that the next Puppet takes.
inline Strings next_strings;

class Puppet {
public:
    static constexpr OptionSpec endpoint_fields[] = {
        OptionSpec{"to", LOOM_OPTION_ENDPOINT, "Where to."}.required(),
        OptionSpec{"weight", LOOM_OPTION_INTEGER, "How often."}.by_default("1").between(1, 100),
    };
    static constexpr OptionSpec options[] = {
        OptionSpec{"mode", LOOM_OPTION_STRING, "A choice."}.one_of("fast|slow"),
        OptionSpec{"count", LOOM_OPTION_INTEGER, "A number."}.between(1, 10),
        OptionSpec{"ttl", LOOM_OPTION_DURATION, "A time."}.by_default("1h30m"),
        OptionSpec{"room", LOOM_OPTION_SIZE, "A size."}.by_default("64MiB"),
        OptionSpec{"share", LOOM_OPTION_REAL, "A share."},
        OptionSpec{"on", LOOM_OPTION_BOOLEAN, "A switch."}.by_default("true"),
        OptionSpec{"zone", LOOM_OPTION_NAME, "A name."},
        OptionSpec{"path", LOOM_OPTION_PATH, "A file."},
        OptionSpec{"to", LOOM_OPTION_ENDPOINT, "Addresses."}.list(2),
        OptionSpec{"via", LOOM_OPTION_TABLE, "A table."}.with(endpoint_fields),
    };
    static constexpr Info info{
        .options = options,
        .option_count = std::size(options),
        .state_version = 3,
        .scratch_size = sizeof(Scratch)};

    struct Worker {
        Worker(Puppet& puppet, std::uint32_t number) : owner{puppet}, worker{number} {
            owner.note("worker_init " + std::to_string(number));
        }
        ~Worker() { owner.note("worker_fini " + std::to_string(worker)); }
        Worker(const Worker&) = delete;
        Worker& operator=(const Worker&) = delete;

        Puppet& owner;
        std::uint32_t worker;
    };

    Puppet(const Host& host_given, const Options& given)
        : host{host_given}, strings{std::exchange(next_strings, {})} {
        note("create");
        if (strings.create) strings.create(*this, given);
    }
    ~Puppet() { note("destroy"); }
    Puppet(const Puppet&) = delete;
    Puppet& operator=(const Puppet&) = delete;

    void start() {
        note("start");
        if (strings.start) strings.start(*this);
    }
    void stop() {
        note("stop");
        if (strings.stop) strings.stop(*this);
    }
    loom_verdict on_query(Worker&, Query& query) {
        return strings.on_query ? strings.on_query(query) : LOOM_NEXT;
    }
    loom_verdict on_response(Worker&, Query& query) {
        return strings.on_response ? strings.on_response(query) : LOOM_NEXT;
    }
    loom_verdict on_resume(Worker&, Query& query, std::int32_t reason, void* argument) {
        return strings.on_resume ? strings.on_resume(query, reason, argument) : LOOM_FAIL(2);
    }
    void on_cancel(Worker&, Query& query, loom_token token) {
        if (strings.on_cancel) strings.on_cancel(query, token);
    }
    loom_status export_state(std::int32_t phase, const loom_sink& sink) {
        return strings.export_state ? strings.export_state(phase, sink) : LOOM_OK;
    }
    loom_status import_state(std::int32_t phase, std::uint32_t version, const loom_source& source) {
        note("import_state");
        return strings.import_state ? strings.import_state(phase, version, source) : LOOM_OK;
    }
    const void* extension(const char* id) {
        return std::string_view{id} == "test/1" ? this : nullptr;
    }

    void note(const std::string& step) {
        if (strings.life) strings.life->push_back(step);
    }

    Host host;
    Strings strings;
};

inline constinit const loom_plugin puppet_plugin =
    loom::detail::Glue<Puppet>::describe("puppet", "1.0.0");
inline constinit const loom_plugin* const puppet_plugins[] = {&puppet_plugin};
inline constinit const loom_module puppet_module = {
    sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, puppet_plugins};

/// The strings have to be set before the Harness is made; it takes them.
inline const loom_module& pulled_by(Strings strings) {
    next_strings = std::move(strings);
    return puppet_module;
}

inline constexpr std::array<std::uint8_t, 4> address_rdata{192, 0, 2, 1};

/// `NAME 30 IN A 192.0.2.1`; lives as long as the query.
inline loom_record address_record(const Query& query) {
    return {query->qname, 1, 1, 30, bytes(address_rdata)};
}

inline loom_verdict answer_address(Query& query) {
    auto response = query.response();
    response.begin(0, LOOM_FLAG_AA);
    response.add(LOOM_ANSWER, address_record(query));
    return LOOM_ANSWERED;
}

/// A whole response in wire form with that one record.
inline std::vector<std::uint8_t> address_message(const Query& query) {
    static constexpr std::array<std::uint8_t, 12> header{0, 0, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0};
    static constexpr std::array<std::uint8_t, 20> rest{0, 1, 0, 1,  0xC0, 12, 0,   1, 0, 1,
                                                       0, 0, 0, 30, 0,    4,  192, 0, 2, 1};
    const auto name = query.name();
    std::vector<std::uint8_t> message(header.size() + name.size() + rest.size());
    auto end = std::ranges::copy(header, message.begin()).out;
    end = std::ranges::copy(name, end).out;
    std::ranges::copy(rest, end);
    return message;
}

}  // namespace loom::harness::test
