// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/message.hpp>

#include <doctest/doctest.h>

namespace loom::dns {
namespace {

// A response: question `www.example. A`, two A records, NS, and an A record of additional data.
constexpr const char* response = "1234 8400 0001 0002 0001 0001"
                                 "03777777 076578616D706C65 00 0001 0001"    // 12
                                 "C00C 0001 0001 0000003C 0004 C0000201"     // 29
                                 "C00C 0001 0001 0000003C 0004 C0000202"     // 45
                                 "C010 0002 0001 00000E10 0005 026E73 C010"  // 61
                                 "C049 0001 0001 FFFFFFFF 0004 C0000203";    // 78
constexpr std::size_t ns_target_at = 0x49;

MessageErrc walk_error(const Octets& message) {
    auto reader = MessageReader::open(message);
    if (!reader) return reader.error();
    for (;;) {
        const auto record = reader->next();
        if (record) {
            REQUIRE(*record);
            continue;
        }
        // The walk stays at the error.
        CHECK(reader->next().error() == record.error());
        CHECK(reader->question().error() == record.error());
        return record.error();
    }
}

}  // namespace

TEST_CASE("dns/message: walk: gives questions, then the records of all sections") {
    const Octets message = octets_of(response);
    auto reader = MessageReader::open(message);
    REQUIRE(reader);

    const auto question = reader->question();
    REQUIRE(question);
    REQUIRE(*question);
    CHECK((*question)->qname.to_string() == "www.example.");
    CHECK((*question)->qtype == rr_type::a);
    CHECK((*question)->qclass == rr_class::in);
    CHECK_FALSE(reader->question().value());

    std::string text;
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        const RecordView& view = **record;
        text += std::to_string(static_cast<int>(view.section)) + ' ' + view.owner().to_string() +
                ' ' + std::to_string(view.type) + ' ' + std::to_string(view.ttl) + ' ' +
                std::to_string(view.offset) + ".." + std::to_string(view.end()) + ' ' +
                hex_of(view.rdata()) + '\n';
    }
    CHECK(
        text == "0 www.example. 1 60 29..45 C0000201\n"
                "0 www.example. 1 60 45..61 C0000202\n"
                "1 example. 2 3600 61..78 026E73C010\n"
                "2 ns.example. 1 4294967295 78..94 C0000203\n");
    CHECK(ns_target_at == 73);
    CHECK(reader->offset() == message.size());
    CHECK_FALSE(reader->next().value());
}

TEST_CASE("dns/message: walk: skips questions that nobody asked for") {
    const Octets message = octets_of(response);
    auto reader = MessageReader::open(message);
    const auto record = reader->next();
    REQUIRE(record);
    CHECK((*record)->offset == 29);
    CHECK_FALSE(reader->question().value());
}

TEST_CASE("dns/message: walk: an empty message has nothing, and more octets are left alone") {
    const Octets message = octets_of("0000 0000 0000 0000 0000 0000 FF");
    auto reader = MessageReader::open(message);
    REQUIRE(reader);
    CHECK_FALSE(reader->question().value());
    CHECK_FALSE(reader->next().value());
    CHECK(reader->offset() == header_size);
}

TEST_CASE("dns/message: walk: cut anywhere, it ends with an error") {
    const Octets message = octets_of(response);
    for (std::size_t size = 0; size != message.size(); ++size) {
        CAPTURE(size);
        const Octets cut{message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)};
        const MessageErrc error = walk_error(cut);
        if (size < 12) {
            CHECK(error == MessageErrc::no_header);
        } else if (size < 29) {
            CHECK(error == MessageErrc::bad_question);
        } else {
            const bool in_owner = size == 29 || size == 30 || size == 45 || size == 46 ||
                                  size == 61 || size == 62 || size == 78 || size == 79;
            CHECK(error == (in_owner ? MessageErrc::bad_owner : MessageErrc::bad_record));
        }
    }
}

TEST_CASE("dns/message: walk: refuses hostile messages") {
    struct Row {
        const char* message;
        MessageErrc error;
        const char* reason;
    };
    const Row rows[] = {
        {"0000 0000 0001 0000 0000 0000 C00C 0001 0001",
         MessageErrc::bad_question,
         "a question that points at itself"},
        {"0000 0000 FFFF 0000 0000 0000 00 0001 0001",
         MessageErrc::bad_question,
         "a count of questions that are not there"},
        {"0000 0000 0000 FFFF 0000 0000", MessageErrc::bad_owner, "records that are not there"},
        {"0000 0000 0000 0000 0000 0001 C00E 0001 0001 00000000 0000",
         MessageErrc::bad_owner,
         "an owner that points forwards"},
        {"0000 0000 0000 0000 0001 0000 00 0001 0001 00000000 0001",
         MessageErrc::bad_record,
         "rdata past the end"},
        {"0000 0000 0000 0000 0001 0000 00 0001 0001 00000000 FFFF 00",
         MessageErrc::bad_record,
         "the largest size of rdata"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        CHECK(walk_error(octets_of(row.message)) == row.error);
    }
}

TEST_CASE("dns/message: open: 65535 octets are a message, 65536 are not") {
    CHECK(MessageReader::open(Octets(65535)));
    CHECK(MessageReader::open(Octets(65536)).error() == MessageErrc::too_long);
}

TEST_CASE("dns/message: question: read leaves the offset on error") {
    const Octets message = octets_of("0161 00 0001 00");
    std::size_t offset = 0;
    CHECK(Question::read(message, offset).error() == MessageErrc::bad_question);
    CHECK(offset == 0);
}

TEST_CASE("dns/message: questions: are equal in any case, but with another type they are not") {
    const Question question{name_of("a.b."), rr_type::a, rr_class::in};
    CHECK(question == Question{name_of("A.B."), rr_type::a, rr_class::in});
    CHECK_FALSE(question == Question{name_of("a.b."), rr_type::ns, rr_class::in});
    CHECK_FALSE(question == Question{name_of("a.b."), rr_type::a, rr_class::ch});
    CHECK_FALSE(question == Question{name_of("b."), rr_type::a, rr_class::in});
}

TEST_CASE("dns/message: same_rrset: section, owner, type and class") {
    // `a.`, a pointer to it, `A.`, other owner, other type, other class.
    const Octets message = octets_of("0000 0000 0000 0006 0001 0000"
                                     "016100 0001 0001 00000000 0000"
                                     "C00C 0001 0001 00000000 0000"
                                     "014100 0001 0001 00000000 0000"
                                     "016200 0001 0001 00000000 0000"
                                     "C00C 0002 0001 00000000 0000"
                                     "C00C 0001 0003 00000000 0000"
                                     "C00C 0001 0001 00000000 0000");
    auto reader = MessageReader::open(message);
    std::vector<RecordView> records;
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        records.push_back(**record);
    }
    REQUIRE(records.size() == 7);
    for (std::size_t i = 0; i != records.size(); ++i) {
        CAPTURE(i);
        CHECK(records[0].same_rrset(records[i]) == (i < 3));
        CHECK(records[i].same_rrset(records[0]) == (i < 3));
        CHECK(records[i].same_rrset(records[i]));
    }
}

}  // namespace loom::dns
