// SPDX-License-Identifier: Apache-2.0
#include "facts.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <span>
#include <utility>

namespace loom::log {
namespace {

constexpr std::uint16_t size_without_edns = 512;  // RFC 1035 section 4.2.1.

constexpr std::array<std::pair<std::string_view, Fact>, 18> names{{
    {"client", Fact::client},
    {"remote", Fact::remote},
    {"local", Fact::local},
    {"port", Fact::port},
    {"proto", Fact::proto},
    {"id", Fact::id},
    {"opcode", Fact::opcode},
    {"type", Fact::type},
    {"class", Fact::klass},
    {"name", Fact::name},
    {"size", Fact::size},
    {"do", Fact::dnssec_ok},
    {"bufsize", Fact::bufsize},
    {"rcode", Fact::rcode},
    {"rflags", Fact::rflags},
    {"rsize", Fact::rsize},
    {"duration", Fact::duration},
    {"kind", Fact::kind},
}};

std::string_view transport_name(std::uint8_t transport) {
    constexpr std::array<std::string_view, 5> transports{"udp", "tcp", "tls", "https", "quic"};
    return transport < transports.size() ? transports[transport] : "other";
}

void append_address(const loom_address& address, std::string& out) {
    const std::span<const std::uint8_t, 16> ip{address.ip};
    if (address.family == 4)
        dns::append_ipv4(ip.last<4>(), out);
    else
        dns::append_ipv6(ip, out);
}

void append_bracketed(const loom_address& address, std::string& out) {
    const bool is_ipv6 = address.family == 6;
    if (is_ipv6) out += '[';
    append_address(address, out);
    if (is_ipv6) out += ']';
}

void append_number(std::uint64_t number, std::string& out) {
    std::array<char, 20> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), end);
}

/// `qr,aa,rd`: in the order of the header's bits.
void append_flags(std::uint16_t bits, std::string& out) {
    constexpr std::array<std::pair<std::uint16_t, std::string_view>, 7> flags{{
        {dns::flag::qr, "qr"},
        {dns::flag::aa, "aa"},
        {dns::flag::tc, "tc"},
        {dns::flag::rd, "rd"},
        {dns::flag::ra, "ra"},
        {dns::flag::ad, "ad"},
        {dns::flag::cd, "cd"},
    }};
    bool is_first = true;
    for (const auto& [bit, name] : flags) {
        if ((bits & bit) == 0) continue;
        if (!is_first) out += ',';
        out += name;
        is_first = false;
    }
    if (is_first) out += '-';
}

void append_seconds(std::uint64_t nanoseconds, std::string& out) {
    std::array<char, 32> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "%.6fs", static_cast<double>(nanoseconds) * 1e-9);
    out.append(text.data(), static_cast<std::size_t>(std::clamp(size, 0, 31)));
}

/// As names are shown: what could end a quoted text or a line is `\DDD`.
void append_foreign(loom_bytes value, std::string& out) {
    if (value.size == 0) {
        out += '-';
        return;
    }
    for (const std::uint8_t octet : view(value).first(std::min(value.size, meta_size_max))) {
        const bool is_plain = octet >= ' ' && octet != 0x7F && octet != '"' && octet != '\\';
        if (is_plain) {
            out += static_cast<char>(octet);
            continue;
        }
        out += '\\';
        out += static_cast<char>('0' + octet / 100);
        out += static_cast<char>('0' + octet / 10 % 10);
        out += static_cast<char>('0' + octet % 10);
    }
}

}  // namespace

const std::vector<std::string_view>& field_names() {
    static const std::vector<std::string_view> list = [] {
        std::vector<std::string_view> made;
        for (const auto& [name, fact] : names) made.push_back(name);
        return made;
    }();
    return list;
}

std::optional<Field> field_named(std::string_view name, const MetaKey& meta_key) {
    if (name.starts_with('/')) {
        const std::uint32_t key = meta_key(name.substr(1));
        if (key == 0) return std::nullopt;
        return Field{Fact::meta, key};
    }
    const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Fact>::first);
    if (found == names.end()) return std::nullopt;
    return Field{found->second, 0};
}

void append(const Field& field, const Facts& facts, std::string& out) {
    const loom_query& query = *facts.query;
    switch (field.fact) {
    case Fact::client:
        return append_address(*query.client, out);
    case Fact::remote:
        return append_bracketed(*query.client, out);
    case Fact::local:
        return append_bracketed(*query.local, out);
    case Fact::port:
        return append_number(query.client->port, out);
    case Fact::proto:
        out += transport_name(query.transport);
        return;
    case Fact::id:
        return append_number(query.id, out);
    case Fact::opcode:
        return append_number(query.opcode, out);
    case Fact::type:
        out += dns::type_to_string(query.qtype);
        return;
    case Fact::klass:
        out += dns::class_to_string(query.qclass);
        return;
    case Fact::name:
        out += dns::NameView::from_trusted(view(query.qname)).to_string();
        return;
    case Fact::size:
        return append_number(query.wire.size, out);
    case Fact::dnssec_ok:
        out += (query.flags & LOOM_QUERY_DO) != 0 ? "true" : "false";
        return;
    case Fact::bufsize:
        return append_number(
            query.edns_udp_size != 0 ? query.edns_udp_size : size_without_edns, out);
    case Fact::rcode:
        out += dns::rcode_to_string(facts.rcode);
        return;
    case Fact::rflags:
        return append_flags(facts.flags, out);
    case Fact::rsize:
        return append_number(facts.wire.size(), out);
    case Fact::duration:
        return append_seconds(facts.elapsed_ns, out);
    case Fact::kind:
        out += class_name(facts.response_class);
        return;
    case Fact::meta:
        return append_foreign(facts.meta->get(&query, field.key), out);
    }
}

}  // namespace loom::log
