// SPDX-License-Identifier: Apache-2.0
// Writes one line for each query of a client when its response passes.

#include "classify.hpp"
#include "facts.hpp"
#include "line_format.hpp"
#include "line_rate.hpp"

#include <dnsloom/abi/service/meta.h>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/name_set.hpp>
#include <dnsloom/nearest.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace loom::log {
namespace {

constexpr std::uint32_t fields_max = 64;
constexpr std::int64_t rate_max = 1'000'000'000;

constexpr OptionSpec options[] = {
    OptionSpec{"names", LOOM_OPTION_NAME, "Only queries at or below these names."}.list(),
    OptionSpec{"class", LOOM_OPTION_STRING, "Only responses of these classes."}
        .list()
        .one_of("all|success|denial|error")
        .by_default("all"),
    OptionSpec{
        "format",
        LOOM_OPTION_STRING,
        "fields: a field for each fact; common, combined: CoreDNS's lines; or a text with {...}."}
        .by_default("fields"),
    OptionSpec{"fields", LOOM_OPTION_STRING, "Which facts are fields."}.list(fields_max),
    OptionSpec{"rate", LOOM_OPTION_INTEGER, "Lines a second of each worker; 0: all."}
        .by_default("0")
        .between(0, rate_max),
};

constexpr std::array<std::string_view, 15> usual_fields{
    "client",
    "port",
    "id",
    "proto",
    "type",
    "class",
    "name",
    "size",
    "do",
    "bufsize",
    "rcode",
    "rflags",
    "rsize",
    "duration",
    "kind"};

/// The flags as the client sees them: QR and RD are the host's to set.
std::uint16_t sent_flags(const Query& query, const Response& response) {
    const unsigned rd = query.has(LOOM_QUERY_RD) ? dns::flag::rd : 0U;
    return static_cast<std::uint16_t>(response.flags() | dns::flag::qr | rd);
}

}  // namespace

class Log {
public:
    static constexpr Info info{
        .summary = "Writes a log line for each query.",
        .roles = LOOM_ROLE_OBSERVER,
        .options = options,
        .option_count = std::size(options),
    };

    /// Room that is used again and again.
    struct Worker {
        Worker(Log& log, std::uint32_t) : rate{log.rate_} {}
        LineRate rate;
        std::string text;
        std::vector<std::size_t> ends;
        std::vector<loom_log_field> fields;
    };

    Log(const Host& host, const Options& settings)
        : host_{host},
          service_{host.service<loom_log_1>(LOOM_SERVICE_LOG)},
          meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)},
          class_key_{meta_key("log/class")},
          type_key_{meta_key("log/type")},
          names_{host, settings.find("names")},
          has_names_{!names_.empty()},
          rate_{static_cast<std::uint64_t>(settings["rate"].integer())},
          limited_{
              host.counter("dnsloom_log_limited_total", "Lines left out because of the rate.")} {
        const auto classes = settings["class"];
        for (std::uint32_t i = 0; i < classes.size(); ++i)
            classes_ |= class_set(classes[i].string());
        if (class_key_ == 0 || type_key_ == 0)
            throw std::runtime_error{"the host has no room for more facts"};
        read_format(settings);
    }

    loom_verdict on_response(Worker& worker, Query& query) const {
        if (query.has(LOOM_QUERY_SUBQUERY) || !host_.logs(LOOM_LOG_INFO)) return LOOM_NEXT;
        if (has_names_ && !names_.covers(*query.raw())) return LOOM_NEXT;
        auto response = query.response();
        Facts facts{
            .query = query.raw(),
            .meta = meta_,
            .wire = response.wire(),
            .rcode = response.rcode(),
            .flags = sent_flags(query, response)};
        facts.response_class = classify(facts.wire, facts.rcode);
        tell(query, facts);
        if ((classes_ & to_set(facts.response_class)) == 0) return LOOM_NEXT;
        if (!worker.rate.take(query->now_ns)) {
            host_.add(query->worker, limited_);
            return LOOM_NEXT;
        }
        facts.elapsed_ns = host_.monotonic_ns() - query->received_ns;
        worker.text.clear();
        if (format_)
            write_line(worker, facts);
        else
            write_fields(worker, facts);
        return LOOM_NEXT;
    }

private:
    struct NamedField {
        std::string name;
        Field field;
    };

    std::uint32_t meta_key(std::string_view name) const {
        const std::size_t slash = name.find('/');
        if (slash == name.npos || slash == 0 || slash + 1 == name.size()) return 0;
        std::uint32_t key = 0;
        return meta_->key(&host_.table(), str(name), &key) == LOOM_OK ? key : 0;
    }

    void read_format(const Options& settings) {
        const auto key = [this](std::string_view name) { return meta_key(name); };
        const auto list = settings.find("fields");
        const Option format = settings["format"];
        std::string text = format.string();
        if (text == "fields") return read_fields(list, key);
        if (list) throw ConfigError{*list, "fields goes with format = \"fields\" only"};
        if (text == "json")
            throw ConfigError{
                format,
                "lines are JSON with log_format = \"json\" in [host] and format = \"fields\""};
        if (text == "common" || text == "combined") text = "{" + text + "}";
        auto compiled = LineFormat::compile(text, key);
        if (!compiled) throw ConfigError{format, compiled.error()};
        format_ = std::move(*compiled);
    }

    void read_fields(const std::optional<Option>& list, const MetaKey& key) {
        if (!list)
            for (const std::string_view name : usual_fields)
                fields_.push_back({std::string{name}, *field_named(name, key)});
        for (std::uint32_t i = 0; list && i < list->size(); ++i) {
            const std::string name = (*list)[i].string();
            const auto field = field_named(name, key);
            if (!field)
                throw ConfigError{
                    (*list)[i],
                    "there is no field \"" + name + "\":" + suggest(name, field_names()) +
                        ", and /PLUGIN/FACT"};
            fields_.push_back({name.substr(name.starts_with('/') ? 1 : 0), *field});
        }
    }

    /// To the plugins in front.
    void tell(Query& query, const Facts& facts) const {
        const auto set = [&](std::uint32_t key, std::string_view text) {
            const Bytes value{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
            meta_->set(query.raw(), key, bytes(value));
        };
        set(class_key_, class_name(facts.response_class));
        set(type_key_, type_name(facts.response_class, facts.wire, facts.rcode));
    }

    void write_line(Worker& worker, const Facts& facts) const {
        format_->append_to(worker.text, facts);
        service_->write(&host_.table(), LOOM_LOG_INFO, str(worker.text), nullptr, 0);
    }

    void write_fields(Worker& worker, const Facts& facts) const {
        worker.ends.clear();
        for (const NamedField& field : fields_) {
            append(field.field, facts, worker.text);
            worker.ends.push_back(worker.text.size());
        }
        worker.fields.clear();
        std::size_t begin = 0;
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            const std::string_view value =
                std::string_view{worker.text}.substr(begin, worker.ends[i] - begin);
            worker.fields.push_back({str(fields_[i].name), str(value)});
            begin = worker.ends[i];
        }
        service_->write(
            &host_.table(),
            LOOM_LOG_INFO,
            str("query"),
            worker.fields.data(),
            static_cast<std::uint32_t>(worker.fields.size()));
    }

    const Host host_;
    const loom_log_1* const service_;
    const loom_meta_1* const meta_;
    const std::uint32_t class_key_, type_key_;
    const NameSet names_;
    const bool has_names_;
    const std::uint64_t rate_;
    const Metric limited_;
    std::uint8_t classes_ = 0;
    std::optional<LineFormat> format_;  // None: a field for each fact.
    std::vector<NamedField> fields_;
};

}  // namespace loom::log

LOOM_PLUGIN(loom::log::Log, "log", "0.2.0");
