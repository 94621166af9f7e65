// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/dns/codes.hpp>

#include <doctest/doctest.h>

namespace loom::dns {

TEST_CASE("dns/codes: types: both ways, for every code") {
    for (unsigned code = 0; code != 65536; ++code) {
        const auto type = static_cast<std::uint16_t>(code);
        if (type_from_string(type_to_string(type)) != type) FAIL(type_to_string(type));
        if (type_from_string("TYPE" + std::to_string(code)) != type) FAIL(code);
    }
    CHECK(type_to_string(rr_type::a) == "A");
    CHECK(type_to_string(rr_type::nsap_ptr) == "NSAP-PTR");
    CHECK(type_to_string(rr_type::https) == "HTTPS");
    CHECK(type_to_string(rr_type::any) == "ANY");
    CHECK(type_to_string(rr_type::dlv) == "DLV");
    CHECK(type_to_string(65280) == "TYPE65280");
    CHECK(type_to_string(0) == "TYPE0");
}

TEST_CASE("dns/codes: from text: in either case, and nothing but the whole") {
    CHECK(type_from_string("aaaa") == rr_type::aaaa);
    CHECK(type_from_string("Nsec3Param") == rr_type::nsec3param);
    CHECK(type_from_string("type1") == rr_type::a);
    for (const char* text :
         {"",
          "*",
          "A ",
          "AAAAA",
          "TYPE",
          "TYPE65536",
          "TYPE-1",
          "TYPE+1",
          "TYPE1x",
          "TYPE 1",
          "1"}) {
        CAPTURE(text);
        CHECK_FALSE(type_from_string(text));
    }
    CHECK(class_from_string("ch") == rr_class::ch);
    CHECK(class_from_string("CLASS32") == 32);
    CHECK(class_from_string("any") == rr_class::any);
    CHECK(opcode_from_string("notify") == opcode::notify);
    CHECK(opcode_from_string("OPCODE15") == 15);
    CHECK_FALSE(opcode_from_string("OPCODE256"));
    CHECK(rcode_from_string("NxDomain") == rcode::nxdomain);
    CHECK(option_from_string("cookie") == option_code::cookie);
    CHECK(ede_from_string("stale answer") == ede_code::stale_answer);
}

TEST_CASE("dns/codes: to text: the other registries, with and without a mnemonic") {
    CHECK(class_to_string(rr_class::in) == "IN");
    CHECK(class_to_string(2) == "CLASS2");
    CHECK(opcode_to_string(opcode::query) == "QUERY");
    CHECK(opcode_to_string(3) == "OPCODE3");
    CHECK(rcode_to_string(rcode::servfail) == "SERVFAIL");
    CHECK(rcode_to_string(12) == "RCODE12");
    CHECK(option_to_string(option_code::client_subnet) == "CLIENT-SUBNET");
    CHECK(option_to_string(65001) == "OPTION65001");
    CHECK(ede_to_string(ede_code::blocked) == "Blocked");
    CHECK(ede_to_string(31) == "EDE31");
}

TEST_CASE("dns/codes: rcodes: 16 is BADVERS, and may be called BADSIG") {
    CHECK(rcode_to_string(16) == "BADVERS");
    CHECK(rcode_from_string("BADVERS") == 16);
    CHECK(rcode_from_string("BADSIG") == 16);
}

TEST_CASE("dns/codes: is_meta_type: OPT and what is for questions") {
    for (const auto type : {rr_type::opt, rr_type::nxname, rr_type::tsig, rr_type::any}) {
        CHECK(is_meta_type(type));
    }
    for (const auto type : {rr_type::a, rr_type::eui64, rr_type::uri, rr_type::ta}) {
        CHECK_FALSE(is_meta_type(type));
    }
}

}  // namespace loom::dns
