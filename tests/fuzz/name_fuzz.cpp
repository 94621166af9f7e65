// SPDX-License-Identifier: Apache-2.0
// fuzz-sources: sdk/dns/*.cpp
// Hostile names in messages and in text: what is read is sound, and its text gives it back.
#include <dnsloom/dns/name.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

namespace {

using namespace loom::dns;

void require(bool good, const char* what) {
    if (good) return;
    std::fputs(what, stderr);
    std::abort();
}

// Reads and skips the name at `offset`, and moves behind it.
std::optional<Name> read(std::span<const std::uint8_t> message, std::size_t& offset) {
    std::size_t skipped_to = offset;
    const std::size_t begin = offset;
    const auto name = Name::read(message, offset);
    const auto skipped = Name::skip(message, skipped_to);
    require(offset == skipped_to, "read and skip end at different places\n");
    require(name.has_value() == skipped.has_value(), "read and skip do not agree\n");
    if (name) {
        require(offset > begin && offset <= message.size(), "the offset is nowhere\n");
        return *name;
    }
    require(name.error() == skipped.error(), "read and skip see different errors\n");
    require(offset == begin, "an error moved the offset\n");
    return std::nullopt;
}

void look_at(const Name& name) {
    const auto checked = NameView::check(name.octets());
    require(checked && checked->size() == name.size(), "the name is malformed\n");
    const auto back = Name::from_text(name.to_string());
    require(
        back && std::ranges::equal(back->octets(), name.octets()), "the text is another name\n");

    Name lower = name;
    lower.lower();
    require(lower.equals(name), "lower case is another name\n");
    require(lower.view().hash(1) == name.view().hash(1), "case changes the hash\n");
    require(name.view().compare(lower) == 0, "case changes the order\n");
    require(name.is_subdomain_of(name.view().parent()), "the name is not below its parent\n");
    require(name.view().without_labels(name.label_count()).is_root(), "labels are left\n");
}

void relate(NameView a, NameView b) {
    const auto order = a <=> b;
    require((b <=> a) == (0 <=> order), "the order has two directions\n");
    require((order == 0) == (a == b), "the order and equality do not agree\n");
    require(!(a == b) || a.hash(2) == b.hash(2), "equal names have different hashes\n");
    const std::size_t common = a.common_labels(b);
    require(
        a.is_subdomain_of(b) == (common == b.label_count()), "common labels are counted wrongly\n");
    const NameView ancestor = a.without_labels(a.label_count() - common);
    require(b.is_subdomain_of(ancestor), "the common ancestor is none\n");
    if (const auto joined = Name::concatenate(a, b)) {
        require(joined->is_subdomain_of(b), "joined names are not below the second\n");
        require(joined->label_count() == a.label_count() + b.label_count(), "labels are lost\n");
    } else {
        require(a.size() + b.size() - 1 > name_size_max, "short names cannot be joined\n");
    }
}

}  // namespace

// The input is an offset and a message with two names there, one behind the other; and text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span message{data + 1, size - 1};
    std::size_t offset = data[0];
    const auto first = read(message, offset);
    if (first) look_at(*first);
    const auto second = first ? read(message, offset) : std::nullopt;
    if (second) {
        look_at(*second);
        relate(*first, *second);
    }
    const std::string_view text{reinterpret_cast<const char*>(message.data()), message.size()};
    const auto named = Name::from_text(text, first ? first->view() : NameView{});
    if (named) look_at(*named);
    return 0;
}
