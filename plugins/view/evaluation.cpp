// SPDX-License-Identifier: Apache-2.0
#include "evaluation.hpp"

#include "transport.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <re2/re2.h>

#include <algorithm>
#include <span>

namespace loom::views {
namespace {

constexpr std::uint16_t size_without_edns = 512;  // RFC 1035 section 4.2.1.

std::string address_text(const loom_address& address) {
    std::string text;
    const std::span<const std::uint8_t, 16> ip{address.ip};
    if (address.family == 4)
        dns::append_ipv4(ip.last<4>(), text);
    else
        dns::append_ipv6(ip, text);
    return text;
}

template <class Make>
std::string_view once(std::string& text, const Make& make) {
    if (text.empty()) text = make();
    return text;
}

int sign(std::strong_ordering order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

}  // namespace

bool Evaluation::truth(const Node& node) {
    const auto& children = node.children;
    switch (node.operation) {
    case Operation::literal:
        return node.number != 0;
    case Operation::dnssec_ok:
        return (query_.flags & LOOM_QUERY_DO) != 0;
    case Operation::negation:
        return !truth(children[0]);
    case Operation::conjunction:
        return truth(children[0]) && truth(children[1]);
    case Operation::disjunction:
        return truth(children[0]) || truth(children[1]);
    case Operation::equal:
        return compare(children[0], children[1]) == 0;
    case Operation::not_equal:
        return compare(children[0], children[1]) != 0;
    case Operation::less:
        return compare(children[0], children[1]) < 0;
    case Operation::less_equal:
        return compare(children[0], children[1]) <= 0;
    case Operation::greater:
        return compare(children[0], children[1]) > 0;
    case Operation::greater_equal:
        return compare(children[0], children[1]) >= 0;
    case Operation::matches: {
        const std::string_view subject = text(children[0]);
        return node.pattern->Match(
            {subject.data(), subject.size()}, 0, subject.size(), RE2::UNANCHORED, nullptr, 0);
    }
    case Operation::contains:
        return text(children[0]).contains(text(children[1]));
    case Operation::starts_with:
        return text(children[0]).starts_with(text(children[1]));
    case Operation::ends_with:
        return text(children[0]).ends_with(text(children[1]));
    case Operation::in_network:
        return is_in_network(node);
    case Operation::among:
        return is_among(node);
    case Operation::between: {
        const std::int64_t value = integer(children[0]);
        return integer(children[1]) <= value && value <= integer(children[2]);
    }
    default:
        failed_ = true;
        return false;
    }
}

int Evaluation::compare(const Node& a, const Node& b) {
    switch (a.type) {
    case Type::boolean:
        return static_cast<int>(truth(a)) - static_cast<int>(truth(b));
    case Type::integer:
        return sign(integer(a) <=> integer(b));
    case Type::text:
        break;
    }
    return sign(text(a) <=> text(b));
}

bool Evaluation::is_among(const Node& node) {
    const auto others = std::span{node.children}.subspan(1);
    return std::ranges::any_of(
        others, [&](const Node& other) { return compare(node.children[0], other) == 0; });
}

bool Evaluation::is_in_network(const Node& node) {
    const Node& address = node.children[0];
    if (address.operation == Operation::client_ip)
        return node.network.contains(dns::IpAddress::of(query_.client->ip));
    if (address.operation == Operation::server_ip)
        return node.network.contains(dns::IpAddress::of(query_.local->ip));
    const auto parsed = dns::parse_address(text(address));
    if (!parsed) failed_ = true;
    return parsed && node.network.contains(*parsed);
}

std::int64_t Evaluation::integer(const Node& node) {
    switch (node.operation) {
    case Operation::literal:
        return node.number;
    case Operation::bufsize:
        return std::max(query_.edns_udp_size, size_without_edns);
    case Operation::id:
        return query_.id;
    case Operation::opcode:
        return query_.opcode;
    case Operation::port:
        return query_.client->port;
    case Operation::server_port:
        return query_.local->port;
    case Operation::size:
        return static_cast<std::int64_t>(query_.wire.size);
    case Operation::length:
        return static_cast<std::int64_t>(text(node.children[0]).size());
    default:
        return calculate(node);
    }
}

std::int64_t Evaluation::calculate(const Node& node) {
    const std::int64_t a = integer(node.children[0]);
    std::int64_t result = 0;
    if (node.operation == Operation::minus) {
        failed_ |= __builtin_sub_overflow(std::int64_t{0}, a, &result);
        return result;
    }
    const std::int64_t b = integer(node.children[1]);
    switch (node.operation) {
    case Operation::sum:
        failed_ |= __builtin_add_overflow(a, b, &result);
        return result;
    case Operation::difference:
        failed_ |= __builtin_sub_overflow(a, b, &result);
        return result;
    case Operation::product:
        failed_ |= __builtin_mul_overflow(a, b, &result);
        return result;
    default:
        // By -1 the smallest integer has no quotient.
        if (b == 0 || b == -1) {
            failed_ |= b == 0 || __builtin_sub_overflow(std::int64_t{0}, a, &result);
            return node.operation == Operation::quotient ? result : 0;
        }
        return node.operation == Operation::quotient ? a / b : a % b;
    }
}

std::string_view Evaluation::text(const Node& node) {
    switch (node.operation) {
    case Operation::literal:
        return node.text;
    case Operation::name:
        return once(name_, [&] {
            return dns::NameView::from_trusted(view(query_.qname_lower)).to_string();
        });
    case Operation::type:
        return once(type_, [&] { return dns::type_to_string(query_.qtype); });
    case Operation::klass:
        return once(class_, [&] { return dns::class_to_string(query_.qclass); });
    case Operation::client_ip:
        return once(client_, [&] { return address_text(*query_.client); });
    case Operation::server_ip:
        return once(server_, [&] { return address_text(*query_.local); });
    case Operation::proto:
        return transport_name(query_.transport);
    case Operation::metadata: {
        const loom_bytes value = meta_.get(&query_, static_cast<std::uint32_t>(node.number));
        if (value.size == 0) return {};
        return {reinterpret_cast<const char*>(value.data), value.size};
    }
    default:
        failed_ = true;
        return {};
    }
}

}  // namespace loom::views
