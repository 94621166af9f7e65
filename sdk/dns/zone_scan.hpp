// SPDX-License-Identifier: Apache-2.0
// One scan at work: what the entries of a master file have in common, and what each kind does.
#pragma once

#include "rdata_buffer.hpp"
#include "rdata_parser.hpp"
#include "zone_lexer.hpp"
#include "zone_text_source.hpp"

#include <dnsloom/dns/zone_scanner.hpp>

#include <array>
#include <unordered_set>

namespace loom::dns {

/// An uncompressed name in a buffer of its own; empty until it is set.
struct NameSlot {
    std::array<std::uint8_t, name_size_max> octets;
    std::size_t size = 0;

    std::span<const std::uint8_t> view() const { return {octets.data(), size}; }
};

/// A file (or text) being scanned. Frames of including files wait further out.
struct ZoneFrame {
    ZoneTextSource source;
    std::string name;              ///< As messages show it.
    std::filesystem::path folder;  ///< Where relative `$INCLUDE` paths begin.
    const ZoneFrame* outer = nullptr;
    ZoneLexer lexer;
};

/// The state of one scan. Not movable, and large: the rdata buffer is part of it.
class ZoneScan {
public:
    ZoneScan(const ZoneScanOptions& options, ZoneSink sink);
    ZoneScan(const ZoneScan&) = delete;
    ZoneScan& operator=(const ZoneScan&) = delete;

    void scan_file(const std::filesystem::path& path);
    void scan_text(std::string_view text, std::string_view name);
    ZoneScanResult take_result() { return std::move(result_); }

private:
    /// How an entry ended. `failed` leaves `message_` and `where_`, or a problem in the lexer.
    enum class Entry : std::uint8_t { done, failed, over };

    /// What stands between the owner and the rdata.
    struct Header {
        std::optional<std::uint32_t> ttl;
        std::optional<std::uint16_t> rclass;
        std::uint16_t type = 0;
    };

    void run(ZoneFrame& frame);
    bool refill(ZoneFrame& frame);
    bool recover(ZoneFrame& frame);
    Entry scan_entry(ZoneFrame& frame, RdataParser& parser);
    Entry scan_record(ZoneFrame& frame, RdataParser& parser, ZoneToken token);
    bool read_header(ZoneLexer& lexer, ZoneToken token, Header& header);
    bool find_ttl(const Header& header, const RdataBuffer& rdata, std::uint32_t& ttl) const;
    void keep_header(const Header& header, std::uint32_t ttl);
    Entry hand_out(const ZoneRecord& record);

    Entry scan_directive(ZoneFrame& frame, ZoneToken token);
    Entry set_origin(ZoneLexer& lexer);
    Entry set_ttl(ZoneLexer& lexer);
    Entry include(ZoneFrame& frame, ZoneToken directive);
    Entry include_file(
        ZoneFrame& frame,
        const std::filesystem::path& path,
        const NameSlot& origin,
        const ZoneToken& token);
    bool is_include_allowed(const std::filesystem::path& path) const;
    bool read_name(const ZoneToken& token, std::string_view what, NameSlot& name);
    bool expect_end(ZoneLexer& lexer);

    struct Range;
    struct Generator;
    Entry generate(ZoneFrame& frame, ZoneToken directive);
    bool read_generator(ZoneLexer& lexer, Generator& generator);
    Entry generate_all(ZoneFrame& frame, Generator& generator);
    bool make_record(Generator& generator, std::int64_t value);

    Entry fail(std::string message, const ZoneToken& token);
    void
    note_error(std::string_view file, std::uint32_t line, std::uint32_t column, std::string text);
    void note_error_at(const ZoneFrame& frame, const char* where, std::string text);
    void note_file(const std::filesystem::path& path);

    const ZoneScanOptions& options_;
    ZoneSink sink_;
    ZoneScanResult result_;
    std::unordered_set<std::string> files_seen_;
    std::size_t includes_ = 0;
    bool over_ = false;  // Enough errors, or the sink has had enough.

    NameSlot origin_;
    NameSlot owner_;  // Empty when there is none, or the last one was wrong.
    std::uint16_t rclass_;
    std::optional<std::uint32_t> default_ttl_;
    std::optional<std::uint32_t> last_ttl_;
    std::filesystem::path include_root_;  // For IncludePolicy::below_folder; canonical.

    std::string message_;
    const char* where_ = nullptr;
    std::string complaint_;  // Of the sink.
    RdataBuffer rdata_;
};

}  // namespace loom::dns
