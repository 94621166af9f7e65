// SPDX-License-Identifier: Apache-2.0
// The walk over a message.
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

namespace loom::dns {

std::string_view describe(MessageErrc error) {
    switch (error) {
    case MessageErrc::no_header:
        return "the message is shorter than a header";
    case MessageErrc::too_long:
        return "the message is longer than 65535 octets";
    case MessageErrc::bad_question:
        return "a question is malformed";
    case MessageErrc::bad_owner:
        return "the owner of a record is malformed";
    case MessageErrc::bad_record:
        return "a record goes past the end";
    case MessageErrc::bad_opt:
        return "the OPT record is malformed";
    case MessageErrc::misplaced_opt:
        return "an OPT record is outside the additional section";
    case MessageErrc::more_than_one_opt:
        return "there is more than one OPT record";
    }
    return "the message is malformed";
}

std::expected<Question, MessageErrc>
Question::read(std::span<const std::uint8_t> message, std::size_t& offset) {
    std::size_t at = offset;
    const auto qname = Name::read(message, at);
    Reader reader{message, at};
    Question question;
    question.qtype = reader.u16();
    question.qclass = reader.u16();
    if (!qname || !reader.ok()) return std::unexpected{MessageErrc::bad_question};
    question.qname = *qname;
    offset = reader.offset();
    return question;
}

Name RecordView::owner() const {
    std::size_t at = offset;
    return Name::read(message, at).value_or(Name{});
}

bool RecordView::same_rrset(const RecordView& other) const {
    if (section != other.section || type != other.type || rclass != other.rclass) return false;
    // Mostly both owners are the same pointer, and need not be read.
    constexpr unsigned pointer_bits = 0xC000;
    const unsigned front = load_u16(message.data() + offset);
    const bool same_pointer = front >= pointer_bits && message.data() == other.message.data() &&
                              front == load_u16(other.message.data() + other.offset);
    return same_pointer || owner().equals(other.owner());
}

MessageReader::MessageReader(std::span<const std::uint8_t> message, const Header& header)
    : message_{message},
      header_{header},
      questions_left_{header.questions},
      records_left_{header.records[0]} {}

std::expected<MessageReader, MessageErrc>
MessageReader::open(std::span<const std::uint8_t> message) {
    const auto header = Header::read(message);
    if (!header) return std::unexpected{MessageErrc::no_header};
    if (message.size() > message_size_max) return std::unexpected{MessageErrc::too_long};
    return MessageReader{message, *header};
}

std::expected<std::optional<Question>, MessageErrc> MessageReader::question() {
    if (error_) return std::unexpected{*error_};
    if (questions_left_ == 0) return std::nullopt;
    auto question = Question::read(message_, offset_);
    if (!question) return fail(question.error());
    --questions_left_;
    return *question;
}

std::expected<std::optional<RecordView>, MessageErrc> MessageReader::next() {
    if (error_ || !skip_questions()) return std::unexpected{*error_};
    while (records_left_ == 0) {
        if (section_ + 1 == sections) return std::nullopt;
        records_left_ = header_.records[++section_];
    }

    RecordView record;
    record.message = message_;
    record.section = static_cast<Section>(section_);
    record.offset = offset_;
    std::size_t at = offset_;
    if (!Name::skip(message_, at)) return fail(MessageErrc::bad_owner);
    Reader reader{message_, at};
    record.type = reader.u16();
    record.rclass = reader.u16();
    record.ttl = reader.u32();
    record.rdata_size = reader.u16();
    record.rdata_offset = reader.offset();
    reader.skip(record.rdata_size);
    if (!reader.ok()) return fail(MessageErrc::bad_record);
    offset_ = reader.offset();
    --records_left_;
    return record;
}

std::unexpected<MessageErrc> MessageReader::fail(MessageErrc error) {
    error_ = error;
    return std::unexpected{error};
}

bool MessageReader::skip_questions() {
    constexpr std::size_t type_and_class_size = 4;
    for (; questions_left_ != 0; --questions_left_) {
        std::size_t at = offset_;
        if (!Name::skip(message_, at) || message_.size() - at < type_and_class_size) {
            error_ = MessageErrc::bad_question;
            return false;
        }
        offset_ = at + type_and_class_size;
    }
    return true;
}

}  // namespace loom::dns
