// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/truncate.hpp>

#include <doctest/doctest.h>

#include <algorithm>

namespace loom::dns {
namespace {

// Writes messages of records with the owner `NAME.example.`.
class Page {
public:
    Page() : buffer_(65535), writer_{buffer_, buffer_.size()} {
        Header header;
        header.set(flag::qr);
        writer_.begin(header, Question{name_of("www.example."), rr_type::a, rr_class::in});
    }

    Page& add(Section section, std::string_view owner, std::uint16_t type, unsigned count) {
        const Octets rdata = type == rr_type::aaaa ? Octets(16) : Octets{192, 0, 2, 1};
        const std::vector<std::span<const std::uint8_t>> views(count, rdata);
        const Name name = name_of(std::string{owner} + ".example.");
        REQUIRE(writer_.add(section, Rrset{name, type, rr_class::in, 60, views}) == Added::yes);
        return *this;
    }
    Page& add_ns(std::string_view owner, std::string_view target) {
        const Name zone = name_of(owner);
        const Name server = name_of(target);
        const Record record{zone, rr_type::ns, rr_class::in, 60, server.octets()};
        REQUIRE(writer_.add(Section::authority, record) == Added::yes);
        return *this;
    }
    Page& add_opt(std::size_t options_size = 0) {
        Octets options(options_size);
        if (options_size >= 4) {
            store_u16(options.data(), option_code::padding);
            store_u16(options.data() + 2, static_cast<std::uint16_t>(options_size - 4));
        }
        Opt opt;
        opt.udp_size = 1232;
        opt.options = EdnsOptions::check(options).value();
        REQUIRE(writer_.add(opt) == Added::yes);
        return *this;
    }
    Octets finish() {
        const std::size_t size = writer_.finish();
        return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)};
    }

private:
    Octets buffer_;
    MessageWriter writer_;
};

constexpr std::size_t question_end = 12 + 17;
constexpr std::size_t record_size = 16;  // An A record whose owner is a pointer.

struct Rest {
    std::size_t size = 0;
    Header header;
    std::string owners;  // With their types.
    bool has_opt = false;
};

// Truncates, and looks at what is left: it must be a sound message of that very size.
Rest cut(Octets message, std::size_t limit) {
    const auto size = truncate(message, limit);
    REQUIRE(size);
    REQUIRE(*size <= std::max(limit, header_size));
    message.resize(*size);
    Rest rest;
    rest.size = *size;
    auto reader = MessageReader::open(message);
    REQUIRE(reader);
    rest.header = reader->header();
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        rest.owners += (*record)->owner().to_string() + type_to_string((*record)->type) + ' ';
    }
    REQUIRE(reader->next().has_value());
    CHECK(reader->offset() == message.size());
    const auto opt = find_opt(message);
    REQUIRE(opt);
    rest.has_opt = opt->has_value();
    return rest;
}

}  // namespace

TEST_CASE("dns/truncate: a message that fits is left as it is") {
    const Octets message = Page{}.add(Section::answer, "www", rr_type::a, 3).add_opt().finish();
    Octets copy = message;
    CHECK(truncate(copy, message.size()).value() == message.size());
    CHECK(copy == message);

    // Octets behind the last record do not count.
    copy.resize(copy.size() + 100, 0xFF);
    CHECK(truncate(copy, message.size()).value() == message.size());
}

TEST_CASE("dns/truncate: at each size: whole RRsets from the front, TC, and OPT") {
    for (const bool with_opt : {false, true}) {
        Page page;
        page.add(Section::answer, "www", rr_type::a, 2);
        page.add(Section::answer, "www", rr_type::aaaa, 2);
        page.add(Section::authority, "www", rr_type::a, 1);
        page.add(Section::additional, "www", rr_type::a, 2);
        if (with_opt) page.add_opt(8);
        const Octets message = page.finish();
        const std::size_t opt_size = with_opt ? Opt::size_min + 8 : 0;
        const std::size_t ends[] = {
            question_end,
            question_end + 2 * record_size,
            question_end + 2 * record_size + 2 * 28,
            question_end + 3 * record_size + 2 * 28,
            question_end + 5 * record_size + 2 * 28,
        };
        const std::size_t counts[] = {0, 2, 4, 5, 7};
        REQUIRE(message.size() == ends[4] + opt_size);

        for (std::size_t limit = 0; limit <= message.size(); ++limit) {
            CAPTURE(limit);
            const Rest rest = cut(message, limit);
            const auto& records = rest.header.records;
            const std::size_t kept = records[0] + records[1] + records[2] - (rest.has_opt ? 1 : 0);
            if (limit < ends[0] + opt_size) {
                CHECK(rest.header.questions == 0);
                CHECK(kept == 0);
                CHECK(rest.has_opt == (with_opt && limit >= header_size + opt_size));
                CHECK(rest.header.has(flag::tc));
                continue;
            }
            std::size_t fits = 0;
            while (fits != 4 && ends[fits + 1] + opt_size <= limit) ++fits;
            CHECK(rest.header.questions == 1);
            CHECK(rest.size == ends[fits] + opt_size);
            CHECK(kept == counts[fits]);
            CHECK(rest.has_opt == with_opt);
            CHECK(rest.header.has(flag::tc) == (fits < 3));
        }
    }
}

TEST_CASE("dns/truncate: OPT stays where it is, or comes forward") {
    const Octets message = Page{}
                               .add(Section::answer, "www", rr_type::a, 1)
                               .add(Section::additional, "a", rr_type::a, 1)
                               .add_opt()
                               .add(Section::additional, "b.a", rr_type::a, 1)
                               .add(Section::additional, "b.a", rr_type::aaaa, 1)
                               .finish();
    CHECK(
        cut(message, message.size() - 1).owners == "www.example.A a.example.A .OPT b.a.example.A ");
    CHECK(cut(message, message.size() - 45).owners == "www.example.A a.example.A .OPT ");
    CHECK(cut(message, question_end + record_size + 20).owners == "www.example.A .OPT ");
    CHECK(cut(message, question_end + 11).owners == ".OPT ");
}

TEST_CASE("dns/truncate: without the authority section there are no additional records") {
    const Octets message = Page{}
                               .add(Section::authority, "www", rr_type::aaaa, 4)
                               .add(Section::additional, "www", rr_type::a, 1)
                               .finish();
    const Rest rest = cut(message, question_end + 50);
    CHECK(rest.owners.empty());
    CHECK(rest.header.has(flag::tc));
}

TEST_CASE("dns/truncate: glue that a referral needs sets TC, other addresses do not") {
    struct Row {
        const char* glue;
        std::uint16_t type;
        bool tc;
        const char* reason;
    };
    const Row rows[] = {
        {"ns.sub", rr_type::a, true, "below the delegation"},
        {"ns.sub", rr_type::aaaa, true, "below the delegation, IPv6"},
        {"sub", rr_type::a, true, "at the delegation"},
        {"ns.sibling", rr_type::a, false, "of a sibling (RFC 9471 section 3.2)"},
        {"ns.sub", rr_type::txt, false, "no address"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const Octets message = Page{}
                                   .add_ns("sub.example.", "ns.sub.example.")
                                   .add(Section::additional, row.glue, row.type, 1)
                                   .finish();
        CHECK(cut(message, message.size() - 1).header.has(flag::tc) == row.tc);
        CHECK_FALSE(cut(message, message.size()).header.has(flag::tc));
    }
}

TEST_CASE("dns/truncate: addresses beside an answer are no glue") {
    const Octets message = Page{}
                               .add(Section::answer, "www", rr_type::a, 1)
                               .add_ns("example.", "ns.example.")
                               .add(Section::additional, "ns", rr_type::a, 1)
                               .finish();
    const Rest rest = cut(message, message.size() - 1);
    CHECK_FALSE(rest.header.has(flag::tc));
    CHECK(rest.owners == "www.example.A example.NS ");
}

TEST_CASE("dns/truncate: a TSIG record does not survive") {
    const Octets message = Page{}
                               .add(Section::additional, "a", rr_type::a, 1)
                               .add_opt()
                               .add(Section::additional, "key", rr_type::tsig, 1)
                               .finish();
    CHECK(cut(message, message.size() - 1).owners == "a.example.A .OPT ");
    CHECK_FALSE(cut(message, message.size() - 1).header.has(flag::tc));
}

TEST_CASE("dns/truncate: a malformed message is refused and not changed") {
    const Octets good = Page{}.add(Section::answer, "www", rr_type::a, 3).add_opt().finish();
    struct Row {
        std::size_t at;
        std::uint8_t octet;
        MessageErrc error;
    };
    const Row rows[] = {
        {5, 2, MessageErrc::bad_question},  // The first record for a question, then half of one.
        {7, 4, MessageErrc::misplaced_opt},
        {11, 2, MessageErrc::bad_owner},
        {good.size() - 1, 1, MessageErrc::bad_record},
        {12, 0x7F, MessageErrc::bad_question},
    };
    for (const Row& row : rows) {
        CAPTURE(row.at);
        Octets message = good;
        message[row.at] = row.octet;
        const Octets before = message;
        const auto size = truncate(message, 40);
        REQUIRE_FALSE(size);
        if (row.at != 5) CHECK(size.error() == row.error);
        CHECK(message == before);
    }
    CHECK(truncate({}, 512).error() == MessageErrc::no_header);
}

}  // namespace loom::dns
