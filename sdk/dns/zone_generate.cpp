// SPDX-License-Identifier: Apache-2.0
// $GENERATE, BIND's way to write many similar records: range, owner, TTL, class, type, rdata.
#include "zone_scan.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace loom::dns {
namespace {

constexpr std::int64_t value_max = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t width_max = 255;

bool read_number(std::string_view& text, std::int64_t min, std::int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < min || value > value_max) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool skip(std::string_view& text, char wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(1);
    return true;
}

// What stands in `${offset,width,base}`.
struct Format {
    std::int64_t offset = 0;
    std::int64_t width = 0;
    char base = 'd';
};

// Reads `{offset[,width[,base]]}`.
bool read_format(std::string_view& text, Format& format) {
    text.remove_prefix(1);
    if (!read_number(text, -value_max, format.offset)) return false;
    if (skip(text, ',')) {
        if (!read_number(text, 0, format.width)) return false;
        if (skip(text, ',')) {
            if (text.empty()) return false;
            format.base = text[0];
            text.remove_prefix(1);
        }
    }
    return skip(text, '}') && format.width <= static_cast<std::int64_t>(width_max) &&
           std::string_view{"doxXnN"}.contains(format.base);
}

void append_number(const Format& format, std::uint64_t value, std::string& out) {
    char digits[24];
    const int base = format.base == 'd' ? 10 : format.base == 'o' ? 8 : 16;
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value, base);
    if (format.base == 'X') {
        std::transform(
            digits, end, digits, [](char c) { return c >= 'a' ? static_cast<char>(c - 0x20) : c; });
    }
    const auto size = static_cast<std::size_t>(end - digits);
    const auto width = static_cast<std::size_t>(format.width);
    if (width > size) out.append(width - size, '0');
    out.append(digits, size);
}

// Hex digits as labels, the lowest first. The width counts the dots too.
void append_nibbles(const Format& format, std::uint64_t value, std::string& out) {
    const std::string_view digits = format.base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
    std::int64_t left = format.width;
    do {
        out += digits[value & 15U];
        value >>= 4U;
        --left;
        if (left > 0 || value != 0) {
            out += '.';
            --left;
        }
    } while (value != 0 || left > 0);
}

// Writes `form` with `value` in the place of each `$`. Returns the problem, or null.
const char* expand(std::string_view form, std::int64_t value, std::string& out) {
    out.clear();
    while (!form.empty()) {
        const char c = form[0];
        form.remove_prefix(1);
        if (c == '\\' && !form.empty()) {
            out += c;
            out += form[0];
            form.remove_prefix(1);
            continue;
        }
        if (c != '$') {
            out += c;
            continue;
        }
        if (skip(form, '$')) {
            out += "\\$";
            continue;
        }
        Format format;
        if (form.starts_with('{') && !read_format(form, format)) {
            return "after a \"$\", expected {OFFSET,WIDTH,BASE} with a base of d, o, x, X, n or N";
        }
        const std::int64_t number = value + format.offset;
        if (number < 0) return "an offset makes the number negative";
        if (format.base == 'n' || format.base == 'N') {
            append_nibbles(format, static_cast<std::uint64_t>(number), out);
        } else {
            append_number(format, static_cast<std::uint64_t>(number), out);
        }
    }
    return nullptr;
}

// BIND takes the rdata as one token, which needs quotes when it has spaces in it.
std::string unquote(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\\' && i + 1 != text.size()) {
            ++i;
            if (text[i] != '"') out += '\\';
        }
        out += text[i];
    }
    return out;
}

}  // namespace

/// `start-stop[/step]`.
struct ZoneScan::Range {
    std::int64_t start = 0;
    std::int64_t stop = 0;
    std::int64_t step = 1;

    bool read(std::string_view text) {
        if (!read_number(text, 0, start) || !skip(text, '-') || !read_number(text, 0, stop))
            return false;
        if (skip(text, '/') && !read_number(text, 1, step)) return false;
        return text.empty() && start <= stop;
    }
    std::uint64_t count() const { return static_cast<std::uint64_t>((stop - start) / step) + 1; }
};

/// One directive at work.
struct ZoneScan::Generator {
    Range range;
    std::string owner_form;
    std::string rdata_form;
    ZoneToken owner_token;
    ZoneToken rdata_token;
    Header header;
    std::string owner_text;
    std::string rdata_text;
    ZoneLexer lexer;  // Over `rdata_text`.
};

ZoneScan::Entry ZoneScan::generate(ZoneFrame& frame, ZoneToken directive) {
    ZoneLexer& lexer = frame.lexer;
    Generator generator;
    const ZoneToken range = lexer.next();
    if (!range.is_word() || !generator.range.read(range.text)) {
        return fail(
            "$GENERATE: expected START-STOP or START-STOP/STEP, got " + describe_token(range),
            range);
    }
    if (generator.range.count() > options_.generate_max) {
        return fail(
            "$GENERATE: more than " + std::to_string(options_.generate_max) +
                " records, use a narrower range",
            range);
    }
    generator.owner_token = lexer.next();
    if (!generator.owner_token.is_word()) {
        return fail(
            "$GENERATE: expected an owner, got " + describe_token(generator.owner_token),
            generator.owner_token);
    }
    generator.owner_form = generator.owner_token.text;
    if (!read_header(lexer, lexer.next(), generator.header)) return Entry::failed;
    if (!read_generator(lexer, generator)) return Entry::failed;
    if (!generator.header.ttl && !default_ttl_ && !last_ttl_) {
        return fail("$GENERATE: the records have no TTL, put a $TTL line before it", directive);
    }
    return generate_all(frame, generator);
}

// The rdata up to the end of the entry, on one line.
bool ZoneScan::read_generator(ZoneLexer& lexer, Generator& generator) {
    ZoneToken token = lexer.next();
    generator.rdata_token = token;
    std::size_t tokens = 0;
    for (; token.is_text(); token = lexer.next(), ++tokens) {
        if (tokens != 0) generator.rdata_form += ' ';
        if (!token.is_word()) generator.rdata_form += '"';
        generator.rdata_form += token.text;
        if (!token.is_word()) generator.rdata_form += '"';
    }
    if (token.kind == ZoneToken::Kind::bad) return false;
    if (tokens == 1 && !generator.rdata_token.is_word()) {
        generator.rdata_form = unquote(generator.rdata_token.text);
    }
    return true;
}

ZoneScan::Entry ZoneScan::generate_all(ZoneFrame& frame, Generator& generator) {
    const ZoneLexer& lexer = frame.lexer;
    const NameSlot outer_owner = owner_;
    const std::int64_t step = generator.range.step;
    for (std::int64_t value = generator.range.start; value <= generator.range.stop; value += step) {
        if (!make_record(generator, value)) {
            message_ = "$GENERATE at " + std::to_string(value) + ": " + message_;
            owner_ = outer_owner;
            return Entry::failed;
        }
        std::uint32_t ttl = 0;
        if (!find_ttl(generator.header, rdata_, ttl)) return Entry::failed;
        keep_header(generator.header, ttl);
        const Entry entry = hand_out({
            NameView::from_trusted(owner_.view()),
            generator.header.type,
            rclass_,
            ttl,
            rdata_.octets(),
            {frame.name, lexer.entry_line(), 1},
        });
        if (entry != Entry::done) return entry;
    }
    owner_ = outer_owner;
    return Entry::done;
}

// Fills `owner_` and `rdata_`.
bool ZoneScan::make_record(Generator& generator, std::int64_t value) {
    if (const char* problem = expand(generator.owner_form, value, generator.owner_text)) {
        fail(std::string{"owner: "} + problem, generator.owner_token);
        return false;
    }
    if (const char* problem = expand(generator.rdata_form, value, generator.rdata_text)) {
        fail(std::string{"rdata: "} + problem, generator.rdata_token);
        return false;
    }
    if (!read_name({ZoneToken::Kind::word, true, generator.owner_text}, "owner", owner_)) {
        where_ = generator.owner_token.begin();
        return false;
    }
    generator.lexer.reset(generator.rdata_text, ZoneLexer::Extent::whole, 1);
    RdataParser parser{generator.lexer, rdata_};
    if (parser.parse(generator.header.type, origin_.view())) return true;
    const char* const problem = generator.lexer.problem();
    message_ = problem != nullptr ? problem : parser.message();
    where_ = generator.rdata_token.begin();
    return false;
}

}  // namespace loom::dns
