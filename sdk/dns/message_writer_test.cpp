// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <doctest/doctest.h>

#include <algorithm>

namespace loom::dns {
namespace {

// Rdata sets that outlive the writer, and the views of them that it wants.
class RdataSet {
public:
    explicit RdataSet(std::vector<Octets> rdata) : rdata_{std::move(rdata)} {
        for (const Octets& octets : rdata_) views_.emplace_back(octets);
    }

    Rrset rrset(NameView owner, std::uint16_t type) const {
        return {owner, type, rr_class::in, 60, views_};
    }

private:
    std::vector<Octets> rdata_;
    std::vector<std::span<const std::uint8_t>> views_;
};

Octets rdata_of(std::uint16_t type, std::string_view text) {
    const auto rdata = rdata_from_text(type, text, NameView{});
    REQUIRE(rdata);
    return *rdata;
}

struct Page {
    explicit Page(std::size_t size_max = 65535) : buffer(65535), writer{buffer, size_max} {}

    std::span<const std::uint8_t> finish() { return std::span{buffer}.first(writer.finish()); }

    // A line for each record; the counts of the header must be right.
    std::string lines() {
        const auto message = finish();
        auto reader = MessageReader::open(message);
        REQUIRE(reader);
        std::string text;
        Octets rdata(65535);
        for (auto record = reader->next(); record && *record; record = reader->next()) {
            const RecordView& view = **record;
            const auto size =
                expand_rdata(view.type, message, view.rdata_offset, view.rdata_size, rdata);
            REQUIRE(size);
            text += std::to_string(static_cast<int>(view.section)) + ' ' +
                    view.owner().to_string() + ' ' + type_to_string(view.type) + ' ' +
                    rdata_to_text(view.type, std::span{rdata}.first(*size)) + '\n';
        }
        CHECK(reader->next().has_value());
        CHECK(reader->offset() == message.size());
        return text;
    }

    Octets buffer;
    MessageWriter writer;
};

const RdataSet two_addresses{{{192, 0, 2, 1}, {192, 0, 2, 2}}};
constexpr std::size_t address_size = 16;  // Of a compressed A record.

Question question() { return {name_of("www.example."), rr_type::a, rr_class::in}; }
constexpr std::size_t question_end = 12 + 13 + 4;

}  // namespace

TEST_CASE("dns/message_writer: add: writes whole messages, compressed") {
    Page page;
    Header header;
    header.id = 0x1234;
    header.set(flag::rd);
    REQUIRE(page.writer.begin(header.response(), question()) == Added::yes);
    const Name owner = name_of("WWW.example.");
    const RdataSet servers{{rdata_of(rr_type::ns, "ns.example.")}};

    CHECK(page.writer.add(Section::answer, two_addresses.rrset(owner, rr_type::a)) == Added::yes);
    CHECK(
        page.writer.add(Section::authority, servers.rrset(name_of("example."), rr_type::ns)) ==
        Added::yes);
    CHECK(
        page.writer.add(
            Section::additional,
            Record{name_of("ns.example."), rr_type::a, rr_class::in, 5, Octets{192, 0, 2, 3}}) ==
        Added::yes);

    CHECK(
        hex_of(page.finish()) == "1234810000010002000100010377777707"
                                 "6578616D706C650000010001"
                                 "C00C000100010000003C0004C0000201"
                                 "C00C000100010000003C0004C0000202"
                                 "C010000200010000003C0005026E73C010"
                                 "C04900010001000000050004C0000203");
}

TEST_CASE("dns/message_writer: add: compresses the names of RFC 1035 types and no others") {
    struct Row {
        std::uint16_t type;
        const char* rdata;
        std::size_t size;
    };
    const Row rows[] = {
        {rr_type::ns, "a.example.", 4},
        {rr_type::cname, "www.example.", 2},
        {rr_type::ptr, "example.", 2},
        {rr_type::mx, "10 mx.example.", 7},
        {rr_type::soa, "ns.example. host.example. 1 2 3 4 5", 5 + 7 + 20},
        {rr_type::minfo, "a.example. a.example.", 6},
        {rr_type::srv, "1 2 3 www.example.", 6 + 13},
        {rr_type::dname, "www.example.", 13},
        {rr_type::rp, "www.example. example.", 13 + 9},
        {rr_type::naptr, "1 2 \"\" \"\" \"\" example.", 7 + 9},
        {rr_type::kx, "1 example.", 2 + 9},
        {rr_type::txt, "\"www.example.\"", 13},
    };
    for (const Row& row : rows) {
        CAPTURE(type_to_string(row.type));
        Page page;
        page.writer.begin(Header{}, question());
        const Octets rdata = rdata_of(row.type, row.rdata);
        const Name owner = name_of("www.example.");

        REQUIRE(
            page.writer.add(Section::answer, Record{owner, row.type, rr_class::in, 0, rdata}) ==
            Added::yes);

        CHECK(page.writer.size() == question_end + 12 + row.size);
        CHECK(
            page.lines() == "0 www.example. " + type_to_string(row.type) + ' ' + row.rdata + '\n');
    }
}

TEST_CASE("dns/message_writer: add: later records of an RRset point at the first") {
    Page page;
    page.writer.begin(Header{});
    page.writer.add(Section::answer, two_addresses.rrset(name_of("a.b."), rr_type::a));
    page.writer.add(Section::answer, two_addresses.rrset(NameView{}, rr_type::a));
    CHECK(page.writer.size() == 12 + (5 + 14) + (2 + 14) + (1 + 14) + (1 + 14));
    CHECK(
        page.lines() == "0 a.b. A 192.0.2.1\n0 a.b. A 192.0.2.2\n"
                        "0 . A 192.0.2.1\n0 . A 192.0.2.2\n");
}

TEST_CASE("dns/message_writer: add: owners beyond the reach of pointers are written out") {
    Page page;
    page.writer.begin(Header{}, question());
    const Octets filler(20'000);
    page.writer.add(Section::answer, Record{name_of("x."), 65280, rr_class::in, 0, filler});
    const std::size_t before = page.writer.size();
    page.writer.add(Section::answer, two_addresses.rrset(name_of("far."), rr_type::a));
    CHECK(page.writer.size() == before + 2 * (5 + 14));
    page.writer.add(Section::answer, two_addresses.rrset(name_of("www.example."), rr_type::a));
    CHECK(page.writer.size() == before + 2 * (5 + 14) + 2 * address_size);
    CHECK(page.lines().ends_with("0 far. A 192.0.2.1\n0 far. A 192.0.2.2\n"
                                 "0 www.example. A 192.0.2.1\n0 www.example. A 192.0.2.2\n"));
}

TEST_CASE("dns/message_writer: add: an RRset is written as a whole or not at all") {
    for (std::size_t size_max = question_end; size_max != 70; ++size_max) {
        CAPTURE(size_max);
        Page page{size_max};
        REQUIRE(page.writer.begin(Header{}, question()) == Added::yes);

        const Added added = page.writer.add(
            Section::answer, two_addresses.rrset(name_of("www.example."), rr_type::a));

        const bool fits = size_max >= question_end + 2 * address_size;
        CHECK(added == (fits ? Added::yes : Added::no_room));
        CHECK(page.writer.size() == question_end + (fits ? 2 * address_size : 0));
        CHECK(page.writer.header().has(flag::tc) == !fits);
        page.lines();
    }
}

TEST_CASE("dns/message_writer: add: after truncation there is nothing but OPT") {
    for (const Section section : {Section::answer, Section::authority}) {
        Page page{question_end + 30};
        page.writer.begin(Header{}, question());
        REQUIRE(page.writer.reserve(Opt::size_min) == Added::yes);
        const Name owner = name_of("www.example.");
        const Octets octets{192, 0, 2, 1};
        const Record one{owner, rr_type::a, rr_class::in, 60, octets};

        CHECK(page.writer.add(section, two_addresses.rrset(owner, rr_type::a)) == Added::no_room);

        // It would fit.
        for (const Section later : {Section::answer, Section::authority, Section::additional}) {
            CHECK(page.writer.add(later, one) == Added::wrong_order);
        }
        CHECK(page.writer.add(Opt{}) == Added::yes);
        CHECK(page.lines() == "2 . OPT \\# 0\n");
    }
}

TEST_CASE("dns/message_writer: add: what has no room in the additional section is left out") {
    Page page{question_end + 20};
    page.writer.begin(Header{}, question());
    const Name owner = name_of("www.example.");
    CHECK(
        page.writer.add(Section::additional, two_addresses.rrset(owner, rr_type::a)) ==
        Added::no_room);
    CHECK_FALSE(page.writer.header().has(flag::tc));
    const Octets octets{192, 0, 2, 1};
    CHECK(
        page.writer.add(Section::additional, Record{owner, rr_type::a, rr_class::in, 60, octets}) ==
        Added::yes);
}

TEST_CASE("dns/message_writer: add: keeps the order of the sections") {
    Page page;
    page.writer.begin(Header{});
    const Octets octets{192, 0, 2, 1};
    const Record record{NameView{}, rr_type::a, rr_class::in, 60, octets};
    CHECK(page.writer.add(question()) == Added::yes);
    CHECK(page.writer.add(Section::authority, record) == Added::yes);
    CHECK(page.writer.add(Section::answer, record) == Added::wrong_order);
    CHECK(page.writer.add(question()) == Added::wrong_order);
    CHECK(page.writer.add(Opt{}) == Added::yes);
    CHECK(page.writer.add(Section::authority, record) == Added::wrong_order);
    CHECK(page.writer.add(Section::additional, record) == Added::yes);
    CHECK(page.lines() == "1 . A 192.0.2.1\n2 . OPT \\# 0\n2 . A 192.0.2.1\n");
}

TEST_CASE("dns/message_writer: add: malformed rdata goes out as it is") {
    for (const char* rdata : {"", "00", "C00C", "000AC00C", "0361", "4161"}) {
        for (const std::uint16_t type : {rr_type::ns, rr_type::mx, rr_type::soa}) {
            Page page;
            page.writer.begin(Header{}, question());
            const Octets octets = octets_of(rdata);
            page.writer.add(Section::answer, Record{NameView{}, type, rr_class::in, 0, octets});
            CHECK(hex_of(page.finish().last(octets.size())) == rdata);
        }
    }
}

TEST_CASE("dns/message_writer: begin: needs room for the header and the question") {
    for (std::size_t size_max = 0; size_max != question_end; ++size_max) {
        Page page{size_max};
        CHECK(page.writer.begin(Header{}, question()) == Added::no_room);
        CHECK(page.writer.finish() == 0);
        CHECK(page.writer.add(question()) == Added::no_room);
        CHECK(page.writer.add(Opt{}) == Added::no_room);
        CHECK(
            page.writer.add(Section::answer, two_addresses.rrset(NameView{}, rr_type::a)) ==
            Added::no_room);
    }
    CHECK(Page{question_end}.writer.begin(Header{}, question()) == Added::yes);
}

TEST_CASE("dns/message_writer: begin: begins afresh") {
    Page page;
    page.writer.begin(Header{}, question());
    page.writer.reserve(100);
    page.writer.add(Section::answer, two_addresses.rrset(name_of("a.example."), rr_type::a));

    Header header;
    header.records = {7, 7, 7};
    page.writer.begin(header);
    page.writer.add(Section::answer, two_addresses.rrset(name_of("www.example."), rr_type::a));

    CHECK(page.writer.room() == 65535 - page.writer.size());
    CHECK(page.lines() == "0 www.example. A 192.0.2.1\n0 www.example. A 192.0.2.2\n");
}

TEST_CASE("dns/message_writer: begin: a truncated answer may have its question") {
    Page page;
    Header header;
    header.set(flag::tc);
    CHECK(page.writer.begin(header, question()) == Added::yes);
    CHECK(
        page.writer.add(Section::answer, two_addresses.rrset(NameView{}, rr_type::a)) ==
        Added::wrong_order);
    CHECK(page.finish().size() == question_end);
}

TEST_CASE("dns/message_writer: reserve: keeps room, which only OPT may use") {
    Page page{question_end + address_size + 20};
    page.writer.begin(Header{}, question());
    const std::size_t room = page.writer.room();
    CHECK(page.writer.reserve(room + 1) == Added::no_room);
    CHECK(page.writer.room() == room);
    CHECK(page.writer.reserve(20) == Added::yes);
    CHECK(page.writer.room() == address_size);
    const Octets octets{192, 0, 2, 1};
    const Name owner = name_of("www.example.");
    const Record record{owner, rr_type::a, rr_class::in, 60, octets};
    CHECK(page.writer.add(Section::answer, record) == Added::yes);
    CHECK(page.writer.room() == 0);

    const Octets options = octets_of("0003 0006 000000000000");
    Opt opt;
    opt.options = EdnsOptions::check(options).value();
    CHECK(page.writer.add(opt) == Added::no_room);
    CHECK(page.writer.room() == 0);
    opt.options = {};
    CHECK(page.writer.add(opt) == Added::yes);
    CHECK(page.writer.room() == 20 - Opt::size_min);

    page.writer.reserve(5);
    page.writer.release_reserve();
    CHECK(page.writer.room() == 20 - Opt::size_min);
}

TEST_CASE("dns/message_writer: roll_back: takes back records, names and TC") {
    Page page{600};
    page.writer.begin(Header{}, question());
    const auto mark = page.writer.mark();
    const std::string before = hex_of(page.finish());
    int added = 0;
    while (page.writer.add(
               Section::answer,
               two_addresses.rrset(
                   name_of("n" + std::to_string(added) + ".example."), rr_type::a)) == Added::yes) {
        ++added;
    }
    CHECK(added > 5);
    CHECK(page.writer.header().has(flag::tc));

    page.writer.roll_back(mark);

    CHECK(hex_of(page.finish()) == before);
    // A pointer to a name that was taken back would show here.
    page.writer.add(Section::answer, two_addresses.rrset(name_of("x.n1.example."), rr_type::a));
    CHECK(page.lines() == "0 x.n1.example. A 192.0.2.1\n0 x.n1.example. A 192.0.2.2\n");
}

TEST_CASE("dns/message_writer: roll_back: of the question forgets its name") {
    Page page;
    page.writer.begin(Header{});
    const auto mark = page.writer.mark();
    page.writer.add(question());
    page.writer.roll_back(mark);
    page.writer.add(Section::answer, two_addresses.rrset(name_of("www.example."), rr_type::a));
    CHECK(page.lines() == "0 www.example. A 192.0.2.1\n0 www.example. A 192.0.2.2\n");
}

TEST_CASE("dns/message_writer: finish: may be called again") {
    Page page;
    page.writer.begin(Header{}, question());
    CHECK(page.finish().size() == question_end);
    page.writer.header().set_rcode(rcode::nxdomain);
    page.writer.add(Opt{});
    CHECK(page.lines() == "2 . OPT \\# 0\n");
    CHECK(Header::read(page.finish())->rcode() == rcode::nxdomain);
}

}  // namespace loom::dns
