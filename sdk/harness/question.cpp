// SPDX-License-Identifier: Apache-2.0
#include "codec.hpp"
#include "option_units.hpp"

#include <dnsloom/dns/wire.hpp>
#include <dnsloom/harness/question.hpp>

#include <array>
#include <sstream>
#include <stdexcept>

namespace loom::harness {
namespace {

constexpr std::size_t option_size_max = 65535;

std::vector<std::string> words(std::string_view text) {
    std::istringstream stream{std::string{text}};
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}

loom_address address(std::string_view text, std::uint16_t port) {
    auto address = parse_endpoint(text);
    if (!address || address->port != 0)
        throw std::invalid_argument{"not an address: \"" + std::string{text} + '"'};
    address->port = port;
    return *address;
}

}  // namespace

Question::Question(std::string_view text) {
    const auto parts = words(text);
    const auto refuse = [&] {
        throw std::invalid_argument{
            "a question is NAME [CLASS] TYPE, not \"" + std::string{text} + '"'};
    };
    if (parts.empty() || parts.size() > 3) refuse();
    data_.name = name_from_text(parts.front());
    if (parts.size() > 1) {
        const auto type = type_from_text(parts.back());
        if (!type) refuse();
        data_.type = *type;
    }
    if (parts.size() > 2) {
        const auto qclass = class_from_text(parts[1]);
        if (!qclass) refuse();
        data_.qclass = *qclass;
    }
    client("192.0.2.53");
    local("192.0.2.1");
}

Question& Question::id(std::uint16_t number) {
    data_.id = number;
    return *this;
}

Question& Question::opcode(std::uint8_t code) {
    if (code > 15) throw std::invalid_argument{"an opcode has four bits"};
    data_.opcode = code;
    return *this;
}

namespace {

void set_flag(Question::Data& data, std::uint32_t flag, bool on) {
    data.flags = on ? data.flags | flag : data.flags & ~flag;
}

}  // namespace

Question& Question::recursion_desired(bool on) {
    set_flag(data_, LOOM_QUERY_RD, on);
    return *this;
}

Question& Question::checking_disabled(bool on) {
    set_flag(data_, LOOM_QUERY_CD, on);
    return *this;
}

Question& Question::authentic_data(bool on) {
    set_flag(data_, LOOM_QUERY_AD, on);
    return *this;
}

Question& Question::edns(std::uint16_t udp_size) {
    set_flag(data_, LOOM_QUERY_EDNS, true);
    data_.udp_size = udp_size;
    return *this;
}

Question& Question::dnssec() {
    if ((data_.flags & LOOM_QUERY_EDNS) == 0) edns();
    set_flag(data_, LOOM_QUERY_DO, true);
    return *this;
}

Question& Question::option(std::uint16_t code, std::span<const std::uint8_t> value) {
    if (data_.options.size() + 4 + value.size() > option_size_max)
        throw std::invalid_argument{"the EDNS options do not fit into a record"};
    if ((data_.flags & LOOM_QUERY_EDNS) == 0) edns();
    std::array<std::uint8_t, 4> head{};
    dns::store_u16(head.data(), code);
    dns::store_u16(head.data() + 2, static_cast<std::uint16_t>(value.size()));
    data_.options.insert(data_.options.end(), head.begin(), head.end());
    data_.options.insert(data_.options.end(), value.begin(), value.end());
    return *this;
}

Question& Question::client(std::string_view text, std::uint16_t port) {
    data_.client = address(text, port);
    return *this;
}

Question& Question::local(std::string_view text, std::uint16_t port) {
    data_.local = address(text, port);
    return *this;
}

Question& Question::transport(std::uint8_t code) {
    data_.transport = code;
    set_flag(data_, LOOM_QUERY_STREAM, code != LOOM_TRANSPORT_UDP);
    return *this;
}

Question& Question::worker(std::uint32_t number) {
    data_.worker = number;
    return *this;
}

Question& Question::zone(std::string_view name) {
    data_.zone = lower(name_from_text(name));
    return *this;
}

Question& Question::meta(std::string_view key, std::string_view value) {
    data_.meta.emplace_back(key, value);
    return *this;
}

Question& Question::deadline(std::chrono::nanoseconds after) {
    if (after.count() <= 0) throw std::invalid_argument{"a deadline lies in the future"};
    data_.deadline = after;
    return *this;
}

}  // namespace loom::harness
