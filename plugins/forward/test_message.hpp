// SPDX-License-Identifier: Apache-2.0
// Messages of upstreams, good and bad, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace loom::forward::test {

using Message = std::vector<std::uint8_t>;

/// Built up by chaining: `Reply{query}.a("192.0.2.1").opt()`. Counts follow what is added.
class Reply {
public:
    /// Id, question, opcode and RD of `query`, with QR and RA.
    explicit Reply(const Message& query);

    Reply& id(std::uint16_t number);
    Reply& set(std::uint16_t flags);
    Reply& clear(std::uint16_t flags);
    Reply& rcode(std::uint8_t code);
    /// An address of the question's name, which is compressed.
    Reply& a(std::string_view address, std::uint32_t ttl = 60);
    /// A record without compression in the section with the count at `count_offset`.
    Reply& record(std::size_t count_offset, std::uint16_t type, const Message& rdata);
    /// An OPT record with raw options.
    Reply& opt(const Message& options = {}, std::uint8_t extended_rcode = 0);
    /// An additional address whose owner points at `offset`.
    Reply& glue(std::uint16_t offset, std::string_view address);
    Reply& octets(const Message& more);
    /// Leaves `size` octets.
    Reply& cut(std::size_t size);

    std::size_t size() const { return message_.size(); }
    operator const Message&() const { return message_; }
    operator std::span<const std::uint8_t>() const { return message_; }
    const Message& message() const { return message_; }

private:
    void count(std::size_t offset);
    void u16(std::uint16_t value);

    Message message_;
};

inline constexpr std::size_t answer_count = 6;
inline constexpr std::size_t authority_count = 8;
inline constexpr std::size_t additional_count = 10;

/// A query for `name.` (labels without escapes), class IN.
Message make_query(std::string_view name, std::uint16_t type = 1, std::uint16_t id = 0x1234);

/// An extended error as an EDNS option.
Message extended_error(std::uint8_t code, std::string_view text);

std::uint16_t u16_at(const Message& message, std::size_t offset);
/// The octets of the question: name, type, class.
Message question_of(const Message& message);

}  // namespace loom::forward::test
