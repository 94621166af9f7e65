// SPDX-License-Identifier: Apache-2.0
// Scans the records of master files: owner, TTL, class, type, rdata.
#include "zone_scan.hpp"

#include "mnemonics.hpp"
#include "rdata_codecs.hpp"
#include "zone_time.hpp"

#include <dnsloom/dns/codes.hpp>

#include <cstring>
#include <memory>

namespace loom::dns {
namespace {

bool is_digit(char c) { return static_cast<unsigned>(c - '0') <= 9; }

}  // namespace

ZoneScan::ZoneScan(const ZoneScanOptions& options, ZoneSink sink)
    : options_{options}, sink_{sink}, rclass_{options.rclass}, default_ttl_{options.default_ttl} {
    const NameView origin = options.origin ? NameView{*options.origin} : NameView{};
    std::memcpy(origin_.octets.data(), origin.data(), origin.size());
    origin_.size = origin.size();
}

void ZoneScan::scan_file(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto folder = path.parent_path();
    include_root_ = std::filesystem::canonical(
        !options_.include_folder.empty() ? options_.include_folder
        : folder.empty()                 ? std::filesystem::path{"."}
                                         : folder,
        ignored);
    note_file(path);
    auto source = ZoneTextSource::open(path, ZoneTextSource::FileKind::any);
    if (!source) {
        note_error(path.native(), 0, 0, "cannot be opened: " + source.error());
        return;
    }
    ZoneFrame frame{std::move(*source), path.native(), folder, nullptr, {}};
    run(frame);
}

void ZoneScan::scan_text(std::string_view text, std::string_view name) {
    std::error_code ignored;
    include_root_ = std::filesystem::canonical(
        options_.include_folder.empty() ? std::filesystem::path{"."} : options_.include_folder,
        ignored);
    ZoneFrame frame{ZoneTextSource{text}, std::string{name}, options_.include_folder, nullptr, {}};
    run(frame);
}

void ZoneScan::run(ZoneFrame& frame) {
    frame.lexer.reset({}, ZoneLexer::Extent::partial, 1);
    if (!refill(frame)) return;
    RdataParser parser{frame.lexer, rdata_};
    while (!over_ && !frame.lexer.at_end()) {
        const Entry entry = scan_entry(frame, parser);
        if (entry == Entry::done) {
            frame.lexer.finish_entry();
        } else if (entry == Entry::failed && !recover(frame)) {
            return;
        }
    }
}

// Gets more text behind the current entry. Nothing of the entry has had an effect yet.
bool ZoneScan::refill(ZoneFrame& frame) {
    ZoneLexer& lexer = frame.lexer;
    const std::size_t kept = lexer.rest().size();
    if (kept >= options_.entry_size_max) {
        note_error_at(
            frame,
            lexer.entry(),
            "the record is longer than " + std::to_string(options_.entry_size_max) +
                " octets, look for a \"(\" that is not closed");
        return false;
    }
    const std::uint32_t line = lexer.entry_line();
    const auto window = frame.source.advance(kept);
    if (!window) {
        note_error(frame.name, line, 0, "cannot be read: " + window.error());
        return false;
    }
    lexer.reset(
        *window,
        frame.source.is_last() ? ZoneLexer::Extent::whole : ZoneLexer::Extent::partial,
        line);
    return true;
}

// After an entry that did not work out: gets more text, or reports and steps over it.
bool ZoneScan::recover(ZoneFrame& frame) {
    ZoneLexer& lexer = frame.lexer;
    if (lexer.starved()) return refill(frame);

    const bool lexical = lexer.problem() != nullptr;
    std::string message = lexical ? lexer.problem() : std::move(message_);
    ZoneScanError error{frame.name, 0, 0, std::move(message)};
    error.line = lexer.entry_line();
    const char* line_begin = lexer.entry();
    const char* const failed_at = lexical ? lexer.problem_at() : where_;
    const char* const where = failed_at != nullptr ? failed_at : line_begin;
    for (const char* at = line_begin; at != where; ++at) {
        if (*at != '\n') continue;
        ++error.line;
        line_begin = at + 1;
    }
    error.column = static_cast<std::uint32_t>(where - line_begin) + 1;

    lexer.skip_entry();
    // The whole entry comes again, with its error.
    if (lexer.starved()) return refill(frame);
    result_.errors.push_back(std::move(error));
    over_ = result_.errors.size() >= options_.errors_max;
    return true;
}

ZoneScan::Entry ZoneScan::scan_entry(ZoneFrame& frame, RdataParser& parser) {
    ZoneLexer& lexer = frame.lexer;
    const ZoneToken token = lexer.next();
    if (token.kind == ZoneToken::Kind::end) return Entry::done;
    if (token.kind == ZoneToken::Kind::bad) return Entry::failed;
    if (lexer.begins_blank()) return scan_record(frame, parser, token);
    if (token.is_word() && token.text[0] == '$') return scan_directive(frame, token);

    if (!read_name(token, "owner", owner_)) return Entry::failed;
    return scan_record(frame, parser, lexer.next());
}

// From the first token behind the owner.
ZoneScan::Entry ZoneScan::scan_record(ZoneFrame& frame, RdataParser& parser, ZoneToken token) {
    ZoneLexer& lexer = frame.lexer;
    if (owner_.size == 0) {
        return fail(
            "there is no owner to take over from the record before, begin the line with one",
            token);
    }
    Header header;
    if (!read_header(lexer, token, header)) return Entry::failed;
    if (!parser.parse(header.type, origin_.view())) {
        message_ = parser.message();
        where_ = parser.where();
        return Entry::failed;
    }
    std::uint32_t ttl = 0;
    if (!find_ttl(header, rdata_, ttl)) {
        return fail("the record has no TTL, put a $TTL line before it", token);
    }
    keep_header(header, ttl);

    const char* const begin = lexer.begins_blank() ? token.text.data() : lexer.entry();
    const auto column = static_cast<std::uint32_t>(begin - lexer.entry()) + 1;
    return hand_out({
        NameView::from_trusted(owner_.view()),
        header.type,
        rclass_,
        ttl,
        rdata_.octets(),
        {frame.name, lexer.entry_line(), column},
    });
}

// TTL and class in either order, both optional, then the type.
bool ZoneScan::read_header(ZoneLexer& lexer, ZoneToken token, Header& header) {
    for (;; token = lexer.next()) {
        if (!token.is_word()) {
            fail("expected a record type, got " + describe_token(token), token);
            return false;
        }
        if (is_digit(token.text[0])) {
            if (header.ttl) {
                fail("expected a record type, got " + describe_token(token), token);
                return false;
            }
            header.ttl = parse_ttl(token.text);
            if (header.ttl) continue;
            fail(
                "TTL: expected 0..2147483647 or a time such as 1h30m, got " + describe_token(token),
                token);
            return false;
        }
        if (const auto type = lookup_type(token.text)) {
            header.type = *type;
            if (*type != 0 && !is_meta_type(*type)) return true;
            fail("type " + std::string{token.text} + " cannot be in a zone", token);
            return false;
        }
        const auto rclass = header.rclass ? std::nullopt : lookup_class(token.text);
        if (!rclass) {
            fail("expected a record type, got " + describe_token(token), token);
            return false;
        }
        if (*rclass == 0 || *rclass == rr_class::none || *rclass == rr_class::any) {
            fail("class " + std::string{token.text} + " cannot be in a zone", token);
            return false;
        }
        header.rclass = rclass;
    }
}

bool ZoneScan::find_ttl(const Header& header, const RdataBuffer& rdata, std::uint32_t& ttl) const {
    if (header.ttl) {
        ttl = *header.ttl;
    } else if (default_ttl_) {
        ttl = *default_ttl_;
    } else if (last_ttl_) {
        ttl = *last_ttl_;
    } else if (header.type == rr_type::soa) {
        ttl = load_u32(rdata.octets().data() + rdata.size() - 4);
        if (ttl > ttl_max) ttl = 0;  // RFC 2181 section 8.
    } else {
        return false;
    }
    return true;
}

void ZoneScan::keep_header(const Header& header, std::uint32_t ttl) {
    if (header.rclass) rclass_ = *header.rclass;
    last_ttl_ = ttl;
}

ZoneScan::Entry ZoneScan::hand_out(const ZoneRecord& record) {
    if (result_.records == options_.records_max) {
        note_error(
            record.position.file,
            record.position.line,
            record.position.column,
            "more than " + std::to_string(options_.records_max) + " records");
        over_ = true;
        return Entry::over;
    }
    ++result_.records;
    if (sink_(record, complaint_)) [[likely]]
        return Entry::done;
    if (complaint_.empty()) {
        result_.stopped = over_ = true;
        return Entry::over;
    }
    note_error(
        record.position.file, record.position.line, record.position.column, std::move(complaint_));
    complaint_.clear();
    return over_ ? Entry::over : Entry::done;
}

ZoneScan::Entry ZoneScan::fail(std::string message, const ZoneToken& token) {
    message_ = std::move(message);
    where_ = token.begin();
    return Entry::failed;
}

void ZoneScan::note_error(
    std::string_view file, std::uint32_t line, std::uint32_t column, std::string text) {
    result_.errors.push_back({std::string{file}, line, column, std::move(text)});
    over_ = over_ || result_.errors.size() >= options_.errors_max;
}

void ZoneScan::note_error_at(const ZoneFrame& frame, const char* where, std::string text) {
    const auto column = static_cast<std::uint32_t>(where - frame.lexer.entry()) + 1;
    note_error(frame.name, frame.lexer.entry_line(), column, std::move(text));
}

void ZoneScan::note_file(const std::filesystem::path& path) {
    if (files_seen_.insert(path.native()).second) result_.files.push_back(path);
}

std::string ZonePosition::to_string() const {
    std::string out{file};
    if (line != 0) out += ':' + std::to_string(line);
    if (column != 0) out += ':' + std::to_string(column);
    return out;
}

std::string ZoneScanError::to_string() const {
    return ZonePosition{file, line, column}.to_string() + ": " + message;
}

ZoneScanResult
scan_zone_file(const std::filesystem::path& path, const ZoneScanOptions& options, ZoneSink sink) {
    const auto scan = std::make_unique<ZoneScan>(options, sink);
    scan->scan_file(path);
    return scan->take_result();
}

ZoneScanResult scan_zone_text(
    std::string_view text, std::string_view name, const ZoneScanOptions& options, ZoneSink sink) {
    const auto scan = std::make_unique<ZoneScan>(options, sink);
    scan->scan_text(text, name);
    return scan->take_result();
}

}  // namespace loom::dns
