// SPDX-License-Identifier: Apache-2.0
// Where the names come from: the file and the entries of the configuration.
#pragma once

#include "host_table.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>
#include <dnsloom/options.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace loom::hosts {

class HostsData {
public:
    /// Reads the options; throws ConfigError for entries that are none.
    HostsData(const Host& host, const Options& options);

    /// Reads the file and makes a table; otherwise `FILE:LINE: ...`. Control thread.
    [[nodiscard]] std::expected<std::unique_ptr<const HostTable>, std::string> load() const;

    const std::string& path() const { return path_; }

    /// Whether a name is in the zones that the entries are for.
    bool covers(dns::NameView name) const;

private:
    struct Entry {
        HostAddress address;
        dns::Name name;
    };

    const Host host_;
    const std::string path_;
    const bool may_be_missing_;  // The file, if nobody has asked for it.
    const std::uint32_t ttl_;
    const bool reverse_;
    std::vector<dns::Name> zones_;
    std::vector<Entry> entries_;
};

}  // namespace loom::hosts
