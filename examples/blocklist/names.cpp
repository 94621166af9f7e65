// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace blocklist {
namespace {

namespace dns = loom::dns;

std::string_view trim(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::expected<Names, std::string>
Names::parse(const loom::Host& host, std::string_view text, const std::string& path) {
    Names result;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty()) continue;
        const auto name = dns::Name::from_text(line);
        if (!name) {
            return std::unexpected(
                path + ":" + std::to_string(number) + ": " + std::string{line} +
                " is no name: " + std::string{dns::describe(name.error())});
        }
        result.names_.emplace(host.hash_name(name->octets()), *name);
    }
    return result;
}

std::expected<Names, std::string> Names::load(const loom::Host& host, const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    if (!file || !(text << file.rdbuf()))
        return std::unexpected(path + ": cannot be read: " + std::strerror(errno));
    return parse(host, text.view(), path);
}

bool Names::cover(const loom_query& query) const {
    for (std::size_t i = 0; i < query.label_count; ++i) {
        const auto found = names_.find(query.suffix_hash[i]);
        if (found == names_.end()) continue;
        const auto suffix = loom::view(query.qname).subspan(query.label_offset[i]);
        if (found->second.equals(dns::NameView::from_trusted(suffix))) return true;
    }
    return false;
}

}  // namespace blocklist
