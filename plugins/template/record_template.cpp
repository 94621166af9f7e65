// SPDX-License-Identifier: Apache-2.0
#include "record_template.hpp"

#include <utility>

namespace loom::templates {
namespace {

constexpr char placeholder = '\x01';

loom_record borrow(const RecordLine& line) {
    return {bytes(line.owner.octets()), line.type, line.klass, line.ttl, bytes(line.rdata)};
}

}  // namespace

std::expected<RecordTemplate, std::string>
RecordTemplate::compile(const std::string& text, const Names& names) {
    auto compiled = TextTemplate::compile(text, names);
    if (!compiled) return std::unexpected{compiled.error()};
    RecordTemplate made;
    if (compiled->is_constant()) {
        auto record = read_record(compiled->sample({}));
        if (!record) return std::unexpected{record.error()};
        made.constant_ = std::move(*record);
    } else if (!compiled->has_choices()) {
        auto problem = problem_of_form(compiled->sample({&placeholder, 1}), placeholder);
        if (!problem.empty()) return std::unexpected{std::move(problem)};
    }
    made.text_ = std::move(*compiled);
    return made;
}

RecordTemplate::Outcome RecordTemplate::make(
    const Query& query,
    const Facts& facts,
    std::string& scratch,
    loom_record& record,
    std::string& problem) const {
    if (constant_) {
        record = borrow(*constant_);
        return Outcome::made;
    }
    scratch.clear();
    if (!text_.expand(facts, scratch)) return Outcome::no_text;
    if (scratch.find_first_not_of(" \t\r\n") == scratch.npos) return Outcome::none;
    const auto line = read_record(scratch);
    if (!line) {
        problem = line.error();
        return Outcome::no_record;
    }
    record = borrow(*line);
    const Bytes owner = query.keep(line->owner.octets());
    const Bytes rdata = query.keep(line->rdata);
    if (owner.empty() || rdata.size() != line->rdata.size()) return Outcome::no_memory;
    record.owner = bytes(owner);
    record.rdata = bytes(rdata);
    return Outcome::made;
}

}  // namespace loom::templates
