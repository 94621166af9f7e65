// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp
// Hostile messages: the walk, OPT, truncation and a rewrite of the whole must agree.
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/truncate.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

namespace {

using namespace loom::dns;

using Octets = std::vector<std::uint8_t>;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

struct Parts {
    Header header;
    std::vector<Question> questions;
    std::vector<RecordView> records;
    std::size_t end = 0;
};

std::optional<Parts> walk(std::span<const std::uint8_t> message) {
    auto reader = MessageReader::open(message);
    if (!reader) return std::nullopt;
    Parts parts{reader->header(), {}, {}, 0};
    for (;;) {
        const auto question = reader->question();
        if (!question) return std::nullopt;
        if (!*question) break;
        parts.questions.push_back(**question);
    }
    for (;;) {
        const auto record = reader->next();
        if (!record) return std::nullopt;
        if (!*record) break;
        require((*record)->end() <= message.size(), "a record goes past the end\n");
        parts.records.push_back(**record);
    }
    parts.end = reader->offset();
    return parts;
}

bool has_opt(const Parts& parts) {
    return std::ranges::any_of(
        parts.records, [](const RecordView& record) { return record.type == rr_type::opt; });
}

void shorten(
    std::span<const std::uint8_t> message, const std::optional<Parts>& parts, std::size_t limit) {
    const auto opt = find_opt(message);
    require(!opt || parts, "OPT is found in a malformed message\n");
    require(!opt || opt->has_value() == has_opt(*parts), "OPT is not where the walk saw it\n");

    Octets copy{message.begin(), message.end()};
    const auto size = truncate(copy, limit);
    require(size.has_value() == opt.has_value(), "truncate and find_opt do not agree\n");
    if (!size) {
        require(std::ranges::equal(copy, message), "a malformed message was changed\n");
        return;
    }
    require(*size <= std::max(limit, header_size), "the limit is not kept\n");
    copy.resize(*size);
    const auto rest = walk(copy);
    require(rest && rest->end == copy.size(), "truncation makes a malformed message\n");
    require(parts->end > limit || std::ranges::equal(copy, message.first(parts->end)), "changed\n");
    const auto kept = find_opt(copy);
    require(kept.has_value(), "truncation breaks OPT\n");
    if (*opt && (*opt)->size() + header_size <= limit) {
        require(kept->has_value(), "OPT is lost\n");
        require((*kept)->udp_size == (*opt)->udp_size, "OPT is changed\n");
    }
    const bool less =
        rest->header.count(Section::answer) != parts->header.count(Section::answer) ||
        rest->header.count(Section::authority) != parts->header.count(Section::authority);
    require(!less || rest->header.has(flag::tc), "records are missing without TC\n");
}

std::optional<Octets> expand(const RecordView& record) {
    static Octets out(rdata_size_max);
    const auto size =
        expand_rdata(record.type, record.message, record.rdata_offset, record.rdata_size, out);
    if (!size) return std::nullopt;
    const std::span rdata{out.data(), *size};
    canonicalize_rdata(record.type, rdata);
    return Octets{rdata.begin(), rdata.end()};
}

bool copy_all(const Parts& parts, MessageWriter& writer) {
    Header header = parts.header;
    header.clear(flag::tc);
    if (writer.begin(header) != Added::yes) return false;
    for (const Question& question : parts.questions) {
        if (writer.add(question) != Added::yes) return false;
    }
    for (const RecordView& record : parts.records) {
        const auto rdata = expand(record);
        if (!rdata) return false;
        const Name owner = record.owner();
        const Record copy{owner, record.type, record.rclass, record.ttl, *rdata};
        const auto mark = writer.mark();
        const Added added = writer.add(record.section, copy);
        if (added != Added::yes) return false;
        // Twice, so that roll_back has something to do.
        writer.roll_back(mark);
        if (writer.add(record.section, copy) != Added::yes) return false;
    }
    return true;
}

void rewrite(const Parts& parts, std::size_t size_max) {
    static Octets buffer(message_size_max);
    MessageWriter writer{buffer, size_max};
    const bool complete = copy_all(parts, writer);
    const std::size_t size = writer.finish();
    require(size <= size_max, "the writer's limit is not kept\n");
    if (size == 0) return;
    const auto copied = walk(std::span{buffer}.first(size));
    require(copied && copied->end == size, "the writer makes a malformed message\n");
    if (!complete) return;

    require(copied->questions == parts.questions, "the questions are others\n");
    require(copied->records.size() == parts.records.size(), "records are lost\n");
    for (std::size_t i = 0; i != parts.records.size(); ++i) {
        const RecordView& before = parts.records[i];
        const RecordView& after = copied->records[i];
        require(before.section == after.section && before.type == after.type, "another type\n");
        require(before.rclass == after.rclass && before.ttl == after.ttl, "another TTL\n");
        require(before.owner().equals(after.owner()), "another owner\n");
        require(expand(before) == expand(after), "other rdata\n");
    }
}

}  // namespace

// The input is a size limit and a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t limit = load_u16(data);
    const std::span message{data + 2, size - 2};
    const auto parts = walk(message);
    shorten(message, parts, limit);
    if (parts) {
        rewrite(*parts, message_size_max);
        rewrite(*parts, limit);
    }
    return 0;
}
