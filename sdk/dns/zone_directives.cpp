// SPDX-License-Identifier: Apache-2.0
// The directives of master files but $GENERATE: $ORIGIN, $TTL and $INCLUDE.
#include "zone_name.hpp"
#include "zone_scan.hpp"
#include "zone_time.hpp"

#include <algorithm>
#include <utility>

namespace loom::dns {
namespace {

namespace fs = std::filesystem;

// Directives are few, so their names are compared one by one.
bool is_directive(std::string_view text, std::string_view name) {
    return std::ranges::equal(text, name, {}, [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    });
}

std::optional<std::string> decode_path(const ZoneToken& token) {
    std::string path;
    const char* at = token.text.data();
    const char* const end = at + token.text.size();
    while (at != end) {
        const int octet = next_octet(at, end);
        if (octet <= 0) return std::nullopt;
        path += static_cast<char>(octet);
    }
    return path.empty() ? std::nullopt : std::optional{path};
}

std::size_t depth_of(const ZoneFrame& frame) {
    std::size_t depth = 0;
    for (const ZoneFrame* at = frame.outer; at != nullptr; at = at->outer) ++depth;
    return depth;
}

bool is_open(const ZoneFrame& frame, const ZoneTextSource& source) {
    for (const ZoneFrame* at = &frame; at != nullptr; at = at->outer) {
        if (at->source.same_file(source)) return true;
    }
    return false;
}

}  // namespace

ZoneScan::Entry ZoneScan::scan_directive(ZoneFrame& frame, ZoneToken token) {
    if (is_directive(token.text, "$ORIGIN")) return set_origin(frame.lexer);
    if (is_directive(token.text, "$TTL")) return set_ttl(frame.lexer);
    if (is_directive(token.text, "$INCLUDE")) return include(frame, token);
    if (is_directive(token.text, "$GENERATE")) return generate(frame, token);
    return fail(
        "unknown directive " + describe_token(token) +
            ", known are $ORIGIN, $TTL, $INCLUDE and $GENERATE; an owner begins with \\$",
        token);
}

ZoneScan::Entry ZoneScan::set_origin(ZoneLexer& lexer) {
    NameSlot origin;
    if (!read_name(lexer.next(), "$ORIGIN", origin) || !expect_end(lexer)) return Entry::failed;
    origin_ = origin;
    return Entry::done;
}

ZoneScan::Entry ZoneScan::set_ttl(ZoneLexer& lexer) {
    const ZoneToken token = lexer.next();
    const auto ttl = token.is_word() ? parse_ttl(token.text) : std::nullopt;
    if (!ttl) {
        return fail(
            "$TTL: expected 0..2147483647 or a time such as 1h30m, got " + describe_token(token),
            token);
    }
    if (!expect_end(lexer)) return Entry::failed;
    default_ttl_ = ttl;
    return Entry::done;
}

ZoneScan::Entry ZoneScan::include(ZoneFrame& frame, ZoneToken directive) {
    ZoneLexer& lexer = frame.lexer;
    const ZoneToken file = lexer.next();
    if (!file.is_text()) {
        return fail("$INCLUDE: expected a file name, got " + describe_token(file), file);
    }
    const auto path = decode_path(file);
    if (!path) return fail("$INCLUDE: " + describe_token(file) + " is not a file name", file);

    NameSlot origin = origin_;
    const ZoneToken token = lexer.next();
    if (token.kind != ZoneToken::Kind::end) {
        if (!read_name(token, "$INCLUDE origin", origin) || !expect_end(lexer))
            return Entry::failed;
    }

    if (options_.include == IncludePolicy::forbidden) {
        return fail("$INCLUDE is not allowed here, put the records into this file", directive);
    }
    if (depth_of(frame) == options_.include_depth_max) {
        return fail(
            "$INCLUDE: files are more than " + std::to_string(options_.include_depth_max) +
                " deep in each other",
            directive);
    }
    if (includes_ == options_.includes_max) {
        return fail(
            "$INCLUDE: more than " + std::to_string(options_.includes_max) + " files", directive);
    }
    return include_file(frame, frame.folder / *path, origin, file);
}

ZoneScan::Entry ZoneScan::include_file(
    ZoneFrame& frame, const fs::path& path, const NameSlot& origin, const ZoneToken& token) {
    const std::string shown = quote_for_message(path.native());
    if (!is_include_allowed(path)) {
        return fail(
            "$INCLUDE: " + shown + " is not below " + quote_for_message(include_root_.native()),
            token);
    }
    ++includes_;
    note_file(path);
    auto source = ZoneTextSource::open(path, ZoneTextSource::FileKind::regular);
    if (!source) return fail("$INCLUDE: " + shown + " cannot be opened: " + source.error(), token);
    if (is_open(frame, *source)) {
        return fail("$INCLUDE: " + shown + " is this file or one that includes it", token);
    }

    // Origin and owner are the file's own; a $TTL holds on behind it, as in BIND.
    const NameSlot outer_origin = std::exchange(origin_, origin);
    const NameSlot outer_owner = owner_;
    const auto inner = std::make_unique<ZoneFrame>(
        ZoneFrame{std::move(*source), path.native(), path.parent_path(), &frame, {}});
    run(*inner);
    origin_ = outer_origin;
    owner_ = outer_owner;
    return over_ ? Entry::over : Entry::done;
}

bool ZoneScan::is_include_allowed(const fs::path& path) const {
    if (options_.include != IncludePolicy::below_folder) return true;
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    // A file that is not there is told apart when it is opened.
    if (error) return true;
    const auto [root, rest] = std::ranges::mismatch(include_root_, real);
    return !include_root_.empty() && root == include_root_.end() && rest != real.end();
}

bool ZoneScan::read_name(const ZoneToken& token, std::string_view what, NameSlot& name) {
    if (!token.is_word()) {
        fail(std::string{what} + ": expected a domain name, got " + describe_token(token), token);
        return false;
    }
    const auto size = parse_zone_name(token.text, origin_.view(), name.octets.data());
    name.size = size.value_or(0);
    if (size) [[likely]]
        return true;
    fail(
        std::string{what} + ": expected a domain name, got " + describe_token(token) + ": " +
            std::string{describe(size.error())},
        token);
    return false;
}

bool ZoneScan::expect_end(ZoneLexer& lexer) {
    const ZoneToken token = lexer.next();
    if (token.kind == ZoneToken::Kind::end) return true;
    fail("expected nothing more on the line, got " + describe_token(token), token);
    return false;
}

}  // namespace loom::dns
