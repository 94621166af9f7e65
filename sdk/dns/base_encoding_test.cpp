// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/dns/base_encoding.hpp>

#include <doctest/doctest.h>

#include <string>

namespace loom::dns {
namespace {

std::string encoded(Base base, std::string_view text) {
    std::string out;
    append_base(base, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, out);
    return out;
}

std::string decoded(Base base, std::string_view text) {
    const auto octets = decode_base(base, text);
    return octets ? std::string{octets->begin(), octets->end()} : "refused";
}

struct Vector {
    const char* plain;
    const char* base64;
    const char* base64url;
    const char* base32hex;
    const char* hex;
};

// RFC 4648 section 10, without padding where DNS has none.
constexpr Vector vectors[] = {
    {"", "", "", "", ""},
    {"f", "Zg==", "Zg", "CO", "66"},
    {"fo", "Zm8=", "Zm8", "CPNG", "666F"},
    {"foo", "Zm9v", "Zm9v", "CPNMU", "666F6F"},
    {"foob", "Zm9vYg==", "Zm9vYg", "CPNMUOG", "666F6F62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "CPNMUOJ1", "666F6F6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "CPNMUOJ1E8", "666F6F626172"},
    {"\xFB\xFF", "+/8=", "-_8", "VFVG", "FBFF"},
};

}  // namespace

TEST_CASE("dns/base_encoding: both ways: the vectors of RFC 4648") {
    for (const Vector& vector : vectors) {
        CAPTURE(vector.plain);

        CHECK(encoded(Base::base64, vector.plain) == vector.base64);
        CHECK(encoded(Base::base64url, vector.plain) == vector.base64url);
        CHECK(encoded(Base::base32hex, vector.plain) == vector.base32hex);
        CHECK(encoded(Base::hex, vector.plain) == vector.hex);
        CHECK(decoded(Base::base64, vector.base64) == vector.plain);
        CHECK(decoded(Base::base64url, vector.base64url) == vector.plain);
        CHECK(decoded(Base::base32hex, vector.base32hex) == vector.plain);
        CHECK(decoded(Base::hex, vector.hex) == vector.plain);
    }
}

TEST_CASE("dns/base_encoding: decode: either case where case has no meaning") {
    CHECK(decoded(Base::hex, "666f6F") == "foo");
    CHECK(decoded(Base::base32hex, "cpnmu") == "foo");
}

TEST_CASE("dns/base_encoding: decode: refuses what no encoder writes") {
    struct Row {
        Base base;
        const char* text;
        const char* reason;
    };
    constexpr Row rows[] = {
        {Base::base64, "Zg", "no padding"},
        {Base::base64, "Zg=", "padding cut off"},
        {Base::base64, "Zg===", "padding too long"},
        {Base::base64, "Zm9v====", "padding of nothing"},
        {Base::base64, "Zh==", "stray bits"},
        {Base::base64, "Z", "one digit"},
        {Base::base64, "Zg==Zg==", "digits after padding"},
        {Base::base64, "Zm 9v", "space"},
        {Base::base64, "-_8=", "the alphabet for URLs"},
        {Base::base64url, "+/8", "the alphabet of base64"},
        {Base::base64url, "Zg==", "padding"},
        {Base::base32hex, "CP", "stray bits"},
        {Base::base32hex, "C", "one digit"},
        {Base::base32hex, "CPN", "a digit too many"},
        {Base::base32hex, "CW", "not in the alphabet"},
        {Base::hex, "6", "half an octet"},
        {Base::hex, "6g", "not hex"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(decoded(row.base, row.text) == "refused");
    }
}

TEST_CASE("dns/base_encoding: decoder: digits may come in any pieces") {
    BaseDecoder decoder{Base::base64};
    std::string out(8, '\0');
    auto* at = reinterpret_cast<std::uint8_t*>(out.data());

    std::size_t size = 0;
    for (const std::string_view piece : {"Z", "m9", "vYg", "=", "="}) {
        const auto written = decoder.feed(piece, at + size);
        REQUIRE(written);
        size += *written;
    }

    CHECK(decoder.finish());
    CHECK(out.substr(0, size) == "foob");
}

}  // namespace loom::dns
