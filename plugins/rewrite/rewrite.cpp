// SPDX-License-Identifier: Apache-2.0
// Changes questions for the plugins behind, and answers for the client. Rules are tried in order on
// the way down; those that matched and have to do with the answer have their turn on the way up, the
// last one first. The client's own question is the host's to give back (service "loom.question/1").

#include "rule.hpp"
#include "rule_index.hpp"
#include "rule_options.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <vector>

namespace loom::rewrite {
namespace {

constexpr OptionSpec option_specs[] = {
    OptionSpec{"rules", LOOM_OPTION_TABLE, "The rules, in the order in which they are tried."}
        .with(rule_fields)
        .required()
        .list()};

/// A rule that matched and has something to do on the way up; in the query's memory.
struct Applied {
    const Rule* rule;
    Applied* before;
    Bytes asked;   ///< The question's name before ...
    Bytes became;  ///< ... and after the rule.
};

/// This plugin's share of a query.
struct State {
    Applied* last;  ///< Still to be done.
    // Records in front of an answer that is asked for in place of an alias's.
    const loom_record* kept;
    std::size_t kept_count;
};

std::vector<Rule> read_rules(const Host& host, const Options& options) {
    std::vector<Rule> rules;
    const Option list = options["rules"];
    rules.reserve(list.size());
    for (std::uint32_t i = 0; i < list.size(); ++i) rules.push_back(read_rule(host, list[i]));
    return rules;
}

}  // namespace

class Rewrite {
public:
    static constexpr Info info{
        .summary = "Changes questions and answers.",
        .roles = LOOM_ROLE_REWRITE | LOOM_ROLE_ANY_CLASS,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .scratch_size = sizeof(State)};

    Rewrite(const Host& host, const Options& options)
        : host_{host},
          ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
          rules_{read_rules(host, options)},
          index_{host, rules_},
          failures_{host.counter(
              "dnsloom_rewrite_failures_total", "Questions that a rule made no name of.")} {
        constexpr std::array<std::string_view, field_count> names{
            "name", "type", "class", "ttl", "rcode", "cname", "edns0"};
        for (std::size_t i = 0; i < field_count; ++i)
            matches_[i] = host.counter(
                "dnsloom_rewrite_matches_total", "Rules that matched.", {{"field", names[i]}});
    }

    loom_verdict on_query(Query& query) const;
    loom_verdict on_response(Query& query) const;
    loom_verdict on_resume(Query& query, std::int32_t reason, void* arg) const;
    void on_cancel(Query&, loom_token) const {}

private:
    enum class Outcome : std::uint8_t { no_match, matched, renamed, failed };

    Outcome try_rule(const Rule& rule, Query& query, const Subject& subject) const;
    Outcome rename(const Rule& rule, Query& query, const Subject& subject) const;
    Outcome change_edns(const Rule& rule, Query& query) const;
    static bool note(const Rule& rule, Query& query, Bytes asked, Bytes became);

    loom_verdict go_on(Query& query, State& state) const;
    bool follow_elsewhere(Query& query, State& state, const Rule& rule) const;

    const Host& host_;
    const loom_ask_1* ask_;
    const std::vector<Rule> rules_;
    const RuleIndex index_;
    std::array<Metric, field_count> matches_{};
    const Metric failures_;
};

// -- The way down ---------------------------------------------------------------------------------

loom_verdict Rewrite::on_query(Query& query) const {
    std::uint32_t number = 0;
    for (bool renamed = true; renamed;) {
        renamed = false;
        const auto candidates = index_.candidates(*query.raw());
        const Subject subject{dns::NameView::from_trusted(query.name_lower())};
        while (const auto found = candidates.next(number)) {
            number = *found + 1;
            const Rule& rule = rules_[*found];
            const Outcome outcome = try_rule(rule, query, subject);
            if (outcome == Outcome::no_match) continue;
            if (outcome == Outcome::failed) return LOOM_FAIL(dns::rcode::servfail);
            host_.add(query->worker, matches_[static_cast<std::size_t>(rule.field)]);
            if (rule.stops) return LOOM_NEXT;
            renamed = outcome == Outcome::renamed;
            if (renamed) break;
        }
    }
    return LOOM_NEXT;
}

Rewrite::Outcome Rewrite::try_rule(const Rule& rule, Query& query, const Subject& subject) const {
    const auto matched = [](bool done) { return done ? Outcome::matched : Outcome::failed; };
    switch (rule.field) {
    case Field::name:
        return rename(rule, query, subject);
    case Field::type:
        if (query->qtype != rule.from) return Outcome::no_match;
        return matched(query.question().set(query.name(), rule.to, query->qclass) == LOOM_OK);
    case Field::klass:
        if (query->qclass != rule.from) return Outcome::no_match;
        return matched(query.question().set(query.name(), query->qtype, rule.to) == LOOM_OK);
    case Field::ttl:
    case Field::rcode:
        if (!rule.pattern->matches(subject)) return Outcome::no_match;
        return matched(note(rule, query, query.name(), query.name()));
    case Field::cname:
        return matched(note(rule, query, query.name(), query.name()));
    case Field::edns0:
        return change_edns(rule, query);
    }
    return Outcome::no_match;
}

Rewrite::Outcome Rewrite::rename(const Rule& rule, Query& query, const Subject& subject) const {
    if (!rule.pattern->matches(subject)) return Outcome::no_match;
    const Bytes asked = query.name();
    const auto name = rule.pattern->rename(subject, dns::NameView::from_trusted(asked));
    if (!name) {
        host_.add(query->worker, failures_);
        query.response().extended_error(dns::ede_code::other, "rewrite: the new name is no name");
        return Outcome::failed;
    }
    if (query.question().set(name->octets(), query->qtype, query->qclass) != LOOM_OK)
        return Outcome::failed;
    if (!rule.answer.empty() && !note(rule, query, asked, query.name())) return Outcome::failed;
    return Outcome::renamed;
}

Rewrite::Outcome Rewrite::change_edns(const Rule& rule, Query& query) const {
    bool applied = false;
    if (rule.edns->apply(query, applied) != LOOM_OK) return Outcome::failed;
    return applied ? Outcome::matched : Outcome::no_match;
}

bool Rewrite::note(const Rule& rule, Query& query, Bytes asked, Bytes became) {
    void* memory = query.alloc(sizeof(Applied), alignof(Applied));
    if (memory == nullptr) return false;
    auto& state = query.scratch<State>();
    state.last = new (memory) Applied{&rule, state.last, asked, became};
    return true;
}

// -- The way up -----------------------------------------------------------------------------------

namespace {

/// The records of a section with changes that are made when something differs.
class Section {
public:
    Section(Query& query, std::int32_t section) : query_{query}, section_{section} {
        const auto records = query.response().records(section);
        records_.assign(records.begin(), records.end());
    }

    std::vector<loom_record>& records() { return records_; }
    void set_owner(loom_record& record, const dns::Name& name) {
        record.owner = bytes(query_.keep(name.octets()));
        changed_ = true;
    }
    void set_name_in_rdata(loom_record& record, RdataName where, const dns::Name& name) {
        const std::size_t size = record.rdata.size - where.size + name.size();
        auto* const made = static_cast<std::uint8_t*>(query_.alloc(size, 1));
        if (made == nullptr) return;
        const Bytes old = view(record.rdata);
        auto out = std::ranges::copy(old.first(where.offset), made).out;
        out = std::ranges::copy(name.octets(), out).out;
        std::ranges::copy(old.subspan(where.offset + where.size), out);
        record.rdata = {made, size};
        changed_ = true;
    }
    void set_ttl(loom_record& record, std::uint32_t ttl) {
        if (record.ttl == ttl) return;
        record.ttl = ttl;
        changed_ = true;
    }
    void finish() {
        if (changed_) query_.response().replace(section_, records_);
    }

private:
    Query& query_;
    const std::int32_t section_;
    std::vector<loom_record> records_;
    bool changed_ = false;
};

constexpr std::int32_t all_sections[] = {LOOM_ANSWER, LOOM_AUTHORITY, LOOM_ADDITIONAL};

// The usual case: one rule renamed the question, and the answer's only name is that of the question.
bool rename_message(Query& query, const Applied& applied) {
    const AnswerRename& answer = applied.rule->answer;
    return answer.is_automatic_only() && std::ranges::equal(applied.asked, query.name()) &&
           query.question().rename_answer(applied.became) == LOOM_OK;
}

void rename_records(Query& query, const Applied& applied) {
    const AnswerRename& answer = applied.rule->answer;
    const auto asked = dns::NameView::from_trusted(applied.asked);
    const auto became = dns::NameView::from_trusted(applied.became);
    for (const std::int32_t number : all_sections) {
        Section section{query, number};
        for (loom_record& record : section.records()) {
            const auto owner = dns::NameView::from_trusted(view(record.owner));
            if (const auto name = answer.owner(owner, asked, became))
                section.set_owner(record, *name);
            const auto where = name_in_rdata(record.type, view(record.rdata));
            if (!where) continue;
            const auto target =
                dns::NameView::from_trusted(view(record.rdata).subspan(where->offset, where->size));
            if (const auto name = answer.target(target, asked, became))
                section.set_name_in_rdata(record, *where, *name);
        }
        section.finish();
    }
}

void clamp_ttls(Query& query, const Rule& rule) {
    for (const std::int32_t number : all_sections) {
        Section section{query, number};
        for (loom_record& record : section.records())
            section.set_ttl(record, std::clamp(record.ttl, rule.ttl_low, rule.ttl_high));
        section.finish();
    }
}

}  // namespace

loom_verdict Rewrite::on_response(Query& query) const {
    auto& state = query.scratch<State>();
    return state.last == nullptr ? LOOM_NEXT : go_on(query, state);
}

loom_verdict Rewrite::go_on(Query& query, State& state) const {
    while (state.last != nullptr) {
        const Applied& applied = *state.last;
        state.last = applied.before;
        const Rule& rule = *applied.rule;
        switch (rule.field) {
        case Field::name:
            if (!rename_message(query, applied)) rename_records(query, applied);
            break;
        case Field::ttl:
            clamp_ttls(query, rule);
            break;
        case Field::rcode:
            if (query.response().rcode() == rule.from) query.response().set_rcode(rule.to);
            break;
        case Field::cname:
            if (follow_elsewhere(query, state, rule)) return LOOM_PENDING;
            break;
        default:
            break;
        }
    }
    return LOOM_NEXT;
}

// Changes the target of the first alias that matches, and asks for the new one. True: wait for it.
bool Rewrite::follow_elsewhere(Query& query, State& state, const Rule& rule) const {
    Section section{query, LOOM_ANSWER};
    auto& records = section.records();
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].type != dns::rr_type::cname) continue;
        const auto target = dns::NameView::from_trusted(view(records[i].rdata));
        dns::Name lower{target};
        lower.lower();
        const Subject subject{lower};
        if (!rule.pattern->matches(subject)) continue;
        const auto name = rule.pattern->rename(subject, target);
        if (!name) return false;
        section.set_name_in_rdata(records[i], {0, target.size()}, *name);
        records.resize(i + 1);
        section.finish();
        if (query->qtype == dns::rr_type::cname) return false;

        const std::size_t size = records.size() * sizeof(loom_record);
        auto* const kept = static_cast<loom_record*>(query.alloc(size, alignof(loom_record)));
        if (kept == nullptr) return false;
        std::memcpy(kept, records.data(), size);
        state.kept = kept;
        state.kept_count = records.size();
        const loom_token token = query.suspend();
        if (token == 0) return false;
        const auto status = ask_->ask(
            query.raw(), bytes(name->octets()), query->qtype, query->qclass, LOOM_FROM_NEXT, token);
        if (status != LOOM_OK) host_.resume(token, 0, nullptr);
        return true;
    }
    return false;
}

loom_verdict Rewrite::on_resume(Query& query, std::int32_t reason, void* arg) const {
    auto& state = query.scratch<State>();
    if (reason != LOOM_REASON_ANSWER || arg == nullptr) return go_on(query, state);
    Response found{static_cast<loom_query*>(arg), host_.response_service()};
    Response response = query.response();
    if (!found.present()) return go_on(query, state);
    std::vector<loom_record> records{state.kept, state.kept + state.kept_count};
    const auto more = found.records(LOOM_ANSWER);
    records.insert(records.end(), more.begin(), more.end());
    response.replace(LOOM_ANSWER, records);
    response.set_rcode(found.rcode());
    response.set_flags(LOOM_FLAG_TC, found.flags() & LOOM_FLAG_TC);
    return go_on(query, state);
}

}  // namespace loom::rewrite

LOOM_PLUGIN(loom::rewrite::Rewrite, "rewrite", "1.0.0");
