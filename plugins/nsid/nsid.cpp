// SPDX-License-Identifier: Apache-2.0
// Tells clients that ask for it which server answered (RFC 5001).

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/plugin.hpp>

#include <unistd.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace dns = loom::dns;

constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{"data", LOOM_OPTION_STRING, "The identifier; without it the host name."}
        .between(1, 255)};

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "localhost";
    return name.data();
}

bool has_nsid(loom::Bytes octets) {
    const auto options = dns::EdnsOptions::check(octets);
    return options && options->find(dns::option_code::nsid);
}

class Nsid {
public:
    static constexpr loom::Info info{
        .summary = "Tells clients that ask for it which server answered.",
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Nsid(const loom::Host&, const loom::Options& options) {
        const auto option = options.find("data");
        const std::string text = option ? option->string() : host_name();
        id_.assign(text.begin(), text.end());
    }

    // On the way down: so it stays whoever answers, the host included, and a plugin that writes its
    // answer straight into the send buffer leaves room for it.
    loom_verdict on_query(loom::Query& query) const {
        if (query->edns_options.size == 0 || !has_nsid(loom::view(query->edns_options)))
            return LOOM_NEXT;
        auto response = query.response();
        if (!has_nsid(response.options())) response.option(dns::option_code::nsid, id_);
        return LOOM_NEXT;
    }

private:
    std::vector<std::uint8_t> id_;
};

}  // namespace

LOOM_PLUGIN(Nsid, "nsid", "1.0.0");
