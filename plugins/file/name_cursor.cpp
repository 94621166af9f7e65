// SPDX-License-Identifier: Apache-2.0
// Taking apart the names that aliases lead to.

#include "name_cursor.hpp"

#include <algorithm>

namespace loom::file {

void NameCursor::assign(Bytes relative, Bytes apex, std::size_t message_offset) {
    // Names in the zone's data were checked, and a synthesised one is by its maker.
    copy_lower(lower_storage_.data(), relative.data(), relative.size());
    std::ranges::copy(apex, lower_storage_.begin() + static_cast<std::ptrdiff_t>(relative.size()));
    unsigned depth = 0;
    for (std::size_t at = 0; at < relative.size(); at += std::size_t{1} + relative[at])
        offset_storage_[depth++] = static_cast<std::uint8_t>(at);
    offset_storage_[depth] = static_cast<std::uint8_t>(relative.size());
    lower_ = lower_storage_.data();
    offsets_ = offset_storage_.data();
    hashes_ = nullptr;
    size_ = relative.size() + apex.size();
    depth_ = depth;
    message_offset_ = message_offset;
    known_ = {};
}

}  // namespace loom::file
