// SPDX-License-Identifier: Apache-2.0
#include "tcp_framing.hpp"

#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <array>

namespace loom::forward {
namespace {

constexpr std::size_t size_octets = 2;
constexpr std::size_t room_min = 4096;

}  // namespace

std::span<std::uint8_t> FrameReader::room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (octets_.size() - end_ < room_min) {
        // What is left is at most one message that is not complete, so this stays below 128 KiB.
        std::copy(
            octets_.begin() + static_cast<std::ptrdiff_t>(begin_),
            octets_.begin() + static_cast<std::ptrdiff_t>(end_),
            octets_.begin());
        end_ -= begin_;
        begin_ = 0;
        if (octets_.size() - end_ < room_min)
            octets_.resize(std::max(octets_.size() * 2, end_ + room_min));
    }
    return std::span{octets_}.subspan(end_);
}

std::optional<std::span<const std::uint8_t>> FrameReader::next() {
    if (end_ - begin_ < size_octets) return std::nullopt;
    const std::size_t size = dns::load_u16(octets_.data() + begin_);
    if (end_ - begin_ - size_octets < size) return std::nullopt;
    const auto message = std::span{octets_}.subspan(begin_ + size_octets, size);
    begin_ += size_octets + size;
    return message;
}

void FrameWriter::add(std::span<const std::uint8_t> message) {
    std::array<std::uint8_t, size_octets> size;
    dns::store_u16(size.data(), static_cast<std::uint16_t>(message.size()));
    octets_.insert(octets_.end(), size.begin(), size.end());
    octets_.insert(octets_.end(), message.begin(), message.end());
}

void FrameWriter::sent(std::size_t size) {
    sent_ += size;
    if (sent_ != octets_.size()) return;
    octets_.clear();
    sent_ = 0;
}

}  // namespace loom::forward
