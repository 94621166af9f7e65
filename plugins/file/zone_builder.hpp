// SPDX-License-Identifier: Apache-2.0
// Makes a zone's snapshot from its records, in the order in which a file has them.
#pragma once

#include "node_encoder.hpp"
#include "zone_snapshot.hpp"

#include <dnsloom/dns/zone_scanner.hpp>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace loom::file {

/// Something about the records of a name that is against the rules; a second scan finds the place.
struct ZoneFinding {
    std::vector<std::uint8_t> owner;  ///< Whole, lower case.
    std::uint16_t type = 0;
    std::string text;
};

/// Names whose records stand together are packed at once. Records that come later for a name are
/// kept aside and put in at the end.
class ZoneBuilder {
public:
    /// `file_size` is a hint.
    ZoneBuilder(const Host& host, dns::NameView apex, std::size_t file_size);

    /// Takes a record; the text says why it cannot be in the zone.
    std::expected<void, std::string> add(const dns::ZoneRecord& record);

    /// The zone, once; nullptr if there are errors.
    std::unique_ptr<ZoneSnapshot> finish();

    /// The first few.
    const std::vector<ZoneFinding>& errors() const { return errors_; }
    const std::vector<ZoneFinding>& warnings() const { return warnings_; }

private:
    struct LateRecord {
        NodeRef node;
        std::uint32_t at;  ///< In late_rdata_.
        std::uint32_t ttl;
        std::uint16_t type;
        std::uint16_t size;
    };

    void flush();
    void keep_late(std::uint32_t slot);
    void merge_late();
    void drop_dead();
    void note_findings(Bytes relative);
    void note(std::vector<ZoneFinding>& list, Bytes relative, std::uint16_t type, std::string text);
    bool check_apex();

    const Host host_;
    std::unique_ptr<ZoneSnapshot> zone_;
    NodeEncoder encoder_;
    NodeRecords pending_;
    std::vector<std::uint8_t> owner_;     // Of the pending records, as written.
    std::vector<std::uint8_t> relative_;  // Its part below the apex, lower case.
    std::vector<LateRecord> late_;
    std::vector<std::uint8_t> late_rdata_;
    std::vector<ZoneFinding> errors_;
    std::vector<ZoneFinding> warnings_;
    std::size_t dead_size_ = 0;
};

}  // namespace loom::file
