// SPDX-License-Identifier: Apache-2.0
// The parameter list of SVCB and HTTPS records as a whole: order, duplicates, and what keys ask of
// each other (RFC 9460 sections 2.1, 2.2, 7.1 and 8).
#include "service_params.hpp"

#include "rdata_codecs.hpp"
#include "rdata_parser.hpp"

#include <algorithm>
#include <vector>

namespace loom::dns {
namespace {

constexpr std::size_t header_size = 4;  // Key and value size.

struct Param {
    std::uint16_t key = 0;
    std::string value;  // In wire format.
    ZoneToken token;    // Where it stood, for messages.
};

constexpr auto code(ServiceKey key) { return static_cast<std::uint16_t>(key); }

std::span<const std::uint8_t> octets_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool has_key(std::span<const std::uint8_t> params, std::uint16_t wanted) {
    while (!params.empty()) {
        const std::uint16_t key = load_u16(params.data());
        if (key >= wanted) return key == wanted;
        params = params.subspan(header_size + load_u16(params.data() + 2));
    }
    return false;
}

// Keys that must be there because another one is. `params` are well formed and in order.
bool is_self_consistent(std::span<const std::uint8_t> params) {
    if (has_key(params, code(ServiceKey::no_default_alpn)) &&
        !has_key(params, code(ServiceKey::alpn))) {
        return false;
    }
    if (!has_key(params, code(ServiceKey::mandatory))) return true;
    // Key 0 is the first one. Its list and the parameters are both in order: one pass for both.
    auto listed = params.subspan(header_size, load_u16(params.data() + 2));
    auto rest = params.subspan(header_size + listed.size());
    for (; !listed.empty(); listed = listed.subspan(2)) {
        const std::uint16_t wanted = load_u16(listed.data());
        while (!rest.empty() && load_u16(rest.data()) < wanted) {
            rest = rest.subspan(header_size + load_u16(rest.data() + 2));
        }
        if (rest.empty() || load_u16(rest.data()) != wanted) return false;
    }
    return true;
}

// The text after "=", with its quotes off and the escapes of master files resolved.
bool decode_value(std::string_view text, std::string& out) {
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
    }
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        if (*at == '"') return false;
        const int octet = next_octet(at, end);
        if (octet < 0) return false;
        out += static_cast<char>(octet);
    }
    return true;
}

// Reads `key` or `key=value`.
bool read_param(RdataParser& parser, Param& param) {
    const ZoneToken& token = param.token;
    const std::size_t equals = token.text.find('=');
    const std::string_view name = token.text.substr(0, equals);
    const auto key = token.is_word() ? service_key_from_text(name) : std::nullopt;
    if (!key) return parser.fail("a key such as alpn, port or key65280", token);
    param.key = *key;
    parser.set_field(name);

    std::string text;
    if (equals != std::string_view::npos && !decode_value(token.text.substr(equals + 1), text)) {
        return parser.fail(
            "three digits up to 255 after a \"\\\", and quotes around the whole", token);
    }
    if (is_generic_service_key(name)) {
        param.value = std::move(text);
    } else if (!parse_service_value(*key, text, param.value)) {
        return parser.fail(expected_service_value(*key), token);
    }
    if (!is_service_value(*key, octets_of(param.value))) {
        return parser.fail(expected_service_value(*key), token);
    }
    return true;
}

}  // namespace

RdataCheck check_service_params(std::span<const std::uint8_t> octets) {
    int key_before = -1;
    for (auto rest = octets; !rest.empty();) {
        if (rest.size() < header_size) return std::unexpected{RdataErrc::truncated};
        const std::uint16_t key = load_u16(rest.data());
        const std::size_t size = load_u16(rest.data() + 2);
        if (rest.size() - header_size < size) return std::unexpected{RdataErrc::truncated};
        if (key <= key_before || !is_service_value(key, rest.subspan(header_size, size))) {
            return std::unexpected{RdataErrc::bad_value};
        }
        key_before = key;
        rest = rest.subspan(header_size + size);
    }
    if (!is_self_consistent(octets)) return std::unexpected{RdataErrc::bad_value};
    return {};
}

void append_service_params(std::span<const std::uint8_t> octets, std::string& out) {
    bool first = true;
    while (!octets.empty()) {
        const std::size_t size = load_u16(octets.data() + 2);
        if (!first) out += ' ';
        first = false;
        append_service_key(load_u16(octets.data()), out);
        append_service_value(load_u16(octets.data()), octets.subspan(header_size, size), out);
        octets = octets.subspan(header_size + size);
    }
}

bool RdataParser::put_service_params() {
    std::vector<Param> params;
    ZoneToken token = next_pair();
    for (; token.is_text(); token = next_pair()) {
        set_field("parameter");
        params.push_back({0, {}, token});
        if (!read_param(*this, params.back())) return false;
    }
    if (token.kind != ZoneToken::Kind::end) return false;

    set_field("parameters");
    std::ranges::stable_sort(params, {}, &Param::key);
    const auto twice = std::ranges::adjacent_find(params, {}, &Param::key);
    if (twice != params.end()) return fail("each key once", std::next(twice)->token);

    const std::size_t begin = out_->size();
    for (const Param& param : params) {
        // A value too long for its own size field is too long for the rdata too.
        if (param.value.size() > rdata_size_max || !out_->put_u16(param.key) ||
            !out_->put_u16(static_cast<unsigned>(param.value.size())) ||
            !out_->put(octets_of(param.value))) {
            return fail_size(param.token);
        }
    }
    if (!is_self_consistent(out_->octets().subspan(begin))) {
        return fail_with(
            "every key that \"mandatory\" lists must be there, and alpn next to no-default-alpn",
            token);
    }
    return true;
}

}  // namespace loom::dns
