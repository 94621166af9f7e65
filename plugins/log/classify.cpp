// SPDX-License-Identifier: Apache-2.0
#include "classify.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>

namespace loom::log {
namespace {

bool has_soa_authority(dns::MessageReader& reader) {
    for (auto record = reader.next(); record && *record; record = reader.next()) {
        if ((*record)->section == dns::Section::additional) return false;
        if ((*record)->section == dns::Section::authority && (*record)->type == dns::rr_type::soa)
            return true;
    }
    return false;
}

}  // namespace

ResponseClass classify(std::span<const std::uint8_t> message, std::uint16_t rcode) {
    if (rcode == dns::rcode::nxdomain) return ResponseClass::denial;
    if (rcode != dns::rcode::noerror) return ResponseClass::error;
    auto reader = dns::MessageReader::open(message);
    if (!reader) return ResponseClass::error;
    if (reader->header().count(dns::Section::answer) > 0) return ResponseClass::success;
    return has_soa_authority(*reader) ? ResponseClass::denial : ResponseClass::success;
}

std::string_view class_name(ResponseClass c) {
    switch (c) {
    case ResponseClass::success:
        return "success";
    case ResponseClass::denial:
        return "denial";
    case ResponseClass::error:
        break;
    }
    return "error";
}

std::string_view
type_name(ResponseClass c, std::span<const std::uint8_t> message, std::uint16_t rcode) {
    if (rcode == dns::rcode::nxdomain) return "NXDOMAIN";
    if (c == ResponseClass::denial) return "NODATA";
    if (c == ResponseClass::error)
        return rcode == dns::rcode::servfail ? "SERVERERROR" : "OTHERERROR";
    const auto reader = dns::MessageReader::open(message);
    const bool is_referral = reader && reader->header().count(dns::Section::answer) == 0 &&
                             reader->header().count(dns::Section::authority) != 0;
    return is_referral ? "DELEGATION" : "NOERROR";
}

std::uint8_t class_set(std::string_view word) {
    if (word == "success") return to_set(ResponseClass::success);
    if (word == "denial") return to_set(ResponseClass::denial);
    if (word == "error") return to_set(ResponseClass::error);
    return every_class;
}

}  // namespace loom::log
