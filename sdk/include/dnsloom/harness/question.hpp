// SPDX-License-Identifier: Apache-2.0
// A client's query, as a test writes it down.
#pragma once

#include <dnsloom/abi/query.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::harness {

/// Built up by chaining; what is not said is a plain UDP query for class IN with RD set, from
/// 192.0.2.53 port 5353 to 192.0.2.1 port 53:
///
///     Question{"example.org. AAAA"}.dnssec().client("2001:db8::7", 4242)
///
/// Text that is no question, address or name throws std::invalid_argument.
class Question {
public:
    /// `NAME [CLASS] TYPE`; the type defaults to A. A name is absolute with or without its dot.
    Question(std::string_view text);
    Question(const char* text) : Question{std::string_view{text}} {}
    Question(const std::string& text) : Question{std::string_view{text}} {}

    Question& id(std::uint16_t number);
    Question& opcode(std::uint8_t code);
    Question& recursion_desired(bool on);
    Question& checking_disabled(bool on = true);
    Question& authentic_data(bool on = true);

    /// Sends an OPT record that announces `udp_size`.
    Question& edns(std::uint16_t udp_size = 1232);
    /// Sets DO, with an OPT record if there is none.
    Question& dnssec();
    /// Appends an EDNS option, with an OPT record if there is none.
    Question& option(std::uint16_t code, std::span<const std::uint8_t> value);

    Question& client(std::string_view address, std::uint16_t port = 5353);
    Question& local(std::string_view address, std::uint16_t port = 53);
    /// LOOM_TRANSPORT_*, or what a later host may know; all but UDP lift the limit on the reply's
    /// size.
    Question& transport(std::uint8_t code);
    Question& tcp() { return transport(LOOM_TRANSPORT_TCP); }
    /// The worker that takes it.
    Question& worker(std::uint32_t number);
    /// The configured zone that matched; without it the longest of Setup::zones, or the root.
    Question& zone(std::string_view name);
    /// A fact that some plugin ahead has set (service "loom.meta/1").
    Question& meta(std::string_view key, std::string_view value);
    /// Time until the host gives up.
    Question& deadline(std::chrono::nanoseconds after);

    /// Everything that was said, for the harness.
    struct Data {
        std::vector<std::uint8_t> name;  ///< Wire form, as spelled.
        std::uint16_t type = 1;
        std::uint16_t qclass = 1;
        std::uint16_t id = 0x1234;
        std::uint8_t opcode = 0;
        std::uint8_t transport = LOOM_TRANSPORT_UDP;
        std::uint32_t flags = LOOM_QUERY_RD;
        std::uint16_t udp_size = 0;
        std::vector<std::uint8_t> options;
        loom_address client{};
        loom_address local{};
        std::uint32_t worker = 0;
        std::vector<std::uint8_t> zone;
        std::vector<std::pair<std::string, std::string>> meta;
        std::chrono::nanoseconds deadline = std::chrono::seconds{10};
        std::uint16_t depth = 0;
    };
    const Data& data() const { return data_; }
    Data& data() { return data_; }

private:
    Data data_;
};

}  // namespace loom::harness
