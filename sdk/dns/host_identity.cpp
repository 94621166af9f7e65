// SPDX-License-Identifier: Apache-2.0
// HIP: the tag and key of a host (RFC 8005 section 5).
#include "rdata_codecs.hpp"
#include "rdata_parser.hpp"

#include <dnsloom/dns/base_encoding.hpp>

namespace loom::dns {
namespace {

constexpr std::size_t header_size = 4;  // Tag size, algorithm, key size.

}  // namespace

std::size_t measure_host_identity(std::span<const std::uint8_t> octets) {
    if (octets.size() < header_size) return 0;
    const std::size_t tag_size = octets[0];
    const std::size_t key_size = load_u16(octets.data() + 2);
    const std::size_t size = header_size + tag_size + key_size;
    return tag_size != 0 && key_size != 0 && size <= octets.size() ? size : 0;
}

void append_host_identity(std::span<const std::uint8_t> octets, std::string& out) {
    const std::size_t tag_size = octets[0];
    out += std::to_string(octets[1]);
    out += ' ';
    append_base(Base::hex, octets.subspan(header_size, tag_size), out);
    out += ' ';
    append_base(Base::base64, octets.subspan(header_size + tag_size), out);
}

bool RdataParser::put_host_identity() {
    std::uint32_t algorithm = 0;
    set_field("algorithm");
    if (!read_number(255, algorithm)) return false;
    if (!out_->put_u8(0) || !out_->put_u8(algorithm) || !out_->put_u16(0)) return false;

    set_field("host identity tag");
    ZoneToken token = next();
    if (!put_word(Base::hex, token)) return false;
    const std::size_t tag_size = out_->size() - header_size;
    if (tag_size > 255) return fail("up to 510 hex digits", token);
    (*out_)[0] = static_cast<std::uint8_t>(tag_size);

    set_field("public key");
    token = next();
    if (!put_word(Base::base64, token)) return false;
    const std::size_t key_size = out_->size() - header_size - tag_size;
    (*out_)[2] = static_cast<std::uint8_t>(key_size >> 8U);
    (*out_)[3] = static_cast<std::uint8_t>(key_size);
    set_field("rendezvous server");
    return true;
}

}  // namespace loom::dns
