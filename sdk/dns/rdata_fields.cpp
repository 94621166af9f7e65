// SPDX-License-Identifier: Apache-2.0
// The table of record types and their fields.
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/rdata_fields.hpp>

#include <array>

namespace loom::dns {
namespace {

using enum FieldKind;

constexpr std::array address4{Field{ipv4, "address"}};
constexpr std::array address6{Field{ipv6, "address"}};
constexpr std::array one_name{Field{name, "target"}};
constexpr std::array dname{Field{name_lowered, "target"}};
constexpr std::array soa{
    Field{name, "primary server"},
    Field{name, "mailbox"},
    Field{u32, "serial"},
    Field{ttl, "refresh"},
    Field{ttl, "retry"},
    Field{ttl, "expire"},
    Field{ttl, "minimum"},
};
constexpr std::array hinfo{Field{char_string, "CPU"}, Field{char_string, "OS"}};
constexpr std::array minfo{Field{name, "responsible mailbox"}, Field{name, "error mailbox"}};
constexpr std::array mx{Field{u16, "preference"}, Field{name, "exchange"}};
constexpr std::array strings{Field{char_strings, "text"}};
constexpr std::array rp{Field{name_expanded, "mailbox"}, Field{name_expanded, "text name"}};
constexpr std::array afsdb{Field{u16, "subtype"}, Field{name_expanded, "hostname"}};
constexpr std::array x25{Field{char_string, "PSDN address"}};
constexpr std::array isdn{Field{char_string, "ISDN address"}, Field{char_string_opt, "subaddress"}};
constexpr std::array rt{Field{u16, "preference"}, Field{name_expanded, "host"}};
constexpr std::array px{
    Field{u16, "preference"}, Field{name_expanded, "MAP822"}, Field{name_expanded, "MAPX400"}};
constexpr std::array gpos{
    Field{char_string, "longitude"},
    Field{char_string, "latitude"},
    Field{char_string, "altitude"}};
constexpr std::array loc{Field{location, "location"}};
constexpr std::array srv{
    Field{u16, "priority"},
    Field{u16, "weight"},
    Field{u16, "port"},
    Field{name_expanded, "target"}};
constexpr std::array naptr{
    Field{u16, "order"},
    Field{u16, "preference"},
    Field{char_string, "flags"},
    Field{char_string, "services"},
    Field{char_string, "regexp"},
    Field{name_expanded, "replacement"},
};
constexpr std::array kx{Field{u16, "preference"}, Field{name_lowered, "exchanger"}};
constexpr std::array cert{
    Field{cert_type, "certificate type"},
    Field{u16, "key tag"},
    Field{algorithm, "algorithm"},
    Field{base64, "certificate"},
};
constexpr std::array apl{Field{address_prefixes, "prefix"}};
constexpr std::array ds{
    Field{u16, "key tag"},
    Field{algorithm, "algorithm"},
    Field{u8, "digest type"},
    Field{hex, "digest"}};
constexpr std::array sshfp{
    Field{u8, "algorithm"}, Field{u8, "fingerprint type"}, Field{hex, "fingerprint"}};
constexpr std::array ipseckey{
    Field{u8, "precedence"},
    Field{u8, "gateway type"},
    Field{u8, "algorithm"},
    Field{gateway, "gateway"},
    Field{base64_opt, "public key"},
};
template <FieldKind signer_kind>
constexpr std::array signature{
    Field{type, "type covered"},
    Field{algorithm, "algorithm"},
    Field{u8, "labels"},
    Field{ttl, "original TTL"},
    Field{time, "expiration"},
    Field{time, "inception"},
    Field{u16, "key tag"},
    Field{signer_kind, "signer"},
    Field{base64, "signature"},
};
constexpr std::array nsec{Field{name_plain, "next name"}, Field{type_bitmap, "types"}};
template <FieldKind key_kind>
constexpr std::array key{
    Field{u16, "flags"},
    Field{u8, "protocol"},
    Field{algorithm, "algorithm"},
    Field{key_kind, "key"}};
constexpr std::array dhcid{Field{base64, "digest"}};
constexpr std::array nsec3{
    Field{u8, "hash algorithm"},
    Field{u8, "flags"},
    Field{u16, "iterations"},
    Field{salt, "salt"},
    Field{hash, "next hashed name"},
    Field{type_bitmap, "types"},
};
constexpr std::array nsec3param{
    Field{u8, "hash algorithm"}, Field{u8, "flags"}, Field{u16, "iterations"}, Field{salt, "salt"}};
constexpr std::array tlsa{
    Field{u8, "usage"}, Field{u8, "selector"}, Field{u8, "matching type"}, Field{hex, "data"}};
constexpr std::array hip{Field{host_identity, "host identity"}, Field{names, "rendezvous server"}};
constexpr std::array talink{Field{name_plain, "previous name"}, Field{name_plain, "next name"}};
constexpr std::array openpgpkey{Field{base64, "key"}};
constexpr std::array csync{Field{u32, "serial"}, Field{u16, "flags"}, Field{type_bitmap, "types"}};
constexpr std::array zonemd{
    Field{u32, "serial"}, Field{u8, "scheme"}, Field{u8, "hash algorithm"}, Field{hex, "digest"}};
constexpr std::array svcb{
    Field{u16, "priority"}, Field{name_plain, "target"}, Field{service_params, "parameters"}};
constexpr std::array nid{Field{u16, "preference"}, Field{locator64, "node identifier"}};
constexpr std::array l32{Field{u16, "preference"}, Field{ipv4, "locator"}};
constexpr std::array l64{Field{u16, "preference"}, Field{locator64, "locator"}};
constexpr std::array lp{Field{u16, "preference"}, Field{name_plain, "target"}};
constexpr std::array mac48{Field{eui48, "address"}};
constexpr std::array mac64{Field{eui64, "address"}};
constexpr std::array uri{Field{u16, "priority"}, Field{u16, "weight"}, Field{text, "target"}};
constexpr std::array caa{Field{u8, "flags"}, Field{tag, "tag"}, Field{text, "value"}};

struct Row {
    std::uint16_t code;
    std::span<const Field> fields;
};

// By code, as in the IANA registry; the RFC stands beside each row.
constexpr std::array rows{
    Row{rr_type::a, address4},                     // RFC 1035
    Row{rr_type::ns, one_name},                    // RFC 1035
    Row{rr_type::md, one_name},                    // RFC 1035
    Row{rr_type::mf, one_name},                    // RFC 1035
    Row{rr_type::cname, one_name},                 // RFC 1035
    Row{rr_type::soa, soa},                        // RFC 1035
    Row{rr_type::mb, one_name},                    // RFC 1035
    Row{rr_type::mg, one_name},                    // RFC 1035
    Row{rr_type::mr, one_name},                    // RFC 1035
    Row{rr_type::ptr, one_name},                   // RFC 1035
    Row{rr_type::hinfo, hinfo},                    // RFC 1035
    Row{rr_type::minfo, minfo},                    // RFC 1035
    Row{rr_type::mx, mx},                          // RFC 1035
    Row{rr_type::txt, strings},                    // RFC 1035
    Row{rr_type::rp, rp},                          // RFC 1183
    Row{rr_type::afsdb, afsdb},                    // RFC 1183
    Row{rr_type::x25, x25},                        // RFC 1183
    Row{rr_type::isdn, isdn},                      // RFC 1183
    Row{rr_type::rt, rt},                          // RFC 1183
    Row{rr_type::sig, signature<name_expanded>},   // RFC 2535
    Row{rr_type::key, key<base64_opt>},            // RFC 2535
    Row{rr_type::px, px},                          // RFC 2163
    Row{rr_type::gpos, gpos},                      // RFC 1712
    Row{rr_type::aaaa, address6},                  // RFC 3596
    Row{rr_type::loc, loc},                        // RFC 1876
    Row{rr_type::srv, srv},                        // RFC 2782
    Row{rr_type::naptr, naptr},                    // RFC 3403
    Row{rr_type::kx, kx},                          // RFC 2230
    Row{rr_type::cert, cert},                      // RFC 4398
    Row{rr_type::dname, dname},                    // RFC 6672
    Row{rr_type::apl, apl},                        // RFC 3123
    Row{rr_type::ds, ds},                          // RFC 4034
    Row{rr_type::sshfp, sshfp},                    // RFC 4255
    Row{rr_type::ipseckey, ipseckey},              // RFC 4025
    Row{rr_type::rrsig, signature<name_lowered>},  // RFC 4034
    Row{rr_type::nsec, nsec},                      // RFC 4034
    Row{rr_type::dnskey, key<base64>},             // RFC 4034
    Row{rr_type::dhcid, dhcid},                    // RFC 4701
    Row{rr_type::nsec3, nsec3},                    // RFC 5155
    Row{rr_type::nsec3param, nsec3param},          // RFC 5155
    Row{rr_type::tlsa, tlsa},                      // RFC 6698
    Row{rr_type::smimea, tlsa},                    // RFC 8162
    Row{rr_type::hip, hip},                        // RFC 8005
    Row{rr_type::ninfo, strings},
    Row{rr_type::talink, talink},
    Row{rr_type::cds, ds},                 // RFC 7344
    Row{rr_type::cdnskey, key<base64>},    // RFC 7344
    Row{rr_type::openpgpkey, openpgpkey},  // RFC 7929
    Row{rr_type::csync, csync},            // RFC 7477
    Row{rr_type::zonemd, zonemd},          // RFC 8976
    Row{rr_type::svcb, svcb},              // RFC 9460
    Row{rr_type::https, svcb},             // RFC 9460
    Row{rr_type::spf, strings},            // RFC 7208
    Row{rr_type::nid, nid},                // RFC 6742
    Row{rr_type::l32, l32},                // RFC 6742
    Row{rr_type::l64, l64},                // RFC 6742
    Row{rr_type::lp, lp},                  // RFC 6742
    Row{rr_type::eui48, mac48},            // RFC 7043
    Row{rr_type::eui64, mac64},            // RFC 7043
    Row{rr_type::uri, uri},                // RFC 7553
    Row{rr_type::caa, caa},                // RFC 8659
    Row{rr_type::avc, strings},
    Row{rr_type::resinfo, strings},  // RFC 9606
    Row{rr_type::dlv, ds},           // RFC 4431
};

constexpr std::size_t dense_codes = 262;
constexpr std::uint8_t no_row = 0xFF;
static_assert(rows.size() < no_row);

constexpr auto row_of_code = [] {
    std::array<std::uint8_t, dense_codes> index{};
    index.fill(no_row);
    for (std::size_t i = 0; i != rows.size(); ++i) {
        if (rows[i].code < dense_codes) index[rows[i].code] = static_cast<std::uint8_t>(i);
    }
    return index;
}();

}  // namespace

std::span<const Field> rdata_fields(std::uint16_t type) {
    if (type < dense_codes) {
        const std::uint8_t row = row_of_code[type];
        return row == no_row ? std::span<const Field>{} : rows[row].fields;
    }
    return type == rows.back().code ? rows.back().fields : std::span<const Field>{};
}

}  // namespace loom::dns
