// SPDX-License-Identifier: Apache-2.0
// Names in messages, with the pointers of RFC 1035 section 4.1.4.
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

namespace loom::dns {
namespace {

constexpr std::uint8_t pointer_bits = 0xC0;
constexpr std::uint16_t pointer_mask = 0x3FFF;

// Walks the parts of the name at `offset`: labels that stand together, up to the root or a pointer.
// Each comes to `take(begin, size)`. Returns the size of the whole.
template <typename Take>
std::expected<std::size_t, NameErrc>
walk_name(std::span<const std::uint8_t> message, std::size_t& offset, Take take) {
    std::size_t behind = 0;  // The offset behind the name in place, once it is known.
    std::size_t part = offset;
    std::size_t at = offset;
    std::size_t size = 0;  // Of the parts before this one.
    std::size_t pointers = 0;
    // What is pointed at ends before the part that points: nothing behind a name can change it.
    std::size_t limit = message.size();
    const auto over_limit = [&] {
        return std::unexpected{pointers == 0 ? NameErrc::truncated : NameErrc::bad_pointer};
    };
    for (;;) {
        if (at >= limit) return over_limit();
        const std::uint8_t octet = message[at];
        if (octet == 0) break;
        if (octet <= label_size_max) {
            at += std::size_t{1} + octet;
            if (size + (at - part) >= name_size_max) {
                return std::unexpected{NameErrc::name_too_long};
            }
            continue;
        }
        if (octet < pointer_bits) return std::unexpected{NameErrc::bad_label_type};
        if (limit - at < 2) return over_limit();
        const std::size_t target = load_u16(message.data() + at) & pointer_mask;
        // The header is no name, and changes: an id is patched, TC is set.
        if (target < header_size || target >= part || ++pointers > labels_max) {
            return std::unexpected{NameErrc::bad_pointer};
        }
        take(part, at - part);
        size += at - part;
        if (behind == 0) behind = at + 2;
        limit = part;
        part = at = target;
    }
    take(part, at + 1 - part);
    offset = behind == 0 ? at + 1 : behind;
    return size + (at + 1 - part);
}

}  // namespace

std::expected<Name, NameErrc>
Name::read(std::span<const std::uint8_t> message, std::size_t& offset) {
    std::expected<Name, NameErrc> name;
    std::uint8_t* out = name->octets_.data();
    const auto size = walk_name(message, offset, [&](std::size_t begin, std::size_t part_size) {
        std::memcpy(out, message.data() + begin, part_size);
        out += part_size;
    });
    if (!size) return std::unexpected{size.error()};
    name->size_ = static_cast<std::uint8_t>(*size);
    return name;
}

std::expected<void, NameErrc>
Name::skip(std::span<const std::uint8_t> message, std::size_t& offset) {
    const auto size = walk_name(message, offset, [](std::size_t, std::size_t) {});
    if (!size) return std::unexpected{size.error()};
    return {};
}

}  // namespace loom::dns
