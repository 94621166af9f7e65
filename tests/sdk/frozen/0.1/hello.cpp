// SPDX-License-Identifier: Apache-2.0
// Answers every TXT question with a greeting, and leaves all others to the next plugin.
#include <dnsloom/plugin.hpp>

namespace {

constexpr std::uint16_t type_txt = 16;

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"greeting", LOOM_OPTION_STRING, "What to say."}.by_default("hello"),
};

class Hello {
public:
    static constexpr loom::Info info{.options = options, .option_count = std::size(options)};

    Hello(const loom::Host& host, const loom::Options& settings)
        : greetings_{host.counter("dnsloom_hello_greetings_total", "Greetings sent.")} {
        const auto text = settings["greeting"].string();
        if (text.size() > 255) throw loom::ConfigError(settings["greeting"], "255 octets at most");
        rdata_.push_back(static_cast<std::uint8_t>(text.size()));
        rdata_.insert(rdata_.end(), text.begin(), text.end());
    }

    loom_verdict on_query(loom::Query& query) {
        if (query->qtype != type_txt) return LOOM_NEXT;
        query.host().add(query->worker, greetings_);
        auto response = query.response();
        response.begin(0, LOOM_FLAG_AA);
        response.add(LOOM_ANSWER, {query->qname, type_txt, query->qclass, 60, loom::bytes(rdata_)});
        return LOOM_ANSWERED;
    }

private:
    loom::Metric greetings_;
    std::vector<std::uint8_t> rdata_;  // One character string (RFC 1035 section 3.3.14).
};

}  // namespace

LOOM_PLUGIN(Hello, "hello", "1.0.0");
