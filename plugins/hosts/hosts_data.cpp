// SPDX-License-Identifier: Apache-2.0
// Loading names.

#include "hosts_data.hpp"

#include "text_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace loom::hosts {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t file_size_max = std::size_t{256} << 20U;

}  // namespace

HostsData::HostsData(const Host& host, const Options& options)
    : host_{host},
      path_{options["file"].string()},
      may_be_missing_{!options["file"].given()},
      ttl_{static_cast<std::uint32_t>(options["ttl"].integer() / second_ns)},
      reverse_{!options["no_reverse"].boolean()} {
    const auto zones = options.find("zones");
    for (std::uint32_t i = 0; zones && i < zones->size(); ++i)
        zones_.emplace_back(dns::NameView::from_trusted((*zones)[i].name()));
    const auto entries = options.find("entries");
    for (std::uint32_t i = 0; entries && i < entries->size(); ++i) {
        const std::size_t before = entries_.size();
        const auto scanned = scan_host_line(
            (*entries)[i].string(), [&](const HostAddress& address, const dns::Name& name) {
                entries_.push_back({address, name});
            });
        if (!scanned) throw ConfigError{(*entries)[i], scanned.error()};
        if (entries_.size() == before)
            throw ConfigError{(*entries)[i], "an entry is an address and its names"};
    }
}

bool HostsData::covers(dns::NameView name) const {
    return zones_.empty() || std::ranges::any_of(zones_, [&](const dns::Name& zone) {
               return name.is_subdomain_of(zone);
           });
}

std::expected<std::unique_ptr<const HostTable>, std::string> HostsData::load() const {
    HostTableBuilder builder{host_, ttl_};
    bool fits = true;
    const auto add = [&](const HostAddress& address, const dns::Name& name) {
        if (!covers(name)) return;
        fits = fits && builder.add(address, name);
        // A wildcard is many names: none of them is the one of the address.
        if (!reverse_ || name.view().is_wildcard()) return;
        fits = fits && builder.add_reverse(address, name);
    };
    std::error_code ignored;
    if (!may_be_missing_ || std::filesystem::exists(path_, ignored)) {
        const auto text = read_text(path_, file_size_max);
        if (!text) return std::unexpected{text.error()};
        const auto scanned = scan_hosts(*text, path_, add);
        if (!scanned) return std::unexpected{scanned.error()};
    }
    for (const Entry& entry : entries_) add(entry.address, entry.name);
    if (!fits)
        return std::unexpected{fmt::format(
            "{}: more than {} names, those of addresses included: make it smaller, or leave out "
            "the addresses' names with no_reverse",
            path_,
            names_max)};
    return std::make_unique<const HostTable>(builder.build());
}

}  // namespace loom::hosts
