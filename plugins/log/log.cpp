// SPDX-License-Identifier: Apache-2.0
// Writes one line for each query of a client when its response passes.

#include "classify.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <unordered_map>

namespace {

namespace dns = loom::dns;
using loom::log::ResponseClass;

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"names", LOOM_OPTION_NAME, "Only queries at or below these names."}.list(),
    loom::OptionSpec{"class", LOOM_OPTION_STRING, "Only responses of these classes."}
        .list()
        .one_of("all|success|denial|error")
        .by_default("all"),
    loom::OptionSpec{
        "format",
        LOOM_OPTION_STRING,
        "A field for each fact, or CoreDNS's common or combined line as the message."}
        .one_of("fields|common|combined")
        .by_default("fields"),
};

enum class Format : std::uint8_t { fields, common, combined };

Format to_format(std::string_view word) {
    if (word == "common") return Format::common;
    if (word == "combined") return Format::combined;
    return Format::fields;
}

std::string_view transport_name(std::uint8_t transport) {
    constexpr std::array<std::string_view, 5> names{"udp", "tcp", "tls", "https", "quic"};
    return transport < names.size() ? names[transport] : "other";
}

std::string_view class_name(ResponseClass c) {
    switch (c) {
    case ResponseClass::success:
        return "success";
    case ResponseClass::denial:
        return "denial";
    case ResponseClass::error:
        return "error";
    }
    return "error";
}

std::string address_text(const loom_address& address) {
    std::string text;
    const std::span<const std::uint8_t, 16> ip{address.ip};
    if (address.family == 4)
        dns::append_ipv4(ip.last<4>(), text);
    else
        dns::append_ipv6(ip, text);
    return text;
}

/// `qr,aa,rd`: in the order of the header's bits.
std::string flags_text(std::uint16_t bits) {
    constexpr std::array<std::pair<std::uint16_t, std::string_view>, 7> names{{
        {dns::flag::qr, "qr"},
        {dns::flag::aa, "aa"},
        {dns::flag::tc, "tc"},
        {dns::flag::rd, "rd"},
        {dns::flag::ra, "ra"},
        {dns::flag::ad, "ad"},
        {dns::flag::cd, "cd"},
    }};
    std::string text;
    for (const auto& [bit, name] : names) {
        if ((bits & bit) == 0) continue;
        if (!text.empty()) text += ',';
        text += name;
    }
    return text;
}

std::string seconds(std::uint64_t nanoseconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6fs", static_cast<double>(nanoseconds) * 1e-9);
    return text.data();
}

/// What a line says, as text. `size` and `bufsize` are of the query, `rsize` is of the response.
struct Facts {
    std::string client, name, type, qclass, rcode, rflags, duration;
    std::string_view proto;
    std::string port, id, opcode, size, bufsize, rsize;
    bool dnssec_ok;
    ResponseClass response_class;

    Facts(
        const loom_query& query,
        loom::Bytes wire,
        std::uint16_t rcode_number,
        std::uint16_t flags,
        std::uint64_t elapsed_ns,
        ResponseClass c)
        : client{address_text(*query.client)},
          name{dns::NameView::from_trusted(loom::view(query.qname)).to_string()},
          type{dns::type_to_string(query.qtype)},
          qclass{dns::class_to_string(query.qclass)},
          rcode{dns::rcode_to_string(rcode_number)},
          rflags{flags_text(flags)},
          duration{seconds(elapsed_ns)},
          proto{transport_name(query.transport)},
          port{std::to_string(query.client->port)},
          id{std::to_string(query.id)},
          opcode{std::to_string(query.opcode)},
          size{std::to_string(query.wire.size)},
          bufsize{std::to_string(query.edns_udp_size ? query.edns_udp_size : 512)},
          rsize{std::to_string(wire.size())},
          dnssec_ok{(query.flags & LOOM_QUERY_DO) != 0},
          response_class{c} {}
};

std::string common_line(const Facts& f, bool is_ipv6) {
    std::string line = is_ipv6 ? '[' + f.client + ']' : f.client;
    line += ':' + f.port + " - " + f.id + " \"" + f.type + ' ' + f.qclass + ' ' + f.name + ' ';
    line.append(f.proto);
    line += ' ' + f.size + (f.dnssec_ok ? " true " : " false ") + f.bufsize + "\" ";
    return line + f.rcode + ' ' + f.rflags + ' ' + f.rsize + ' ' + f.duration;
}

class Log {
public:
    static constexpr loom::Info info{
        .summary = "Writes a log line for each query.",
        .roles = LOOM_ROLE_OBSERVER,
        .options = options,
        .option_count = std::size(options),
    };

    Log(const loom::Host& host, const loom::Options& settings)
        : host_{host},
          service_{host.service<loom_log_1>(LOOM_SERVICE_LOG)},
          format_{to_format(settings["format"].string())} {
        const auto classes = settings["class"];
        for (std::uint32_t i = 0; i < classes.size(); ++i)
            classes_ |= loom::log::class_set(classes[i].string());
        if (const auto names = settings.find("names")) {
            for (std::uint32_t i = 0; i < names->size(); ++i) add_name((*names)[i].name());
        }
    }

    loom_verdict on_response(loom::Query& query) {
        if (query.has(LOOM_QUERY_SUBQUERY) || !host_.logs(LOOM_LOG_INFO) || !covers(query))
            return LOOM_NEXT;
        auto response = query.response();
        const loom::Bytes wire = response.wire();
        const std::uint16_t rcode = response.rcode();
        const ResponseClass c = loom::log::classify(wire, rcode);
        if ((classes_ & loom::log::to_set(c)) == 0) return LOOM_NEXT;
        write(
            *query.raw(),
            Facts{
                *query.raw(),
                wire,
                rcode,
                sent_flags(query, response),
                host_.monotonic_ns() - query->received_ns,
                c});
        return LOOM_NEXT;
    }

private:
    void add_name(loom::Bytes name) {
        names_.emplace(host_.hash_name(name), dns::Name{dns::NameView::from_trusted(name)});
    }

    bool covers(const loom::Query& query) const {
        if (names_.empty()) return true;
        const loom::Bytes name = query.name_lower();
        for (std::size_t i = 0; i <= query->label_count; ++i) {
            const auto found = names_.find(query->suffix_hash[i]);
            if (found == names_.end()) continue;
            const auto suffix =
                name.subspan(i < query->label_count ? query->label_offset[i] : name.size() - 1);
            if (found->second.equals(dns::NameView::from_trusted(suffix))) return true;
        }
        return false;
    }

    /// The flags as the client sees them: QR and RD are the host's to set.
    static std::uint16_t sent_flags(const loom::Query& query, loom::Response& response) {
        const unsigned rd = query.has(LOOM_QUERY_RD) ? dns::flag::rd : 0U;
        return static_cast<std::uint16_t>(response.flags() | dns::flag::qr | rd);
    }

    void write(const loom_query& query, const Facts& facts) const {
        if (format_ == Format::fields) return write_fields(facts);
        std::string line = common_line(facts, query.client->family == 6);
        if (format_ == Format::combined) line += " " + facts.opcode;
        service_->write(&host_.table(), LOOM_LOG_INFO, loom::str(line), nullptr, 0);
    }

    void write_fields(const Facts& f) const {
        const std::pair<std::string_view, std::string_view> pairs[] = {
            {"client", f.client},
            {"port", f.port},
            {"id", f.id},
            {"proto", f.proto},
            {"type", f.type},
            {"class", f.qclass},
            {"name", f.name},
            {"size", f.size},
            {"do", f.dnssec_ok ? "true" : "false"},
            {"bufsize", f.bufsize},
            {"rcode", f.rcode},
            {"rflags", f.rflags},
            {"rsize", f.rsize},
            {"duration", f.duration},
            {"kind", class_name(f.response_class)},
        };
        std::array<loom_log_field, std::size(pairs)> fields;
        for (std::size_t i = 0; i < fields.size(); ++i)
            fields[i] = {loom::str(pairs[i].first), loom::str(pairs[i].second)};
        service_->write(
            &host_.table(),
            LOOM_LOG_INFO,
            loom::str("query"),
            fields.data(),
            static_cast<std::uint32_t>(fields.size()));
    }

    loom::Host host_;
    const loom_log_1* service_;
    Format format_;
    std::uint8_t classes_ = 0;
    std::unordered_map<std::uint64_t, dns::Name> names_;  // By hash_name(); empty: all.
};

}  // namespace

LOOM_PLUGIN(Log, "log", "0.1.0");
