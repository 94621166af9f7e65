// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include <array>
#include <random>
#include <string>

namespace loom::loop {
namespace {

constexpr std::size_t label_size = 16;

std::uint64_t random_number() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

// Sixteen hexadecimal digits.
std::array<std::uint8_t, label_size> label_of(std::uint64_t number) {
    std::array<std::uint8_t, label_size> digits{};
    for (auto& digit : digits) {
        digit = static_cast<std::uint8_t>("0123456789abcdef"[number >> 60U]);
        number <<= 4U;
    }
    return digits;
}

dns::Name zone_below(const Options& options) {
    constexpr std::size_t room = 2 * (1 + label_size);
    const Bytes zone = options.zone(0);
    if (zone.size() + room <= dns::name_size_max)
        return dns::Name{dns::NameView::from_trusted(zone)};
    throw ConfigError{
        "the server's first zone is too long for a probe's name below it: put a zone of at most " +
        std::to_string(dns::name_size_max - room) + " octets first"};
}

}  // namespace

Probe::Probe(const Host& host, const Options& options)
    : host_{host}, zone_{zone_below(options)}, secret_{random_number()} {}

dns::Name Probe::next_name() {
    // The second label is the instance's, the first one this round's.
    dns::Name name = zone_;
    const std::uint64_t round = secret_ ^ (++number_ * 0x9E37'79B9'7F4A'7C15U);
    const bool fits = name.prepend_label(label_of(secret_ * 0xD6E8'FEB8'6659'FD93U)) &&
                      name.prepend_label(label_of(round));
    return fits ? name : zone_;
}

}  // namespace loom::loop
