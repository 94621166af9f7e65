// SPDX-License-Identifier: Apache-2.0
// Reading messages: a walk over the octets of anybody, without allocation.
#pragma once

#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace loom::dns {

/// The most octets of a message: the size field of TCP has 16 bits (RFC 1035 section 4.2.2).
inline constexpr std::size_t message_size_max = 65535;

/// What is wrong with a message.
enum class MessageErrc : std::uint8_t {
    no_header,      ///< Less than 12 octets.
    too_long,       ///< Over 65535 octets.
    bad_question,   ///< A question goes past the end, or its name is malformed.
    bad_owner,      ///< The owner of a record is malformed.
    bad_record,     ///< A record goes past the end of the message.
    bad_opt,        ///< An OPT record whose owner or options are malformed (RFC 6891 section 6).
    misplaced_opt,  ///< An OPT record outside the additional section.
    more_than_one_opt,
};

/// A sentence part for messages: `a record goes past the end`.
[[nodiscard]] std::string_view describe(MessageErrc error);

/// An entry of the question section (RFC 1035 section 4.1.2).
struct Question {
    Name qname;
    std::uint16_t qtype = 0;
    std::uint16_t qclass = rr_class::in;

    /// Reads the question at `offset` and moves `offset` behind it; leaves it on error.
    [[nodiscard]] static std::expected<Question, MessageErrc>
    read(std::span<const std::uint8_t> message, std::size_t& offset);

    /// The same name, type and class; case does not count.
    friend bool operator==(const Question&, const Question&) = default;
};

/// A record where it stands in a message. Borrows the message. The owner was checked when the
/// record was read; what is inside the rdata was not (see expand_rdata() in rdata.hpp).
struct RecordView {
    std::span<const std::uint8_t> message;
    Section section = Section::answer;
    std::uint16_t type = 0;
    std::uint16_t rclass = 0;
    std::uint32_t ttl = 0;   ///< As on the wire: not clamped (RFC 2181 section 8).
    std::size_t offset = 0;  ///< Where the record begins, with its owner.
    std::size_t rdata_offset = 0;
    std::uint16_t rdata_size = 0;

    /// The owner, decompressed.
    [[nodiscard]] Name owner() const;

    /// The rdata as it stands there: names in it may be compressed.
    std::span<const std::uint8_t> rdata() const {
        return message.subspan(rdata_offset, rdata_size);
    }
    std::size_t end() const { return rdata_offset + rdata_size; }  ///< The offset just behind it.

    /// Whether both have the same section, owner, type and class, and so are of one RRset (RFC 2181
    /// section 5).
    bool same_rrset(const RecordView& other) const;
};

/// Walks a message from front to back: first the questions, then the records of all sections.
///
///     auto reader = MessageReader::open(octets);
///     auto question = reader->question();
///     for (auto record = reader->next(); record && *record; record = reader->next()) ...
///
/// After an error the walk is over and stays at the error.
class MessageReader {
public:
    /// Reads the header. The message must outlive the reader.
    [[nodiscard]] static std::expected<MessageReader, MessageErrc>
    open(std::span<const std::uint8_t> message);

    const Header& header() const { return header_; }

    /// The next question, or nothing after the last.
    [[nodiscard]] std::expected<std::optional<Question>, MessageErrc> question();

    /// The next record, or nothing after the last. Skips the questions that are left.
    [[nodiscard]] std::expected<std::optional<RecordView>, MessageErrc> next();

    /// The offset behind what was read. Behind the last record it is the size of the message, or
    /// octets follow that the header does not know of; whether to mind is the caller's choice.
    std::size_t offset() const { return offset_; }

private:
    MessageReader(std::span<const std::uint8_t> message, const Header& header);

    std::unexpected<MessageErrc> fail(MessageErrc error);
    bool skip_questions();

    std::span<const std::uint8_t> message_;
    Header header_;
    std::size_t offset_ = header_size;
    std::uint16_t questions_left_;
    std::size_t section_ = 0;
    std::uint16_t records_left_;
    std::optional<MessageErrc> error_;
};

}  // namespace loom::dns
