// SPDX-License-Identifier: Apache-2.0
// A streaming scanner of master files: text in, one call per record out, nothing stored.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace loom::dns {

/// A place in a master file. Lines and columns count from 1, columns in octets. `file` is borrowed
/// and valid during the call that hands the position out.
struct ZonePosition {
    std::string_view file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    /// `example.org.zone:14:9`.
    std::string to_string() const;
};

/// One record as the scanner hands it out. Everything it refers to is valid during the call only.
struct ZoneRecord {
    NameView owner;  ///< Absolute, in the spelling of the file.
    std::uint16_t type;
    std::uint16_t rclass;
    std::uint32_t ttl;                    ///< Seconds, at most 2^31 - 1 (RFC 2181 section 8).
    std::span<const std::uint8_t> rdata;  ///< Wire format, names uncompressed, checked.
    ZonePosition position;                ///< Where the record begins.
};

/// What is wrong with a master file, where, and what to change.
struct ZoneScanError {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string message;

    /// `example.org.zone:14:9: A address: expected an IPv4 address, got "300.1.1.1"`.
    std::string to_string() const;
};

/// Which files `$INCLUDE` may name.
enum class IncludePolicy : std::uint8_t {
    forbidden,     ///< None: `$INCLUDE` is an error.
    below_folder,  ///< Only files below `include_folder`, symbolic links resolved.
    anywhere,      ///< Every file the process can read.
};

/// How to scan. The defaults suit a zone file that the operator wrote.
struct ZoneScanOptions {
    /// The origin before the first `$ORIGIN`; the root when not set.
    std::optional<Name> origin;
    /// The class of records that name none (1 is IN); later ones take the last class named.
    std::uint16_t rclass = 1;
    /// The TTL of records before the first `$TTL` that name none. Without it, such a record takes
    /// the last TTL named, a SOA its own MINIMUM field, and everything else is an error.
    std::optional<std::uint32_t> default_ttl;
    /// The scan gives up when it has found this many errors; 1 stops at the first.
    std::size_t errors_max = 1;
    IncludePolicy include = IncludePolicy::anywhere;
    /// For `IncludePolicy::below_folder`; the folder of the scanned file when empty.
    std::filesystem::path include_folder;
    std::size_t include_depth_max = 10;       ///< Files inside files.
    std::size_t includes_max = 10'000;        ///< `$INCLUDE` directives in one scan.
    std::uint64_t generate_max = 1'000'000;   ///< Records of one `$GENERATE`.
    std::uint64_t records_max = 100'000'000;  ///< Records of one scan.
    /// The text of one record, comments included, may be this long; twice as long is an error.
    std::size_t entry_size_max = std::size_t{1} << 20U;
};

/// What a scan did.
struct ZoneScanResult {
    std::uint64_t records = 0;  ///< Records handed out.
    bool stopped = false;       ///< The sink asked to stop.
    std::vector<ZoneScanError> errors;
    /// The files that were opened, in order and each once: what to watch for changes.
    std::vector<std::filesystem::path> files;

    /// The whole text was read and nothing was wrong with it.
    bool ok() const { return errors.empty() && !stopped; }
};

/// What a sink says after a record.
enum class ScanStep : std::uint8_t { go_on, stop };

/// Refers to the callable that takes the records; it must outlive the scan. The callable takes a
/// `const ZoneRecord&` and returns nothing, a `ScanStep`, or a `std::expected<void, std::string>`
/// whose error is reported at the record's place and counts against `errors_max`.
class ZoneSink {
public:
    template <typename Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, ZoneSink>)
        ZoneSink(Callable&& callable)  // NOLINT(*-explicit-*, *-forwarding-*): made to be implicit.
        : call_{&call<std::remove_reference_t<Callable>>} {
        if constexpr (std::is_function_v<std::remove_reference_t<Callable>>) {
            object_ = reinterpret_cast<void*>(&callable);
        } else {
            object_ = const_cast<void*>(static_cast<const void*>(std::addressof(callable)));
        }
    }

    /// Returns false to end the scan, or with `complaint` filled to report an error.
    bool operator()(const ZoneRecord& record, std::string& complaint) const {
        return call_(object_, record, complaint);
    }

private:
    template <typename Callable>
    static bool call(void* object, const ZoneRecord& record, std::string& complaint) {
        auto& callable = *reinterpret_cast<Callable*>(object);
        using Answer = std::invoke_result_t<Callable&, const ZoneRecord&>;
        if constexpr (std::is_void_v<Answer>) {
            callable(record);
            return true;
        } else if constexpr (std::same_as<Answer, ScanStep>) {
            return callable(record) == ScanStep::go_on;
        } else {
            Answer answer = callable(record);
            if (!answer) complaint = std::move(answer).error();
            return answer.has_value();
        }
    }

    void* object_;
    bool (*call_)(void*, const ZoneRecord&, std::string&);
};

/// Scans the master file at `path` (RFC 1035 section 5.1, RFC 2308 section 4, and BIND's
/// `$GENERATE`). Reads in pieces, so memory does not grow with the file. A file that cannot be
/// opened is an error in the result like any other.
[[nodiscard]] ZoneScanResult
scan_zone_file(const std::filesystem::path& path, const ZoneScanOptions& options, ZoneSink sink);

/// Scans `text`; `name` stands for the file name in messages. `$INCLUDE` paths are relative to
/// `include_folder`, or to the working directory when that is empty.
[[nodiscard]] ZoneScanResult scan_zone_text(
    std::string_view text, std::string_view name, const ZoneScanOptions& options, ZoneSink sink);

}  // namespace loom::dns
