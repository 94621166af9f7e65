// SPDX-License-Identifier: Apache-2.0
#include "padding.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace loom::forward;
namespace dns = loom::dns;

TEST_CASE("forward/padding: pad: a multiple of 128, and the options before stay") {
    for (std::size_t label = 1; label <= 63; ++label) {
        std::vector<std::uint8_t> name{static_cast<std::uint8_t>(label)};
        name.resize(1 + label, 'x');
        name.push_back(0);
        OutgoingQuery query;
        query.write({.qname = name, .qtype = 1});
        REQUIRE(query.add_option(8, std::vector<std::uint8_t>(label)));
        PaddedQuery room;
        const auto padded = pad(query, room);
        CHECK(padded.size() % padding_block == 0);
        CHECK(padded.size() < query.octets().size() + 4 + padding_block);

        auto reader = dns::MessageReader::open(padded);
        REQUIRE(reader.has_value());
        const auto record = reader->next();
        REQUIRE((record && *record));
        CHECK((*record)->end() == padded.size());
        CHECK(dns::Opt::read(**record).has_value());
    }
}

TEST_CASE("forward/padding: pad: a query without OPT stays as it is") {
    OutgoingQuery query;
    query.write({.qname = std::vector<std::uint8_t>{0}, .qtype = 1});
    query.drop_opt();
    PaddedQuery room;
    CHECK(pad(query, room).data() == query.octets().data());
}
