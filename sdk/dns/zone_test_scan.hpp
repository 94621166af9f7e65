// SPDX-License-Identifier: Apache-2.0
// Scans zone text for tests, and shows the records as text.
#pragma once

#include "mnemonics.hpp"
#include "zone_test_names.hpp"

#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/zone_scanner.hpp>

#include <string>
#include <string_view>

namespace loom::dns {

/// Below `example.`, with a TTL of an hour.
inline ZoneScanOptions test_options() {
    ZoneScanOptions options;
    options.origin = Name{test_origin()};
    options.default_ttl = 3600;
    return options;
}

/// Takes records as lines of `owner ttl class type rdata`, the class as a number.
struct RecordLines {
    std::string text;

    void operator()(const ZoneRecord& record) {
        text += record.owner.to_string() + ' ' + std::to_string(record.ttl) + ' ' +
                std::to_string(record.rclass) + ' ';
        append_type_mnemonic(record.type, text);
        text += ' ' + rdata_to_text(record.type, record.rdata) + '\n';
    }
};

struct Scanned {
    std::string records;
    std::string errors;  // A line each.
};

inline std::string error_lines(const ZoneScanResult& result) {
    std::string out;
    for (const ZoneScanError& error : result.errors) out += error.to_string() + '\n';
    return out;
}

inline Scanned scan_to_text(std::string_view text, const ZoneScanOptions& options) {
    RecordLines lines;
    const auto result = scan_zone_text(text, "zone", options, lines);
    return {std::move(lines.text), error_lines(result)};
}

}  // namespace loom::dns
