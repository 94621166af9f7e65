// SPDX-License-Identifier: Apache-2.0
// Name compression for a message being written.
#include "label_starts.hpp"
#include "letter_case.hpp"

#include <dnsloom/dns/compression.hpp>

#include <bit>

namespace loom::dns {
namespace {

// What a pointer can reach with its 14 bits.
constexpr std::size_t offset_max = 0x3FFF;
constexpr std::uint16_t pointer_bits = 0xC000;

std::uint64_t hash_label(Label label, std::uint16_t parent) {
    constexpr std::uint64_t multiplier = 0x9E37'79B9'7F4A'7C15;
    std::uint64_t state = (std::uint64_t{parent} << 8U | label.size()) * multiplier;
    const std::uint8_t* at = label.data();
    std::size_t left = label.size();
    for (; left >= 8; left -= 8, at += 8) {
        state = (std::rotl(state, 29) ^ lower_word(load_word(at))) * multiplier;
    }
    state = (std::rotl(state, 29) ^ lower_word(load_short(at, left))) * multiplier;
    return state >> 32U;
}

}  // namespace

// The slot of the label with that parent, or the empty one where it belongs.
std::size_t
CompressionMap::probe(const std::uint8_t* message, std::uint16_t parent, Label label) const {
    std::size_t at = hash_label(label, parent) % slot_count;
    for (;; at = (at + 1) % slot_count) {
        const Slot slot = slots_[at];
        if (slot.offset == 0) return at;
        const std::uint8_t* const known = message + slot.offset;
        if (slot.parent == parent && *known == label.size() &&
            equal_in_either_case(known + 1, label.data(), label.size())) {
            return at;
        }
    }
}

void CompressionMap::write(Writer& writer, NameView name) {
    const std::uint8_t* const message = writer.written().data();
    const std::size_t offset = writer.size();
    const LabelStarts labels{name};
    std::size_t labels_new = labels.size();
    std::uint16_t parent = 0;
    for (; labels_new != 0; --labels_new) {
        const Slot slot = slots_[probe(message, parent, labels.label(labels_new - 1))];
        if (slot.offset == 0) break;
        parent = slot.offset;
    }

    const std::size_t known_at =
        labels_new == labels.size() ? name.size() - 1 : labels.offset(labels_new);
    writer.bytes(name.octets().first(known_at));
    if (parent == 0) {
        writer.u8(0);
    } else {
        writer.u16(pointer_bits | parent);
    }
    if (writer.ok()) insert(message, name, labels_new, offset, parent);
}

void CompressionMap::remember(
    std::span<const std::uint8_t> message, std::size_t offset, NameView name) {
    const LabelStarts labels{name};
    std::size_t labels_new = labels.size();
    std::uint16_t parent = 0;
    for (; labels_new != 0; --labels_new) {
        const Slot slot = slots_[probe(message.data(), parent, labels.label(labels_new - 1))];
        if (slot.offset == 0) break;
        parent = slot.offset;
    }
    insert(message.data(), name, labels_new, offset, parent);
}

// Remembers the first `labels_new` labels of `name`, which stands at `offset`. From the right, since
// a label is of use only when the rest of its name is known.
void CompressionMap::insert(
    const std::uint8_t* message,
    NameView name,
    std::size_t labels_new,
    std::size_t offset,
    std::uint16_t parent) {
    const LabelStarts labels{name};
    for (; labels_new != 0 && size_ != entries_max; --labels_new) {
        const std::size_t label_at = offset + labels.offset(labels_new - 1);
        if (label_at == 0 || label_at > offset_max) return;
        const std::size_t slot = probe(message, parent, labels.label(labels_new - 1));
        slots_[slot] = {static_cast<std::uint16_t>(label_at), parent};
        order_[size_++] = static_cast<std::uint8_t>(slot);
        parent = static_cast<std::uint16_t>(label_at);
    }
}

// Entries leave in the reverse of the order they came in, so that no probe meets a gap.
void CompressionMap::roll_back(std::size_t size) {
    while (size_ > size) slots_[order_[--size_]] = {};
}

}  // namespace loom::dns
