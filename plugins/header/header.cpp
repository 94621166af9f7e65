// SPDX-License-Identifier: Apache-2.0
// Sets and clears header bits: of the question for the plugins behind, of the response for the client.

#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace {

/// A bit's name in a configuration and its value in the ABI.
struct Flag {
    std::string_view name;
    std::uint32_t bit;
};
constexpr Flag query_flags[] = {
    {"rd", LOOM_QUERY_RD}, {"cd", LOOM_QUERY_CD}, {"ad", LOOM_QUERY_AD}};
constexpr Flag response_flags[] = {
    {"aa", LOOM_FLAG_AA}, {"ra", LOOM_FLAG_RA}, {"ad", LOOM_FLAG_AD}, {"cd", LOOM_FLAG_CD}};

constexpr loom::OptionSpec query_fields[] = {
    loom::OptionSpec{"set", LOOM_OPTION_STRING, "Bits to set."}.one_of("rd|cd|ad").list(3),
    loom::OptionSpec{"clear", LOOM_OPTION_STRING, "Bits to clear."}.one_of("rd|cd|ad").list(3)};
constexpr loom::OptionSpec response_fields[] = {
    loom::OptionSpec{"set", LOOM_OPTION_STRING, "Bits to set."}.one_of("aa|ra|ad|cd").list(4),
    loom::OptionSpec{"clear", LOOM_OPTION_STRING, "Bits to clear."}.one_of("aa|ra|ad|cd").list(4)};
constexpr loom::OptionSpec option_specs[] = {
    loom::OptionSpec{"query", LOOM_OPTION_TABLE, "What plugins behind see of the question."}.with(
        query_fields),
    loom::OptionSpec{"response", LOOM_OPTION_TABLE, "What the client gets."}.with(response_fields)};

/// Bits and what becomes of them.
struct Change {
    std::uint32_t mask = 0;
    std::uint32_t value = 0;
};

void take(Change& change, const loom::Option& list, std::span<const Flag> flags, bool sets) {
    for (std::uint32_t i = 0; i < list.size(); ++i) {
        const std::string name = list[i].string();
        for (const Flag& flag : flags) {
            if (flag.name != name) continue;
            if ((change.mask & flag.bit) != 0)
                throw loom::ConfigError{
                    list[i], "\"" + name + "\" is named twice: name each bit once"};
            change.mask |= flag.bit;
            if (sets) change.value |= flag.bit;
        }
    }
}

Change read(const loom::Options& options, std::string_view name, std::span<const Flag> flags) {
    Change change;
    const auto option = options.find(name);
    if (!option) return change;
    const loom::Options table = option->table();
    if (const auto list = table.find("set")) take(change, *list, flags, true);
    if (const auto list = table.find("clear")) take(change, *list, flags, false);
    return change;
}

class Header {
public:
    static constexpr loom::Info info{
        .summary = "Sets and clears header bits.",
        .roles = LOOM_ROLE_REWRITE,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    Header(const loom::Host&, const loom::Options& options)
        : query_{read(options, "query", query_flags)},
          response_{read(options, "response", response_flags)} {
        if (query_.mask == 0 && response_.mask == 0)
            throw loom::ConfigError{
                "nothing to do: give query or response with set or clear, such as "
                "response = { clear = [\"ra\"] }"};
    }

    loom_verdict on_query(loom::Query& query) const {
        // Not for a question that has them so already: changing one has its price.
        if (((query->flags ^ query_.value) & query_.mask) == 0) return LOOM_NEXT;
        const loom_status status = query.question().set_flags(query_.mask, query_.value);
        return status == LOOM_OK ? LOOM_NEXT : status;
    }
    loom_verdict on_response(loom::Query& query) const {
        if (response_.mask == 0) return LOOM_NEXT;
        const loom_status status = query.response().set_flags(
            static_cast<std::uint16_t>(response_.mask),
            static_cast<std::uint16_t>(response_.value));
        return status == LOOM_OK ? LOOM_NEXT : status;
    }

private:
    const Change query_;
    const Change response_;
};

}  // namespace

LOOM_PLUGIN(Header, "header", "1.0.0");
