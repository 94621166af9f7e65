// SPDX-License-Identifier: Apache-2.0
// Builds a message from front to back.
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/name_layout.hpp>

#include <algorithm>

namespace loom::dns {
namespace {

constexpr std::uint16_t pointer_bits = 0xC000;
constexpr std::size_t pointer_offset_max = 0x3FFF;

std::span<std::uint8_t> bounded(std::span<std::uint8_t> buffer, std::size_t size_max) {
    return buffer.first(std::min({buffer.size(), size_max, message_size_max}));
}

}  // namespace

MessageWriter::MessageWriter(std::span<std::uint8_t> buffer, std::size_t size_max)
    : writer_{bounded(buffer, size_max)}, size_max_{bounded(buffer, size_max).size()} {}

Added MessageWriter::begin(const Header& header) {
    names_.roll_back(0);
    writer_.roll_back(0);
    reserve_ = 0;
    qname_ = {};
    header_ = header;
    header_.questions = 0;
    header_.records = {};
    writer_.zeros(header_size);
    if (writer_.ok()) return Added::yes;
    writer_.roll_back(0);
    return Added::no_room;
}

Added MessageWriter::begin(const Header& header, const Question& question) {
    if (begin(header) != Added::yes) return Added::no_room;
    const Added added = add(question);
    if (added != Added::yes) writer_.roll_back(0);
    return added;
}

Added MessageWriter::add(const Question& question) {
    if (size() == 0) return Added::no_room;
    if (header_.records != decltype(header_.records){}) return Added::wrong_order;
    const Mark before = mark();
    names_.write(writer_, question.qname);
    writer_.u16(question.qtype);
    writer_.u16(question.qclass);
    if (!writer_.ok() || size() + reserve_ > size_max_) {
        roll_back(before);
        return Added::no_room;
    }
    // The first name of a message is never compressed.
    if (header_.questions++ == 0) {
        const auto written = writer_.written().subspan(before.size, question.qname.size());
        qname_ = NameView::from_trusted(written);
    }
    return Added::yes;
}

Added MessageWriter::reserve(std::size_t size) {
    reserve_ = 0;
    if (room() < size) return Added::no_room;
    reserve_ = size;
    return Added::yes;
}

void MessageWriter::release_reserve() { reserve_ = 0; }

std::size_t MessageWriter::room() const {
    const std::size_t free = writer_.room();
    return free > reserve_ ? free - reserve_ : 0;
}

Added MessageWriter::add(Section section, const Rrset& rrset) {
    if (size() == 0) return Added::no_room;
    if (!may_add(section)) return Added::wrong_order;
    const Mark before = mark();
    for (const auto rdata : rrset.rdata) {
        const Record record{rrset.owner, rrset.type, rrset.rclass, rrset.ttl, rdata};
        if (!write_record(rrset.owner, before.size, record)) return left_out(section, before);
        ++header_.records[static_cast<std::size_t>(section)];
    }
    return Added::yes;
}

Added MessageWriter::add(Section section, const Record& record) {
    const std::span<const std::uint8_t> rdata[] = {record.rdata};
    return add(section, Rrset{record.owner, record.type, record.rclass, record.ttl, rdata});
}

Added MessageWriter::add(const Opt& opt) {
    if (size() == 0) return Added::no_room;
    const Mark before = mark();
    opt.write(writer_);
    if (!writer_.ok()) {
        roll_back(before);
        return Added::no_room;
    }
    ++header_.records[static_cast<std::size_t>(Section::additional)];
    reserve_ = 0;
    return Added::yes;
}

void MessageWriter::roll_back(const Mark& mark) {
    header_ = mark.header;
    names_.roll_back(mark.names);
    writer_.roll_back(mark.size);
    if (header_.questions == 0) qname_ = {};
}

std::size_t MessageWriter::finish() {
    if (size() == 0) return 0;
    writer_.patch_u16(0, header_.id);
    writer_.patch_u16(2, header_.bits);
    writer_.patch_u16(4, header_.questions);
    for (std::size_t i = 0; i != sections; ++i) writer_.patch_u16(6 + 2 * i, header_.records[i]);
    return size();
}

bool MessageWriter::may_add(Section section) const {
    if (header_.has(flag::tc)) return false;
    const auto later = header_.records.begin() + static_cast<std::ptrdiff_t>(section) + 1;
    return std::all_of(
        later, header_.records.end(), [](std::uint16_t count) { return count == 0; });
}

Added MessageWriter::left_out(Section section, const Mark& mark) {
    roll_back(mark);
    if (section != Section::additional) header_.set(flag::tc);
    return Added::no_room;
}

// `owner_offset` is where the first record of the RRset has its owner.
bool MessageWriter::write_record(NameView owner, std::size_t owner_offset, const Record& record) {
    const bool first = owner_offset == size();
    const std::uint8_t* const written = writer_.written().data() + owner_offset;
    if (first || owner.is_root()) {
        write_owner(owner);
    } else if (*written > label_size_max) {
        writer_.u16(load_u16(written));
    } else if (owner_offset <= pointer_offset_max) {
        writer_.u16(static_cast<std::uint16_t>(pointer_bits | owner_offset));
    } else {
        write_owner(owner);
    }
    writer_.u16(record.type);
    writer_.u16(record.rclass);
    writer_.u32(record.ttl);
    write_rdata(record.type, record.rdata);
    return writer_.ok() && size() + reserve_ <= size_max_;
}

// The owner is the name in the question most of the time: that needs no lookup of its labels.
void MessageWriter::write_owner(NameView owner) {
    if (!owner.is_root() && owner.equals(qname_)) {
        writer_.u16(pointer_bits | header_size);
    } else {
        names_.write(writer_, owner);
    }
}

void MessageWriter::write_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    const std::size_t size_at = size();
    const NameLayout layout = name_layout(type);
    std::size_t at = 0;
    writer_.u16(0);
    if (layout.use == NameUse::compressible && rdata.size() >= layout.fixed_size) {
        at = layout.fixed_size;
        writer_.bytes(rdata.first(at));
        for (unsigned i = 0; i != layout.names; ++i) {
            // Rdata that nobody checked is none of our business: it goes out as it is.
            const auto name = NameView::check(rdata.subspan(at));
            if (!name) break;
            names_.write(writer_, *name);
            at += name->size();
        }
    }
    writer_.bytes(rdata.subspan(at));
    if (writer_.ok()) {
        writer_.patch_u16(size_at, static_cast<std::uint16_t>(size() - size_at - 2));
    }
}

}  // namespace loom::dns
