// SPDX-License-Identifier: Apache-2.0
// Answers with records that are made from the question by templates.

#include "matcher.hpp"
#include "record_template.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/abi/service/meta.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/nearest.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {
namespace {

constexpr std::uint32_t records_max = 64;  // Templates of a section.
constexpr std::uint32_t matches_max = 64;

constexpr OptionSpec option_specs[] = {
    OptionSpec{"class", LOOM_OPTION_STRING, "Questions of this class; ANY: of all."}.by_default(
        "IN"),
    OptionSpec{"type", LOOM_OPTION_STRING, "Questions of these types; ANY: of all."}
        .list(64)
        .by_default("ANY"),
    OptionSpec{"zones", LOOM_OPTION_NAME, "Names at or below these; none: the server's zones."}
        .list(1024),
    OptionSpec{"match", LOOM_OPTION_STRING, "Regular expressions; the first that matches counts."}
        .list(matches_max),
    OptionSpec{"answer", LOOM_OPTION_STRING, "Records of the answer."}.list(records_max),
    OptionSpec{"authority", LOOM_OPTION_STRING, "Records of the authority section."}.list(
        records_max),
    OptionSpec{"additional", LOOM_OPTION_STRING, "Records of the additional section."}.list(
        records_max),
    OptionSpec{"rcode", LOOM_OPTION_STRING, "The response code."}.by_default("NOERROR"),
    OptionSpec{"ede", LOOM_OPTION_STRING, "An extended error, such as Blocked or 15."},
    OptionSpec{"ede_text", LOOM_OPTION_STRING, "Its text."}.between(1, 255)};

struct SectionName {
    std::int32_t section;
    std::string_view name;
};
constexpr std::array sections{
    SectionName{LOOM_ANSWER, "answer"},
    SectionName{LOOM_AUTHORITY, "authority"},
    SectionName{LOOM_ADDITIONAL, "additional"}};

std::uint16_t read_class(const Option& option) {
    if (const auto klass = dns::class_from_string(option.string())) return *klass;
    throw ConfigError{
        option, "\"" + option.string() + "\" is no class: write IN, CH, HS, ANY or CLASS3"};
}

std::uint16_t read_type(const Option& option) {
    if (const auto type = dns::type_from_string(option.string())) return *type;
    throw ConfigError{option, "\"" + option.string() + "\" is no type: write AAAA, ANY or TYPE28"};
}

std::uint16_t read_rcode(const Option& option) {
    constexpr std::array<std::string_view, 11> known{
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "YXRRSET",
        "NXRRSET",
        "NOTAUTH",
        "NOTZONE"};
    const std::string text = option.string();
    if (const auto rcode = dns::rcode_from_string(text)) return *rcode;
    throw ConfigError{option, "\"" + text + "\" is no rcode:" + suggest(text, known)};
}

std::optional<std::uint16_t> read_ede(const Options& options) {
    const auto text = options.find("ede_text");
    const auto option = options.find("ede");
    if (!option) {
        if (text) throw ConfigError{*text, "ede_text needs ede = \"CODE\""};
        return std::nullopt;
    }
    std::string word = option->string();
    const bool is_number =
        !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) word.insert(0, "EDE");
    if (const auto code = dns::ede_from_string(word)) return *code;
    throw ConfigError{
        *option,
        "\"" + word +
            "\" is no extended error: write a number or a name, as in 15, "
            "\"Blocked\" or \"Not Authoritative\" (RFC 8914)"};
}

bool is_written_by_host(std::uint16_t rcode) {
    return rcode == dns::rcode::servfail || rcode == dns::rcode::refused ||
           rcode == dns::rcode::formerr || rcode == dns::rcode::notimp;
}

std::string lower_text(Bytes name) { return dns::NameView::from_trusted(name).to_string(); }

}  // namespace

class Template {
public:
    static constexpr Info info{
        .summary = "Answers with records that are made from the question.",
        .roles = LOOM_ROLE_SOURCE | LOOM_ROLE_ANY_CLASS,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    /// Room that is used again and again.
    struct Worker {
        Worker(Template&, std::uint32_t) {}
        std::string text;
        std::string problem;
    };

    Template(const Host& host, const Options& options);

    loom_verdict on_query(Worker& worker, Query& query) const;
    loom_verdict on_resume(Worker&, Query& query, std::int32_t reason, void* arg) const;
    void on_cancel(Worker&, Query&, loom_token) const {}

private:
    struct Section {
        std::vector<RecordTemplate> records{};
        Metric template_failures{};
        Metric rr_failures{};
    };

    void read_sections(const Host& host, const Options& options);
    std::optional<dns::NameView> zone_of(const Query& query) const;
    bool is_for(const loom_query& query) const;
    loom_verdict answer(Worker& worker, Query& query, const Facts& facts) const;
    bool add_records(Worker& worker, Query& query, const Facts& facts, std::size_t which) const;
    loom_verdict follow_alias(Query& query) const;
    loom_verdict refuse(Query& query, std::string_view reason) const;

    const Host host_;
    const loom_ask_1* const ask_;
    const loom_meta_1* const meta_;
    std::uint16_t class_ = 0;
    std::vector<std::uint16_t> types_;  // Empty: all.
    std::vector<dns::Name> zones_;      // Empty: the server's.
    Matcher matcher_;
    std::array<Section, sections.size()> sections_{};
    std::uint16_t rcode_ = 0;
    std::optional<std::uint16_t> ede_;
    std::string ede_text_;
    Metric matches_{};
};

Template::Template(const Host& host, const Options& options)
    : host_{host},
      ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
      meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)},
      class_{read_class(options["class"])},
      rcode_{read_rcode(options["rcode"])},
      ede_{read_ede(options)} {
    std::string type_label;
    const Option types = options["type"];
    for (std::uint32_t i = 0; i < types.size(); ++i) {
        types_.push_back(read_type(types[i]));
        type_label += (i != 0 ? "," : "") + dns::type_to_string(types_.back());
    }
    if (std::ranges::find(types_, dns::rr_type::any) != types_.end()) types_.clear();
    const auto zones = options.find("zones");
    for (std::uint32_t i = 0; zones && i < zones->size(); ++i)
        zones_.emplace_back(dns::NameView::from_trusted((*zones)[i].name()));
    const auto patterns = options.find("match");
    for (std::uint32_t i = 0; patterns && i < patterns->size(); ++i)
        if (const auto added = matcher_.add((*patterns)[i].string()); !added)
            throw ConfigError{(*patterns)[i], added.error()};
    if (const auto text = options.find("ede_text")) ede_text_ = text->string();
    read_sections(host, options);
    matches_ = host.counter(
        "dnsloom_template_matches_total",
        "Queries that a template is for.",
        {{"class", dns::class_to_string(class_)}, {"type", type_label}});
}

void Template::read_sections(const Host& host, const Options& options) {
    const Names names{
        .groups = matcher_.group_names(),
        .match_count = matcher_.groups(),
        .meta_key = [&](std::string_view name) -> std::uint32_t {
            const std::size_t slash = name.find('/');
            if (slash == name.npos || slash == 0 || slash + 1 == name.size()) return 0;
            std::uint32_t key = 0;
            return meta_->key(&host.table(), str(name), &key) == LOOM_OK ? key : 0;
        }};
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const auto& [section, name] = sections[i];
        const auto list = options.find(name);
        for (std::uint32_t at = 0; list && at < list->size(); ++at) {
            auto made = RecordTemplate::compile((*list)[at].string(), names);
            if (!made) throw ConfigError{(*list)[at], made.error()};
            sections_[i].records.push_back(std::move(*made));
        }
        if (section == LOOM_ANSWER && list && is_written_by_host(rcode_))
            throw ConfigError{
                *list,
                "an answer with rcode " + dns::rcode_to_string(rcode_) +
                    " has no records: leave out the answer or the rcode"};
        sections_[i].template_failures = host.counter(
            "dnsloom_template_template_failures_total",
            "Texts that could not be made.",
            {{"section", name}});
        sections_[i].rr_failures = host.counter(
            "dnsloom_template_rr_failures_total", "Texts that are no record.", {{"section", name}});
    }
}

bool Template::is_for(const loom_query& query) const {
    if (query.opcode != dns::opcode::query) return false;
    const bool class_fits = class_ == dns::rr_class::any || query.qclass == class_ ||
                            query.qclass == dns::rr_class::any;
    const bool type_fits = types_.empty() || query.qtype == dns::rr_type::any ||
                           std::ranges::find(types_, query.qtype) != types_.end();
    return class_fits && type_fits;
}

/// The longest one.
std::optional<dns::NameView> Template::zone_of(const Query& query) const {
    if (zones_.empty()) return dns::NameView::from_trusted(view(query->zone));
    const auto name = dns::NameView::from_trusted(query.name_lower());
    const dns::Name* found = nullptr;
    for (const dns::Name& zone : zones_)
        if ((!found || zone.size() > found->size()) && name.is_subdomain_of(zone)) found = &zone;
    if (!found) return std::nullopt;
    return found->view();
}

loom_verdict Template::on_query(Worker& worker, Query& query) const {
    if (!is_for(*query.raw())) return LOOM_NEXT;
    const auto zone = zone_of(query);
    if (!zone) return LOOM_NEXT;
    const std::string name = lower_text(query.name_lower());
    Match match;
    if (!matcher_.find(name, match)) return refuse(query, "template: no expression matches");
    host_.add(query->worker, matches_);
    const Facts facts{
        .query = query.raw(),
        .meta = meta_,
        .name = name,
        .zone = *zone,
        .match = match.groups(),
        .group_numbers = match.group_numbers};
    return answer(worker, query, facts);
}

loom_verdict Template::refuse(Query& query, std::string_view reason) const {
    query.response().extended_error(dns::ede_code::other, reason);
    return LOOM_FAIL(dns::rcode::servfail);
}

loom_verdict Template::answer(Worker& worker, Query& query, const Facts& facts) const {
    auto response = query.response();
    if (ede_) response.extended_error(*ede_, ede_text_);
    if (is_written_by_host(rcode_)) return LOOM_FAIL(rcode_);
    if (response.begin(rcode_, LOOM_FLAG_AA) != LOOM_OK) return LOOM_FAIL(dns::rcode::servfail);
    for (std::size_t i = 0; i < sections.size(); ++i)
        if (!add_records(worker, query, facts, i))
            return refuse(query, "template: a record cannot be made");
    return follow_alias(query);
}

bool Template::add_records(
    Worker& worker, Query& query, const Facts& facts, std::size_t which) const {
    const Section& section = sections_[which];
    for (const RecordTemplate& record_template : section.records) {
        loom_record record{};
        using Outcome = RecordTemplate::Outcome;
        const Outcome outcome =
            record_template.make(query, facts, worker.text, record, worker.problem);
        if (outcome == Outcome::none) continue;
        if (outcome == Outcome::made) {
            if (query.response().add(sections[which].section, record) == LOOM_OK) continue;
            return false;
        }
        if (outcome == Outcome::no_memory) return false;
        const bool has_text = outcome == Outcome::no_record;
        host_.add(query->worker, has_text ? section.rr_failures : section.template_failures);
        if (host_.logs(LOOM_LOG_DEBUG))
            host_.log(
                LOOM_LOG_DEBUG,
                "a record cannot be made",
                {{"section", sections[which].name},
                 {"name", facts.name},
                 {"reason",
                  has_text ? std::string_view{worker.problem}
                           : std::string_view{"a value cannot be made"}}});
        return false;
    }
    return true;
}

/// An alias in place of an address: the client gets the addresses, too (RFC 1034 section 3.6.2).
loom_verdict Template::follow_alias(Query& query) const {
    if (query->qtype != dns::rr_type::a && query->qtype != dns::rr_type::aaaa) return LOOM_ANSWERED;
    const auto records = query.response().records(LOOM_ANSWER);
    if (records.empty() || records.back().type != dns::rr_type::cname) return LOOM_ANSWERED;
    const Bytes target = view(records.back().rdata);
    // The target is read by a query that outlives this hook's view of the response.
    const Bytes kept = query.keep(target);
    const loom_token token = kept.empty() ? 0 : query.suspend();
    if (token == 0) return LOOM_ANSWERED;
    const auto status =
        ask_->ask(query.raw(), bytes(kept), query->qtype, query->qclass, LOOM_FROM_TOP, token);
    // Too deep: the client follows the rest by itself.
    if (status != LOOM_OK) host_.resume(token, 0, nullptr);
    return LOOM_PENDING;
}

loom_verdict Template::on_resume(Worker&, Query& query, std::int32_t reason, void* arg) const {
    if (reason != LOOM_REASON_ANSWER || arg == nullptr) return LOOM_ANSWERED;
    Response found{static_cast<loom_query*>(arg), host_.response_service()};
    auto response = query.response();
    if (!found.present()) return LOOM_ANSWERED;
    for (const loom_record& record : found.records(LOOM_ANSWER))
        if (response.add(LOOM_ANSWER, record) != LOOM_OK) return LOOM_FAIL(dns::rcode::servfail);
    response.set_flags(LOOM_FLAG_TC, found.flags() & LOOM_FLAG_TC);
    return LOOM_ANSWERED;
}

}  // namespace loom::templates

LOOM_PLUGIN(loom::templates::Template, "template", "1.0.0");
