// SPDX-License-Identifier: Apache-2.0
// Code points of the IANA DNS registries, and their mnemonics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loom::dns {

/// Record types. Plain integers, since any value may come from the wire.
namespace rr_type {
inline constexpr std::uint16_t a = 1;
inline constexpr std::uint16_t ns = 2;
inline constexpr std::uint16_t md = 3;
inline constexpr std::uint16_t mf = 4;
inline constexpr std::uint16_t cname = 5;
inline constexpr std::uint16_t soa = 6;
inline constexpr std::uint16_t mb = 7;
inline constexpr std::uint16_t mg = 8;
inline constexpr std::uint16_t mr = 9;
inline constexpr std::uint16_t null = 10;
inline constexpr std::uint16_t wks = 11;
inline constexpr std::uint16_t ptr = 12;
inline constexpr std::uint16_t hinfo = 13;
inline constexpr std::uint16_t minfo = 14;
inline constexpr std::uint16_t mx = 15;
inline constexpr std::uint16_t txt = 16;
inline constexpr std::uint16_t rp = 17;
inline constexpr std::uint16_t afsdb = 18;
inline constexpr std::uint16_t x25 = 19;
inline constexpr std::uint16_t isdn = 20;
inline constexpr std::uint16_t rt = 21;
inline constexpr std::uint16_t nsap = 22;
inline constexpr std::uint16_t nsap_ptr = 23;
inline constexpr std::uint16_t sig = 24;
inline constexpr std::uint16_t key = 25;
inline constexpr std::uint16_t px = 26;
inline constexpr std::uint16_t gpos = 27;
inline constexpr std::uint16_t aaaa = 28;
inline constexpr std::uint16_t loc = 29;
inline constexpr std::uint16_t nxt = 30;
inline constexpr std::uint16_t eid = 31;
inline constexpr std::uint16_t nimloc = 32;
inline constexpr std::uint16_t srv = 33;
inline constexpr std::uint16_t atma = 34;
inline constexpr std::uint16_t naptr = 35;
inline constexpr std::uint16_t kx = 36;
inline constexpr std::uint16_t cert = 37;
inline constexpr std::uint16_t a6 = 38;
inline constexpr std::uint16_t dname = 39;
inline constexpr std::uint16_t sink = 40;
inline constexpr std::uint16_t opt = 41;
inline constexpr std::uint16_t apl = 42;
inline constexpr std::uint16_t ds = 43;
inline constexpr std::uint16_t sshfp = 44;
inline constexpr std::uint16_t ipseckey = 45;
inline constexpr std::uint16_t rrsig = 46;
inline constexpr std::uint16_t nsec = 47;
inline constexpr std::uint16_t dnskey = 48;
inline constexpr std::uint16_t dhcid = 49;
inline constexpr std::uint16_t nsec3 = 50;
inline constexpr std::uint16_t nsec3param = 51;
inline constexpr std::uint16_t tlsa = 52;
inline constexpr std::uint16_t smimea = 53;
inline constexpr std::uint16_t hip = 55;
inline constexpr std::uint16_t ninfo = 56;
inline constexpr std::uint16_t rkey = 57;
inline constexpr std::uint16_t talink = 58;
inline constexpr std::uint16_t cds = 59;
inline constexpr std::uint16_t cdnskey = 60;
inline constexpr std::uint16_t openpgpkey = 61;
inline constexpr std::uint16_t csync = 62;
inline constexpr std::uint16_t zonemd = 63;
inline constexpr std::uint16_t svcb = 64;
inline constexpr std::uint16_t https = 65;
inline constexpr std::uint16_t dsync = 66;
inline constexpr std::uint16_t hhit = 67;
inline constexpr std::uint16_t brid = 68;
inline constexpr std::uint16_t spf = 99;
inline constexpr std::uint16_t uinfo = 100;
inline constexpr std::uint16_t uid = 101;
inline constexpr std::uint16_t gid = 102;
inline constexpr std::uint16_t unspec = 103;
inline constexpr std::uint16_t nid = 104;
inline constexpr std::uint16_t l32 = 105;
inline constexpr std::uint16_t l64 = 106;
inline constexpr std::uint16_t lp = 107;
inline constexpr std::uint16_t eui48 = 108;
inline constexpr std::uint16_t eui64 = 109;
inline constexpr std::uint16_t nxname = 128;
inline constexpr std::uint16_t tkey = 249;
inline constexpr std::uint16_t tsig = 250;
inline constexpr std::uint16_t ixfr = 251;
inline constexpr std::uint16_t axfr = 252;
inline constexpr std::uint16_t mailb = 253;
inline constexpr std::uint16_t maila = 254;
inline constexpr std::uint16_t any = 255;
inline constexpr std::uint16_t uri = 256;
inline constexpr std::uint16_t caa = 257;
inline constexpr std::uint16_t avc = 258;
inline constexpr std::uint16_t doa = 259;
inline constexpr std::uint16_t amtrelay = 260;
inline constexpr std::uint16_t resinfo = 261;
inline constexpr std::uint16_t wallet = 262;
inline constexpr std::uint16_t cla = 263;
inline constexpr std::uint16_t ipn = 264;
inline constexpr std::uint16_t ta = 32768;
inline constexpr std::uint16_t dlv = 32769;
}  // namespace rr_type

/// Classes (RFC 6895 section 3.2).
namespace rr_class {
inline constexpr std::uint16_t in = 1;
inline constexpr std::uint16_t ch = 3;
inline constexpr std::uint16_t hs = 4;
inline constexpr std::uint16_t none = 254;
inline constexpr std::uint16_t any = 255;
}  // namespace rr_class

/// Opcodes (RFC 6895 section 2.2), four bits.
namespace opcode {
inline constexpr std::uint8_t query = 0;
inline constexpr std::uint8_t iquery = 1;
inline constexpr std::uint8_t status = 2;
inline constexpr std::uint8_t notify = 4;
inline constexpr std::uint8_t update = 5;
inline constexpr std::uint8_t dso = 6;
}  // namespace opcode

/// Response codes (RFC 6895 section 2.3). From 16 on they need EDNS or stand in TSIG and TKEY.
namespace rcode {
inline constexpr std::uint16_t noerror = 0;
inline constexpr std::uint16_t formerr = 1;
inline constexpr std::uint16_t servfail = 2;
inline constexpr std::uint16_t nxdomain = 3;
inline constexpr std::uint16_t notimp = 4;
inline constexpr std::uint16_t refused = 5;
inline constexpr std::uint16_t yxdomain = 6;
inline constexpr std::uint16_t yxrrset = 7;
inline constexpr std::uint16_t nxrrset = 8;
inline constexpr std::uint16_t notauth = 9;
inline constexpr std::uint16_t notzone = 10;
inline constexpr std::uint16_t dsotypeni = 11;
inline constexpr std::uint16_t badvers = 16;
inline constexpr std::uint16_t badsig = 16;  ///< The same value, in the error field of TSIG.
inline constexpr std::uint16_t badkey = 17;
inline constexpr std::uint16_t badtime = 18;
inline constexpr std::uint16_t badmode = 19;
inline constexpr std::uint16_t badname = 20;
inline constexpr std::uint16_t badalg = 21;
inline constexpr std::uint16_t badtrunc = 22;
inline constexpr std::uint16_t badcookie = 23;
}  // namespace rcode

/// Codes of EDNS options (RFC 6891 section 9).
namespace option_code {
inline constexpr std::uint16_t llq = 1;
inline constexpr std::uint16_t update_lease = 2;
inline constexpr std::uint16_t nsid = 3;
inline constexpr std::uint16_t dau = 5;
inline constexpr std::uint16_t dhu = 6;
inline constexpr std::uint16_t n3u = 7;
inline constexpr std::uint16_t client_subnet = 8;
inline constexpr std::uint16_t expire = 9;
inline constexpr std::uint16_t cookie = 10;
inline constexpr std::uint16_t tcp_keepalive = 11;
inline constexpr std::uint16_t padding = 12;
inline constexpr std::uint16_t chain = 13;
inline constexpr std::uint16_t key_tag = 14;
inline constexpr std::uint16_t extended_error = 15;
inline constexpr std::uint16_t client_tag = 16;
inline constexpr std::uint16_t server_tag = 17;
inline constexpr std::uint16_t report_channel = 18;
inline constexpr std::uint16_t zone_version = 19;
}  // namespace option_code

/// Info codes of extended errors (RFC 8914 section 5.2 and the registry since).
namespace ede_code {
inline constexpr std::uint16_t other = 0;
inline constexpr std::uint16_t unsupported_dnskey_algorithm = 1;
inline constexpr std::uint16_t unsupported_ds_digest_type = 2;
inline constexpr std::uint16_t stale_answer = 3;
inline constexpr std::uint16_t forged_answer = 4;
inline constexpr std::uint16_t dnssec_indeterminate = 5;
inline constexpr std::uint16_t dnssec_bogus = 6;
inline constexpr std::uint16_t signature_expired = 7;
inline constexpr std::uint16_t signature_not_yet_valid = 8;
inline constexpr std::uint16_t dnskey_missing = 9;
inline constexpr std::uint16_t rrsigs_missing = 10;
inline constexpr std::uint16_t no_zone_key_bit_set = 11;
inline constexpr std::uint16_t nsec_missing = 12;
inline constexpr std::uint16_t cached_error = 13;
inline constexpr std::uint16_t not_ready = 14;
inline constexpr std::uint16_t blocked = 15;
inline constexpr std::uint16_t censored = 16;
inline constexpr std::uint16_t filtered = 17;
inline constexpr std::uint16_t prohibited = 18;
inline constexpr std::uint16_t stale_nxdomain_answer = 19;
inline constexpr std::uint16_t not_authoritative = 20;
inline constexpr std::uint16_t not_supported = 21;
inline constexpr std::uint16_t no_reachable_authority = 22;
inline constexpr std::uint16_t network_error = 23;
inline constexpr std::uint16_t invalid_data = 24;
inline constexpr std::uint16_t signature_expired_before_valid = 25;
inline constexpr std::uint16_t too_early = 26;
inline constexpr std::uint16_t unsupported_nsec3_iterations = 27;
inline constexpr std::uint16_t unable_to_conform_to_policy = 28;
inline constexpr std::uint16_t synthesized = 29;
inline constexpr std::uint16_t invalid_query_type = 30;
}  // namespace ede_code

/// The mnemonic of a type, or `TYPE65280` for one without (RFC 3597 section 5). The other
/// functions below do likewise with CLASS, OPCODE, RCODE, OPTION and EDE.
[[nodiscard]] std::string type_to_string(std::uint16_t type);
[[nodiscard]] std::string class_to_string(std::uint16_t rclass);
[[nodiscard]] std::string opcode_to_string(std::uint8_t opcode);
[[nodiscard]] std::string rcode_to_string(std::uint16_t rcode);
[[nodiscard]] std::string option_to_string(std::uint16_t code);
[[nodiscard]] std::string ede_to_string(std::uint16_t code);

/// The code of a mnemonic or of `TYPE65280`, in either case. `*` is no type: say ANY.
[[nodiscard]] std::optional<std::uint16_t> type_from_string(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> class_from_string(std::string_view text);
[[nodiscard]] std::optional<std::uint8_t> opcode_from_string(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> rcode_from_string(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> option_from_string(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> ede_from_string(std::string_view text);

/// Whether the type is one of questions or of the transport, never of zone data: OPT and 128..255
/// (RFC 6895 section 3.1).
[[nodiscard]] constexpr bool is_meta_type(std::uint16_t type) {
    return type == rr_type::opt || (type >= 128 && type <= 255);
}

}  // namespace loom::dns
