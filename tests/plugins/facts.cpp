// SPDX-License-Identifier: Apache-2.0
// Answers every question with a TXT record that has one string for each fact named in its options: what
// plugins in front found out about the query (service "loom.meta/1").

#include <dnsloom/abi/service/meta.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

namespace {

constexpr std::size_t string_size_max = 255;  // RFC 1035 section 3.3.14.

constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{"facts", LOOM_OPTION_STRING, "Names of facts."}.required().list(16)};

class Facts {
public:
    static constexpr loom::Info info{
        .summary = "For tests: answers with what is known about a query.",
        .roles = LOOM_ROLE_SOURCE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Facts(const loom::Host& host, const loom::Options& options)
        : meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)} {
        const auto names = options["facts"];
        for (std::uint32_t i = 0; i < names.size(); ++i) {
            std::uint32_t key = 0;
            const auto name = names[i].string();
            if (meta_->key(&host.table(), loom::str(name), &key) != LOOM_OK)
                throw loom::ConfigError{names[i], "no name of a fact: write PLUGIN/FACT"};
            keys_.push_back(key);
        }
    }

    loom_verdict on_query(loom::Query& query) const {
        auto* const rdata =
            static_cast<std::uint8_t*>(query.alloc(keys_.size() * (1 + string_size_max), 1));
        if (!rdata) return LOOM_FAIL(loom::dns::rcode::servfail);
        std::size_t size = 0;
        for (const std::uint32_t key : keys_) {
            const auto value = loom::view(meta_->get(query.raw(), key));
            const std::size_t length = std::min(value.size(), string_size_max);
            rdata[size++] = static_cast<std::uint8_t>(length);
            if (length != 0) std::memcpy(rdata + size, value.data(), length);
            size += length;
        }
        auto response = query.response();
        response.begin(loom::dns::rcode::noerror, 0);
        response.add(
            LOOM_ANSWER, {query->qname, loom::dns::rr_type::txt, query->qclass, 0, {rdata, size}});
        return LOOM_ANSWERED;
    }

private:
    const loom_meta_1* const meta_;
    std::vector<std::uint32_t> keys_;
};

}  // namespace

LOOM_PLUGIN(Facts, "facts", "1.0.0");
