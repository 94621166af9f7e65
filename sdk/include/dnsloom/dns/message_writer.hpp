// SPDX-License-Identifier: Apache-2.0
// Writing messages: into a caller's buffer, compressed, whole RRsets or nothing.
#pragma once

#include <dnsloom/dns/compression.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace loom::dns {

/// A record to be written. `rdata` is uncompressed. Borrows what it points at.
struct Record {
    NameView owner;
    std::uint16_t type = 0;
    std::uint16_t rclass = rr_class::in;
    std::uint32_t ttl = 0;
    std::span<const std::uint8_t> rdata;
};

/// All records of one owner, type and class (RFC 2181 section 5).
struct Rrset {
    NameView owner;
    std::uint16_t type = 0;
    std::uint16_t rclass = rr_class::in;
    std::uint32_t ttl = 0;
    std::span<const std::span<const std::uint8_t>> rdata;
};

/// Whether something was put into the message.
enum class Added : std::uint8_t {
    yes,
    no_room,     ///< It does not fit; nothing of it was written.
    wrong_order  ///< A later section was begun, or the message is truncated; nothing was written.
};

/// Builds a message from front to back.
///
///     MessageWriter writer{buffer, size_max};
///     writer.begin(query.header().response(), question);
///     writer.reserve(opt.size());
///     writer.add(Section::answer, rrset);
///     writer.add(opt);
///     std::size_t size = writer.finish();
///
/// An RRset that does not fit into the answer or authority section sets TC, and ends both: nothing
/// but OPT comes after it (RFC 2181 section 9). One that does not fit into the additional section
/// is left out silently. Glue of a referral is not optional (RFC 9471): set flag::tc in header()
/// when add() says no_room for it.
class MessageWriter {
public:
    /// Writes at most `size_max` octets, and no more than `buffer` or 65535.
    MessageWriter(std::span<std::uint8_t> buffer, std::size_t size_max);

    /// Begins the message. The counts of `header` do not matter. Says no_room when not even this
    /// fits: then there is no message.
    Added begin(const Header& header);
    Added begin(const Header& header, const Question& question);

    /// Adds a question; all of them come before the first record.
    Added add(const Question& question);

    /// Keeps `size` octets free for an OPT record or a TSIG record that comes last. Says no_room,
    /// and keeps nothing, when they are not there. Takes the place of an earlier reserve.
    Added reserve(std::size_t size);
    void release_reserve();

    /// Adds all records of an RRset, or none. Sections are filled in their order.
    Added add(Section section, const Rrset& rrset);

    /// Adds one record, as if it was an RRset of its own. To add many as one unit, take a mark()
    /// before the first and roll_back() to it when one has no room.
    Added add(Section section, const Record& record);

    /// Adds the OPT record to the additional section, into the room reserved, even when the message
    /// is truncated. The rest of the reserve is released.
    Added add(const Opt& opt);

    /// The header that finish() writes, but for its counts.
    Header& header() { return header_; }
    const Header& header() const { return header_; }

    /// Octets written so far, and octets that may still be written beside the reserve.
    std::size_t size() const { return writer_.size(); }
    std::size_t room() const;

    /// A place to go back to. Later marks are void after going back to an earlier one.
    struct Mark {
        Header header;
        std::size_t size;
        std::size_t names;
    };
    [[nodiscard]] Mark mark() const { return {header_, writer_.size(), names_.size()}; }
    void roll_back(const Mark& mark);

    /// Writes the header and returns the size of the message; 0 when begin() had no room. May be
    /// called again after more was added.
    std::size_t finish();

private:
    bool may_add(Section section) const;
    Added left_out(Section section, const Mark& mark);
    bool write_record(NameView owner, std::size_t owner_offset, const Record& record);
    void write_owner(NameView owner);
    void write_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata);

    Writer writer_;
    CompressionMap names_;
    Header header_;
    std::size_t size_max_;
    std::size_t reserve_ = 0;
    NameView qname_;  // The first question's, in the buffer; the root when there is none.
};

}  // namespace loom::dns
