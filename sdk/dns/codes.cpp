// SPDX-License-Identifier: Apache-2.0
// Mnemonics of the code points.
#include "letter_case.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace loom::dns {
namespace {

struct Mnemonic {
    std::uint16_t code;
    std::string_view text;
};

// By code, so that it can be found by halving.
constexpr auto types = std::to_array<Mnemonic>({
    {rr_type::a, "A"},
    {rr_type::ns, "NS"},
    {rr_type::md, "MD"},
    {rr_type::mf, "MF"},
    {rr_type::cname, "CNAME"},
    {rr_type::soa, "SOA"},
    {rr_type::mb, "MB"},
    {rr_type::mg, "MG"},
    {rr_type::mr, "MR"},
    {rr_type::null, "NULL"},
    {rr_type::wks, "WKS"},
    {rr_type::ptr, "PTR"},
    {rr_type::hinfo, "HINFO"},
    {rr_type::minfo, "MINFO"},
    {rr_type::mx, "MX"},
    {rr_type::txt, "TXT"},
    {rr_type::rp, "RP"},
    {rr_type::afsdb, "AFSDB"},
    {rr_type::x25, "X25"},
    {rr_type::isdn, "ISDN"},
    {rr_type::rt, "RT"},
    {rr_type::nsap, "NSAP"},
    {rr_type::nsap_ptr, "NSAP-PTR"},
    {rr_type::sig, "SIG"},
    {rr_type::key, "KEY"},
    {rr_type::px, "PX"},
    {rr_type::gpos, "GPOS"},
    {rr_type::aaaa, "AAAA"},
    {rr_type::loc, "LOC"},
    {rr_type::nxt, "NXT"},
    {rr_type::eid, "EID"},
    {rr_type::nimloc, "NIMLOC"},
    {rr_type::srv, "SRV"},
    {rr_type::atma, "ATMA"},
    {rr_type::naptr, "NAPTR"},
    {rr_type::kx, "KX"},
    {rr_type::cert, "CERT"},
    {rr_type::a6, "A6"},
    {rr_type::dname, "DNAME"},
    {rr_type::sink, "SINK"},
    {rr_type::opt, "OPT"},
    {rr_type::apl, "APL"},
    {rr_type::ds, "DS"},
    {rr_type::sshfp, "SSHFP"},
    {rr_type::ipseckey, "IPSECKEY"},
    {rr_type::rrsig, "RRSIG"},
    {rr_type::nsec, "NSEC"},
    {rr_type::dnskey, "DNSKEY"},
    {rr_type::dhcid, "DHCID"},
    {rr_type::nsec3, "NSEC3"},
    {rr_type::nsec3param, "NSEC3PARAM"},
    {rr_type::tlsa, "TLSA"},
    {rr_type::smimea, "SMIMEA"},
    {rr_type::hip, "HIP"},
    {rr_type::ninfo, "NINFO"},
    {rr_type::rkey, "RKEY"},
    {rr_type::talink, "TALINK"},
    {rr_type::cds, "CDS"},
    {rr_type::cdnskey, "CDNSKEY"},
    {rr_type::openpgpkey, "OPENPGPKEY"},
    {rr_type::csync, "CSYNC"},
    {rr_type::zonemd, "ZONEMD"},
    {rr_type::svcb, "SVCB"},
    {rr_type::https, "HTTPS"},
    {rr_type::dsync, "DSYNC"},
    {rr_type::hhit, "HHIT"},
    {rr_type::brid, "BRID"},
    {rr_type::spf, "SPF"},
    {rr_type::uinfo, "UINFO"},
    {rr_type::uid, "UID"},
    {rr_type::gid, "GID"},
    {rr_type::unspec, "UNSPEC"},
    {rr_type::nid, "NID"},
    {rr_type::l32, "L32"},
    {rr_type::l64, "L64"},
    {rr_type::lp, "LP"},
    {rr_type::eui48, "EUI48"},
    {rr_type::eui64, "EUI64"},
    {rr_type::nxname, "NXNAME"},
    {rr_type::tkey, "TKEY"},
    {rr_type::tsig, "TSIG"},
    {rr_type::ixfr, "IXFR"},
    {rr_type::axfr, "AXFR"},
    {rr_type::mailb, "MAILB"},
    {rr_type::maila, "MAILA"},
    {rr_type::any, "ANY"},
    {rr_type::uri, "URI"},
    {rr_type::caa, "CAA"},
    {rr_type::avc, "AVC"},
    {rr_type::doa, "DOA"},
    {rr_type::amtrelay, "AMTRELAY"},
    {rr_type::resinfo, "RESINFO"},
    {rr_type::wallet, "WALLET"},
    {rr_type::cla, "CLA"},
    {rr_type::ipn, "IPN"},
    {rr_type::ta, "TA"},
    {rr_type::dlv, "DLV"},
});

constexpr auto classes = std::to_array<Mnemonic>({
    {rr_class::in, "IN"},
    {rr_class::ch, "CH"},
    {rr_class::hs, "HS"},
    {rr_class::none, "NONE"},
    {rr_class::any, "ANY"},
});

constexpr auto opcodes = std::to_array<Mnemonic>({
    {opcode::query, "QUERY"},
    {opcode::iquery, "IQUERY"},
    {opcode::status, "STATUS"},
    {opcode::notify, "NOTIFY"},
    {opcode::update, "UPDATE"},
    {opcode::dso, "DSO"},
});

// The first of two with the same code is the one that is printed.
constexpr auto rcodes = std::to_array<Mnemonic>({
    {rcode::noerror, "NOERROR"},   {rcode::formerr, "FORMERR"},   {rcode::servfail, "SERVFAIL"},
    {rcode::nxdomain, "NXDOMAIN"}, {rcode::notimp, "NOTIMP"},     {rcode::refused, "REFUSED"},
    {rcode::yxdomain, "YXDOMAIN"}, {rcode::yxrrset, "YXRRSET"},   {rcode::nxrrset, "NXRRSET"},
    {rcode::notauth, "NOTAUTH"},   {rcode::notzone, "NOTZONE"},   {rcode::dsotypeni, "DSOTYPENI"},
    {rcode::badvers, "BADVERS"},   {rcode::badsig, "BADSIG"},     {rcode::badkey, "BADKEY"},
    {rcode::badtime, "BADTIME"},   {rcode::badmode, "BADMODE"},   {rcode::badname, "BADNAME"},
    {rcode::badalg, "BADALG"},     {rcode::badtrunc, "BADTRUNC"}, {rcode::badcookie, "BADCOOKIE"},
});

constexpr auto options = std::to_array<Mnemonic>({
    {option_code::llq, "LLQ"},
    {option_code::update_lease, "UPDATE-LEASE"},
    {option_code::nsid, "NSID"},
    {option_code::dau, "DAU"},
    {option_code::dhu, "DHU"},
    {option_code::n3u, "N3U"},
    {option_code::client_subnet, "CLIENT-SUBNET"},
    {option_code::expire, "EXPIRE"},
    {option_code::cookie, "COOKIE"},
    {option_code::tcp_keepalive, "TCP-KEEPALIVE"},
    {option_code::padding, "PADDING"},
    {option_code::chain, "CHAIN"},
    {option_code::key_tag, "KEY-TAG"},
    {option_code::extended_error, "EDE"},
    {option_code::client_tag, "CLIENT-TAG"},
    {option_code::server_tag, "SERVER-TAG"},
    {option_code::report_channel, "REPORT-CHANNEL"},
    {option_code::zone_version, "ZONEVERSION"},
});

// The purposes of the IANA registry.
constexpr auto extended_errors = std::to_array<Mnemonic>({
    {ede_code::other, "Other Error"},
    {ede_code::unsupported_dnskey_algorithm, "Unsupported DNSKEY Algorithm"},
    {ede_code::unsupported_ds_digest_type, "Unsupported DS Digest Type"},
    {ede_code::stale_answer, "Stale Answer"},
    {ede_code::forged_answer, "Forged Answer"},
    {ede_code::dnssec_indeterminate, "DNSSEC Indeterminate"},
    {ede_code::dnssec_bogus, "DNSSEC Bogus"},
    {ede_code::signature_expired, "Signature Expired"},
    {ede_code::signature_not_yet_valid, "Signature Not Yet Valid"},
    {ede_code::dnskey_missing, "DNSKEY Missing"},
    {ede_code::rrsigs_missing, "RRSIGs Missing"},
    {ede_code::no_zone_key_bit_set, "No Zone Key Bit Set"},
    {ede_code::nsec_missing, "NSEC Missing"},
    {ede_code::cached_error, "Cached Error"},
    {ede_code::not_ready, "Not Ready"},
    {ede_code::blocked, "Blocked"},
    {ede_code::censored, "Censored"},
    {ede_code::filtered, "Filtered"},
    {ede_code::prohibited, "Prohibited"},
    {ede_code::stale_nxdomain_answer, "Stale NXDOMAIN Answer"},
    {ede_code::not_authoritative, "Not Authoritative"},
    {ede_code::not_supported, "Not Supported"},
    {ede_code::no_reachable_authority, "No Reachable Authority"},
    {ede_code::network_error, "Network Error"},
    {ede_code::invalid_data, "Invalid Data"},
    {ede_code::signature_expired_before_valid, "Signature Expired before Valid"},
    {ede_code::too_early, "Too Early"},
    {ede_code::unsupported_nsec3_iterations, "Unsupported NSEC3 Iterations Value"},
    {ede_code::unable_to_conform_to_policy, "Unable to conform to policy"},
    {ede_code::synthesized, "Synthesized"},
    {ede_code::invalid_query_type, "Invalid Query Type"},
});

static_assert(std::ranges::is_sorted(types, {}, &Mnemonic::code));
static_assert(std::ranges::is_sorted(rcodes, {}, &Mnemonic::code));

std::string to_text(std::span<const Mnemonic> table, std::uint16_t code, std::string_view prefix) {
    const auto at = std::ranges::lower_bound(table, code, {}, &Mnemonic::code);
    if (at != table.end() && at->code == code) return std::string{at->text};
    return std::string{prefix} + std::to_string(code);
}

bool equal_in_either_case(std::string_view a, std::string_view b) {
    const auto* octets_a = reinterpret_cast<const std::uint8_t*>(a.data());
    const auto* octets_b = reinterpret_cast<const std::uint8_t*>(b.data());
    return a.size() == b.size() && dns::equal_in_either_case(octets_a, octets_b, a.size());
}

template <typename Code>
std::optional<Code>
from_text(std::span<const Mnemonic> table, std::string_view text, std::string_view prefix) {
    for (const Mnemonic& mnemonic : table) {
        if (equal_in_either_case(text, mnemonic.text)) return static_cast<Code>(mnemonic.code);
    }
    if (!equal_in_either_case(text.substr(0, prefix.size()), prefix)) return std::nullopt;
    const char* const begin = text.data() + prefix.size();
    const char* const end = text.data() + text.size();
    Code code = 0;
    const auto [stop, problem] = std::from_chars(begin, end, code);
    if (problem != std::errc{} || stop != end) return std::nullopt;
    return code;
}

}  // namespace

std::string type_to_string(std::uint16_t type) { return to_text(types, type, "TYPE"); }
std::optional<std::uint16_t> type_from_string(std::string_view text) {
    return from_text<std::uint16_t>(types, text, "TYPE");
}

std::string class_to_string(std::uint16_t rclass) { return to_text(classes, rclass, "CLASS"); }
std::optional<std::uint16_t> class_from_string(std::string_view text) {
    return from_text<std::uint16_t>(classes, text, "CLASS");
}

std::string opcode_to_string(std::uint8_t opcode) { return to_text(opcodes, opcode, "OPCODE"); }
std::optional<std::uint8_t> opcode_from_string(std::string_view text) {
    return from_text<std::uint8_t>(opcodes, text, "OPCODE");
}

std::string rcode_to_string(std::uint16_t rcode) { return to_text(rcodes, rcode, "RCODE"); }
std::optional<std::uint16_t> rcode_from_string(std::string_view text) {
    return from_text<std::uint16_t>(rcodes, text, "RCODE");
}

std::string option_to_string(std::uint16_t code) { return to_text(options, code, "OPTION"); }
std::optional<std::uint16_t> option_from_string(std::string_view text) {
    return from_text<std::uint16_t>(options, text, "OPTION");
}

std::string ede_to_string(std::uint16_t code) { return to_text(extended_errors, code, "EDE"); }
std::optional<std::uint16_t> ede_from_string(std::string_view text) {
    return from_text<std::uint16_t>(extended_errors, text, "EDE");
}

}  // namespace loom::dns
