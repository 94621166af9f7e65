// SPDX-License-Identifier: Apache-2.0
#include "test_message.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>

namespace loom::forward::test {

Reply::Reply(const Message& query) : message_(12) {
    const auto question = question_of(query);
    std::copy_n(query.begin(), 4, message_.begin());
    message_[2] = static_cast<std::uint8_t>((query[2] & 0x79) | 0x80);
    message_[3] = 0x80;
    message_[5] = 1;
    octets(question);
}

void Reply::count(std::size_t offset) {
    dns::store_u16(&message_[offset], static_cast<std::uint16_t>(u16_at(message_, offset) + 1));
}
void Reply::u16(std::uint16_t value) {
    message_.push_back(static_cast<std::uint8_t>(value >> 8U));
    message_.push_back(static_cast<std::uint8_t>(value));
}

Reply& Reply::id(std::uint16_t number) { return dns::store_u16(&message_[0], number), *this; }
Reply& Reply::set(std::uint16_t flags) {
    dns::store_u16(&message_[2], static_cast<std::uint16_t>(u16_at(message_, 2) | flags));
    return *this;
}
Reply& Reply::clear(std::uint16_t flags) {
    dns::store_u16(&message_[2], static_cast<std::uint16_t>(u16_at(message_, 2) & ~flags));
    return *this;
}
Reply& Reply::rcode(std::uint8_t code) { return clear(15).set(code); }

Reply& Reply::a(std::string_view address, std::uint32_t ttl) {
    count(answer_count);
    u16(0xC00C);
    u16(1);
    u16(1);
    u16(static_cast<std::uint16_t>(ttl >> 16U));
    u16(static_cast<std::uint16_t>(ttl));
    u16(4);
    const auto ip = dns::parse_ipv4(address).value();
    message_.insert(message_.end(), ip.begin(), ip.end());
    return *this;
}

Reply& Reply::record(std::size_t count_offset, std::uint16_t type, const Message& rdata) {
    count(count_offset);
    message_.push_back(0);
    u16(type);
    u16(1);
    u16(0);
    u16(30);
    u16(static_cast<std::uint16_t>(rdata.size()));
    return octets(rdata);
}

Reply& Reply::opt(const Message& options, std::uint8_t extended_rcode) {
    record(additional_count, 41, options);
    auto* ttl = &message_[message_.size() - options.size() - 6];
    ttl[0] = extended_rcode;
    ttl[1] = ttl[2] = ttl[3] = 0;
    return *this;
}

Reply& Reply::glue(std::uint16_t offset, std::string_view address) {
    count(additional_count);
    u16(static_cast<std::uint16_t>(0xC000 | offset));
    octets({0, 1, 0, 1, 0, 0, 0, 60, 0, 4});
    const auto ip = dns::parse_ipv4(address).value();
    message_.insert(message_.end(), ip.begin(), ip.end());
    return *this;
}

Reply& Reply::octets(const Message& more) {
    message_.insert(message_.end(), more.begin(), more.end());
    return *this;
}
Reply& Reply::cut(std::size_t size) { return message_.resize(size), *this; }

Message make_query(std::string_view name, std::uint16_t type, std::uint16_t id) {
    Message query(12);
    dns::store_u16(&query[0], id);
    query[2] = 1;
    query[5] = 1;
    while (!name.empty()) {
        const auto label = name.substr(0, name.find('.'));
        query.push_back(static_cast<std::uint8_t>(label.size()));
        query.insert(query.end(), label.begin(), label.end());
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    query.insert(
        query.end(),
        {0, static_cast<std::uint8_t>(type >> 8U), static_cast<std::uint8_t>(type), 0, 1});
    return query;
}

Message extended_error(std::uint8_t code, std::string_view text) {
    Message option{0, 15, 0, static_cast<std::uint8_t>(2 + text.size()), 0, code};
    option.insert(option.end(), text.begin(), text.end());
    return option;
}

std::uint16_t u16_at(const Message& message, std::size_t offset) {
    return dns::load_u16(&message.at(offset));
}

Message question_of(const Message& message) {
    std::size_t end = 12;
    while (message.at(end) != 0) end += std::size_t{1} + message[end];
    end += 5;
    return {message.begin() + 12, message.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace loom::forward::test
