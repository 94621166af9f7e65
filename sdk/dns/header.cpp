// SPDX-License-Identifier: Apache-2.0
// The header as a value.
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

namespace loom::dns {

std::optional<Header> Header::read(std::span<const std::uint8_t> message) {
    if (message.size() < header_size) return std::nullopt;
    const std::uint8_t* const at = message.data();
    Header header;
    header.id = load_u16(at);
    header.bits = load_u16(at + 2);
    header.questions = load_u16(at + 4);
    for (std::size_t i = 0; i != sections; ++i) header.records[i] = load_u16(at + 6 + 2 * i);
    return header;
}

void Header::write(std::span<std::uint8_t> message) const {
    std::uint8_t* const at = message.data();
    store_u16(at, id);
    store_u16(at + 2, bits);
    store_u16(at + 4, questions);
    for (std::size_t i = 0; i != sections; ++i) store_u16(at + 6 + 2 * i, records[i]);
}

void patch_id(std::span<std::uint8_t> message, std::uint16_t id) { store_u16(message.data(), id); }

}  // namespace loom::dns
