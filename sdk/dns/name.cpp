// SPDX-License-Identifier: Apache-2.0
// Domain names: checks, comparisons and changes of names in wire form.
#include "label_starts.hpp"
#include "letter_case.hpp"
#include "zone_name.hpp"

#include <dnsloom/dns/name.hpp>

#include <algorithm>

namespace loom::dns {
namespace {

// A label's length octet has its two high bits clear, a pointer has both set.
constexpr std::uint8_t pointer_bits = 0xC0;

NameErrc bad_length(std::uint8_t octet) {
    return octet >= pointer_bits ? NameErrc::compressed : NameErrc::bad_label_type;
}

std::expected<void, NameErrc> check_label(Label label) {
    if (label.empty()) return std::unexpected{NameErrc::empty_label};
    if (label.size() > label_size_max) return std::unexpected{NameErrc::label_too_long};
    return {};
}

bool equal_labels(Label a, Label b) {
    return a.size() == b.size() && equal_in_either_case(a.data(), b.data(), a.size());
}

std::weak_ordering compare_labels(Label a, Label b) {
    const std::size_t shared = std::min(a.size(), b.size());
    for (std::size_t i = 0; i != shared; ++i) {
        const std::uint8_t octet_a = lower_octet(a[i]);
        const std::uint8_t octet_b = lower_octet(b[i]);
        if (octet_a != octet_b) return octet_a <=> octet_b;
    }
    return a.size() <=> b.size();
}

// Both halves of the product of 64 bits each, folded: every bit of it depends on all bits of both.
std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Product = unsigned __int128;
    const Product product = Product{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

std::string_view describe(NameErrc error) {
    switch (error) {
    case NameErrc::truncated:
        return "the name goes past the end";
    case NameErrc::bad_label_type:
        return "a label is of an unknown type";
    case NameErrc::compressed:
        return "the name is compressed where it must not be";
    case NameErrc::bad_pointer:
        return "a compression pointer does not go backwards to a name, or there are too many";
    case NameErrc::label_too_long:
        return "a label is longer than 63 octets";
    case NameErrc::name_too_long:
        return "the name is longer than 255 octets";
    case NameErrc::empty_label:
        return "a label is empty";
    case NameErrc::bad_escape:
        return "an escape is not \\DDD up to 255 or \\ and a character";
    }
    return "the name is malformed";
}

std::expected<NameView, NameErrc> NameView::check(std::span<const std::uint8_t> octets) {
    for (std::size_t at = 0; at < octets.size(); at += std::size_t{1} + octets[at]) {
        if (at >= name_size_max) return std::unexpected{NameErrc::name_too_long};
        if (octets[at] == 0) return from_trusted(octets.first(at + 1));
        if (octets[at] > label_size_max) return std::unexpected{bad_length(octets[at])};
    }
    return std::unexpected{NameErrc::truncated};
}

std::size_t NameView::label_count() const {
    std::size_t count = 0;
    for (const std::uint8_t* at = data_; *at != 0; at += std::size_t{1} + *at) ++count;
    return count;
}

NameView NameView::without_labels(std::size_t count) const {
    std::size_t at = 0;
    for (; count != 0 && data_[at] != 0; --count) at += std::size_t{1} + data_[at];
    return from_trusted(octets().subspan(at));
}

bool NameView::equals(NameView other) const {
    return size_ == other.size_ && equal_in_either_case(data_, other.data_, size_);
}

bool NameView::is_subdomain_of(NameView ancestor) const {
    if (size_ < ancestor.size_) return false;
    // The octets may be the ancestor's only where a label begins.
    const std::uint8_t* const suffix = data_ + (size_ - ancestor.size_);
    const std::uint8_t* at = data_;
    while (at < suffix) at += std::size_t{1} + *at;
    return at == suffix && equal_in_either_case(at, ancestor.data_, ancestor.size_);
}

std::size_t NameView::common_labels(NameView other) const {
    const LabelStarts mine{*this};
    const LabelStarts theirs{other};
    const std::size_t most = std::min(mine.size(), theirs.size());
    std::size_t common = 0;
    while (common != most &&
           equal_labels(
               mine.label(mine.size() - common - 1), theirs.label(theirs.size() - common - 1))) {
        ++common;
    }
    return common;
}

std::weak_ordering NameView::compare(NameView other) const {
    const LabelStarts mine{*this};
    const LabelStarts theirs{other};
    std::size_t my_left = mine.size();
    std::size_t their_left = theirs.size();
    while (my_left != 0 && their_left != 0) {
        const auto order = compare_labels(mine.label(--my_left), theirs.label(--their_left));
        if (order != 0) return order;
    }
    return my_left <=> their_left;
}

std::uint64_t NameView::hash(std::uint64_t seed) const {
    // Both factors are keyed: who knew one could choose words that make the product a constant.
    const std::uint64_t word_key =
        fold_product(seed ^ 0x9E37'79B9'7F4A'7C15, 0xD6E8'FEB8'6659'FD93);
    const std::uint64_t key = fold_product(seed ^ 0xE703'7ED1'A0B4'28DB, word_key);
    std::uint64_t state = key ^ size_;
    const std::uint8_t* at = data_;
    std::size_t left = size_;
    for (; left >= 8; left -= 8, at += 8) {
        state = fold_product(lower_word(load_word(at)) ^ word_key, state) ^ key;
    }
    state = fold_product(lower_word(load_short(at, left)) ^ word_key, state);
    return fold_product(state ^ key, 0xA076'1D64'78BD'642F);
}

std::string NameView::to_string() const {
    if (is_root()) return ".";
    constexpr std::string_view special = ".\\\"();@$";
    std::string text;
    text.reserve(size_);
    for (const Label label : *this) {
        for (const std::uint8_t octet : label) {
            const char c = static_cast<char>(octet);
            if (octet <= ' ' || octet > '~') {
                text += '\\';
                text += static_cast<char>('0' + octet / 100);
                text += static_cast<char>('0' + octet / 10 % 10);
                text += static_cast<char>('0' + octet % 10);
                continue;
            }
            if (special.contains(c)) text += '\\';
            text += c;
        }
        text += '.';
    }
    return text;
}

std::expected<Name, NameErrc> Name::from_text(std::string_view text, NameView origin) {
    std::expected<Name, NameErrc> name;
    const auto size = parse_zone_name(text, origin.octets(), name->octets_.data());
    if (!size) return std::unexpected{size.error()};
    name->size_ = static_cast<std::uint8_t>(*size);
    return name;
}

std::expected<Name, NameErrc> Name::concatenate(NameView front, NameView back) {
    const std::size_t labels_size = front.size() - 1;
    if (labels_size + back.size() > name_size_max) return std::unexpected{NameErrc::name_too_long};
    std::expected<Name, NameErrc> name;
    std::memcpy(name->octets_.data(), front.data(), labels_size);
    std::memcpy(name->octets_.data() + labels_size, back.data(), back.size());
    name->size_ = static_cast<std::uint8_t>(labels_size + back.size());
    return name;
}

std::expected<void, NameErrc> Name::append_label(Label label) {
    if (const auto checked = check_label(label); !checked) return checked;
    if (size_ + label.size() + 1 > name_size_max) return std::unexpected{NameErrc::name_too_long};
    std::uint8_t* const root = octets_.data() + (size_ - 1);
    *root = static_cast<std::uint8_t>(label.size());
    std::memcpy(root + 1, label.data(), label.size());
    root[1 + label.size()] = 0;
    size_ = static_cast<std::uint8_t>(size_ + label.size() + 1);
    return {};
}

std::expected<void, NameErrc> Name::prepend_label(Label label) {
    if (const auto checked = check_label(label); !checked) return checked;
    if (size_ + label.size() + 1 > name_size_max) return std::unexpected{NameErrc::name_too_long};
    // The label may be one of this name.
    std::array<std::uint8_t, label_size_max> copy;
    std::memcpy(copy.data(), label.data(), label.size());
    std::memmove(octets_.data() + 1 + label.size(), octets_.data(), size_);
    octets_[0] = static_cast<std::uint8_t>(label.size());
    std::memcpy(octets_.data() + 1, copy.data(), label.size());
    size_ = static_cast<std::uint8_t>(size_ + label.size() + 1);
    return {};
}

void Name::lower() {
    std::uint8_t* at = octets_.data();
    std::size_t left = size_;
    for (; left >= 8; left -= 8, at += 8) {
        const std::uint64_t word = lower_word(load_word(at));
        std::memcpy(at, &word, sizeof word);
    }
    for (; left != 0; --left, ++at) *at = lower_octet(*at);
}

}  // namespace loom::dns
