// SPDX-License-Identifier: Apache-2.0
// Answers the questions of class CH that tell who a server is (RFC 4892).

#include "character_string.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/plugin.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dns = loom::dns;
using loom::chaos::CharacterString;

constexpr std::uint32_t authors_max = 64;

constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{"version", LOOM_OPTION_STRING, "What version.bind and version.server say."}
        .between(0, CharacterString::size_max),
    loom::OptionSpec{"authors", LOOM_OPTION_STRING, "What authors.bind says, a record each."}
        .by_default("the dnsloom authors")
        .list(authors_max)
        .between(1, CharacterString::size_max),
    loom::OptionSpec{"hostname", LOOM_OPTION_STRING, "What hostname.bind and id.server say."}
        .between(0, CharacterString::size_max)};

std::string system_host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "localhost";
    return name.data();
}

std::string read(const loom::Options& options, std::string_view name, std::string otherwise) {
    const auto option = options.find(name);
    return option ? option->string() : std::move(otherwise);
}

// In order, each once.
std::vector<CharacterString> read_authors(const loom::Option& list) {
    std::set<std::string> sorted;
    for (std::uint32_t i = 0; i < list.size(); ++i) sorted.insert(list[i].string());
    return {sorted.begin(), sorted.end()};
}

class Chaos {
public:
    static constexpr loom::Info info{
        .summary = "Answers the questions of class CH that tell who a server is.",
        .roles = LOOM_ROLE_SOURCE | LOOM_ROLE_ANY_CLASS,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    struct Worker {
        Worker(const Chaos&, std::uint32_t) {}
        std::size_t first_author = 0;
    };

    Chaos(const loom::Host& host, const loom::Options& options)
        : version_{read(
              options, "version", "dnsloom-" + std::string{loom::view(host.table().version)})},
          host_name_{read(options, "hostname", system_host_name())},
          authors_{read_authors(options["authors"])} {
        const auto knows = [this](std::string_view text, std::span<const CharacterString> says) {
            if (!says.front().empty()) questions_.emplace_back(*dns::Name::from_text(text), says);
        };
        knows("version.bind.", {&version_, 1});
        knows("version.server.", {&version_, 1});
        knows("hostname.bind.", {&host_name_, 1});
        knows("id.server.", {&host_name_, 1});
        if (!authors_.empty()) knows("authors.bind.", authors_);
    }

    loom_verdict on_query(Worker& worker, loom::Query& query) const {
        if (query->qclass != dns::rr_class::ch || query->qtype != dns::rr_type::txt)
            return LOOM_NEXT;
        const auto says = find(query.name_lower());
        if (says.empty()) return LOOM_NEXT;

        auto response = query.response();
        loom_status status = response.begin(dns::rcode::noerror, LOOM_FLAG_AA);
        // Nobody is always first.
        const std::size_t first = says.size() == 1 ? 0 : worker.first_author++ % says.size();
        for (std::size_t i = 0; i < says.size() && status == LOOM_OK; ++i) {
            const CharacterString& string = says[(first + i) % says.size()];
            status = response.add(
                LOOM_ANSWER,
                {query->qname,
                 dns::rr_type::txt,
                 dns::rr_class::ch,
                 0,
                 loom::bytes(string.rdata())});
        }
        return status == LOOM_OK ? LOOM_ANSWERED : LOOM_FAIL(dns::rcode::servfail);
    }

private:
    std::span<const CharacterString> find(loom::Bytes name) const {
        for (const auto& [known, says] : questions_)
            if (std::ranges::equal(known.octets(), name)) return says;
        return {};
    }

    const CharacterString version_;
    const CharacterString host_name_;
    const std::vector<CharacterString> authors_;
    std::vector<std::pair<dns::Name, std::span<const CharacterString>>> questions_;
};

}  // namespace

LOOM_PLUGIN(Chaos, "chaos", "1.0.0");
