// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/edns.hpp>

#include <doctest/doctest.h>

#include <array>

namespace loom::dns {
namespace {

// Headers with the counts of the three sections.
const std::string with_additional = "0000 0000 0000 0000 0000 0001";
const std::string with_two = "0000 0000 0000 0000 0000 0002";
const std::string with_answer = "0000 0000 0000 0001 0000 0000";
const std::string with_authority = "0000 0000 0000 0000 0001 0000";
const std::string opt = "00 0029 04D0 00 00 8000 0000";
const std::string address = "00 0001 0001 00000000 0004 C0000201";

}  // namespace

TEST_CASE("dns/edns: find_opt: reads all fields") {
    const Octets message =
        octets_of(with_additional + "00 0029 04D0 01 02 8001 0008 0003 0000 000A 0000");

    const auto found = find_opt(message);

    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->udp_size == 1232);
    CHECK((*found)->extended_rcode == 1);
    CHECK((*found)->version == 2);
    CHECK((*found)->flags == 0x8001);
    CHECK((*found)->dnssec_ok());
    CHECK((*found)->size() == 19);
    CHECK((*found)->options.find(option_code::nsid));
    CHECK((*found)->options.find(option_code::cookie));
    CHECK_FALSE((*found)->options.find(option_code::padding));
}

TEST_CASE("dns/edns: find_opt: finds it among other records, or says that there is none") {
    CHECK(find_opt(octets_of(with_two + address + opt)).value());
    CHECK(find_opt(octets_of(with_two + opt + address)).value());
    CHECK_FALSE(find_opt(octets_of(with_additional + address)).value());
    CHECK_FALSE(find_opt(octets_of("0000 0000 0000 0000 0000 0000" + opt)).value());
}

TEST_CASE("dns/edns: find_opt: refuses what RFC 6891 does not allow") {
    struct Row {
        std::string message;
        MessageErrc error;
        const char* reason;
    };
    const Row rows[] = {
        {"0000", MessageErrc::no_header, "no message"},
        {with_two + opt + opt, MessageErrc::more_than_one_opt, "two"},
        {with_answer + opt, MessageErrc::misplaced_opt, "in the answer section"},
        {with_authority + opt, MessageErrc::misplaced_opt, "in the authority section"},
        {with_additional + "016100 0029 04D0 00 00 0000 0000",
         MessageErrc::bad_opt,
         "an owner other than the root"},
        {"0000 0000 0001 0000 0000 0001 00 0001 0001 C00C 0029 04D0 00 00 0000 0000",
         MessageErrc::bad_opt,
         "a pointer to a root"},
        {with_additional + "00 0029 04D0 00 00 0000 0001", MessageErrc::bad_record, "cut off"},
        {with_additional + "00 0029 04D0 00 00 0000 0003 000A00",
         MessageErrc::bad_opt,
         "an option without its size"},
        {with_additional + "00 0029 04D0 00 00 0000 0005 000A 0002 01",
         MessageErrc::bad_opt,
         "an option past the end of the record"},
        {with_two + "00 0029 04D0 00 00 0000 0004 000A 000B" + opt,
         MessageErrc::bad_opt,
         "an option past the end of the record, but not of the message"},
        {with_two + opt + "C00C", MessageErrc::bad_record, "something wrong behind it"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const auto found = find_opt(octets_of(row.message));
        REQUIRE_FALSE(found);
        CHECK(found.error() == row.error);
    }
}

TEST_CASE("dns/edns: write: gives the record back that was read") {
    const Octets message =
        octets_of(with_additional + "00 0029 0200 FF 01 7FFF 0009 0003 0005 6162636465");
    const auto found = find_opt(message);
    REQUIRE(found);
    Octets buffer(100);
    Writer writer{buffer};

    (*found)->write(writer);

    CHECK(writer.ok());
    CHECK(hex_of(writer.written()) == hex_of(std::span{message}.subspan(header_size)));
    CHECK(writer.size() == (*found)->size());
}

TEST_CASE("dns/edns: effective_udp_size: at least 512") {
    Opt record;
    for (const auto& [sent, meant] : {std::pair{0, 512}, {511, 512}, {512, 512}, {4096, 4096}}) {
        record.udp_size = static_cast<std::uint16_t>(sent);
        CHECK(record.effective_udp_size() == meant);
    }
}

TEST_CASE("dns/edns: rcode: is made of both parts") {
    Header header;
    Opt record;
    header.set_rcode(rcode::badcookie);
    record.set_rcode(rcode::badcookie);
    CHECK(header.rcode() == 7);
    CHECK(record.extended_rcode == 1);
    CHECK(record.rcode(header) == rcode::badcookie);
}

}  // namespace loom::dns
