// SPDX-License-Identifier: Apache-2.0
#include "reply_options.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace loom::host {

namespace {

constexpr std::size_t options_max = 1024;

std::uint16_t running_hook(const Exchange& e) {
    return static_cast<std::uint16_t>(e.stage << 1U | (e.phase == LOOM_PHASE_RESPONSE ? 1U : 0U));
}

// Where the options of the running hook begin.
std::uint16_t own_begin(const Exchange& e) {
    return e.options_giver == running_hook(e) ? e.options_own : e.reply_options_size;
}

bool has_room(Exchange& e, std::size_t size) {
    if (!e.reply_options) {
        e.reply_options = static_cast<std::uint8_t*>(e.arena.allocate(options_max, 1));
        if (!e.reply_options) return false;
        e.options_giver = Exchange::nobody;
        e.options_kept = 0;
    }
    return size <= options_max && e.reply_options_size + size <= options_max;
}

bool append(Exchange& e, std::uint16_t code, std::span<const std::uint8_t> value) {
    if (!has_room(e, 4 + value.size())) return false;
    std::uint8_t* at = e.reply_options + e.reply_options_size;
    dns::store_u16(at, code);
    dns::store_u16(at + 2, static_cast<std::uint16_t>(value.size()));
    if (!value.empty()) std::memcpy(at + 4, value.data(), value.size());
    e.reply_options_size = static_cast<std::uint16_t>(e.reply_options_size + 4 + value.size());
    return true;
}

void begin_own(Exchange& e) {
    e.options_own = own_begin(e);
    e.options_giver = running_hook(e);
}

}  // namespace

bool add_option(Exchange& e, std::uint16_t code, std::span<const std::uint8_t> value) {
    if (!has_room(e, 4 + value.size())) return false;
    begin_own(e);
    return append(e, code, value);
}

bool add_extended_error(Exchange& e, std::uint16_t info_code, std::string_view text) {
    std::array<std::uint8_t, 2 + 255> value;
    const std::size_t size = std::min<std::size_t>(text.size(), 255);
    dns::store_u16(value.data(), info_code);
    if (size != 0) std::memcpy(value.data() + 2, text.data(), size);
    return add_option(e, dns::option_code::extended_error, std::span{value}.first(2 + size));
}

bool add_host_option(Exchange& e, std::uint16_t code, std::span<const std::uint8_t> value) {
    return append(e, code, value);
}

void settle_options(Exchange& e) { e.options_kept = own_begin(e); }

void drop_options(Exchange& e) {
    // On the way down an answer is replaced by none but the hook that gave it.
    if (e.reply_options_size == 0 || e.phase != LOOM_PHASE_RESPONSE) return;
    const std::uint16_t own = own_begin(e);
    const auto size = static_cast<std::uint16_t>(e.reply_options_size - own);
    if (own <= e.options_kept) return;
    std::memmove(e.reply_options + e.options_kept, e.reply_options + own, size);
    e.reply_options_size = static_cast<std::uint16_t>(e.options_kept + size);
    e.options_own = e.options_kept;
    e.options_giver = running_hook(e);
}

void set_options_aside(Exchange& e) {
    if (e.reply_options_size == 0) return;
    const std::uint16_t own = own_begin(e);
    if (!e.has_aside)
        e.aside_options = e.keep({e.reply_options + own, std::size_t{e.reply_options_size} - own});
    e.reply_options_size = own;
}

void take_options_back(Exchange& e) {
    const auto options = e.aside_options;
    if (options.empty() || !has_room(e, options.size())) return;
    begin_own(e);
    std::memcpy(e.reply_options + e.reply_options_size, options.data(), options.size());
    e.reply_options_size = static_cast<std::uint16_t>(e.reply_options_size + options.size());
}

void drop_unasked_subnet(Exchange& e) {
    const auto asked = dns::EdnsOptions::check({e.edns_options.data, e.edns_options.size});
    if (asked && asked->find(dns::option_code::client_subnet)) return;
    std::uint16_t kept = 0;
    for (std::uint16_t at = 0; at < e.reply_options_size;) {
        const std::uint8_t* const option = e.reply_options + at;
        const auto size = static_cast<std::uint16_t>(4 + dns::load_u16(option + 2));
        if (dns::load_u16(option) != dns::option_code::client_subnet) {
            std::memmove(e.reply_options + kept, option, size);
            kept = static_cast<std::uint16_t>(kept + size);
        }
        at = static_cast<std::uint16_t>(at + size);
    }
    e.reply_options_size = kept;
}

}  // namespace loom::host
