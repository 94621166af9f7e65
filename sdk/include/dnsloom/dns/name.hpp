// SPDX-License-Identifier: Apache-2.0
// Domain names in wire form: a borrowed view and an owning value without allocation.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace loom::dns {

/// The most octets of a name, root label included, and of a label (RFC 1035 section 3.1).
inline constexpr std::size_t name_size_max = 255;
inline constexpr std::size_t label_size_max = 63;
/// The most labels of a name, root not counted: 127 times one octet, its length, and the root.
inline constexpr std::size_t labels_max = 127;

/// What is wrong with a name.
enum class NameErrc : std::uint8_t {
    truncated,       ///< The octets end before the name does.
    bad_label_type,  ///< The two high bits of a length octet are 01 or 10 (RFC 6891 section 5).
    compressed,      ///< A pointer, where the name has to be uncompressed.
    bad_pointer,     ///< A pointer not to a name before it, or over 127 of them.
    label_too_long,  ///< Over 63 octets.
    name_too_long,   ///< Over 255 octets.
    empty_label,     ///< Two dots in a row, a dot at the front, or no text.
    bad_escape,      ///< `\` at the end, or `\DDD` that is not three digits up to 255.
};

/// A sentence part for messages: `a label is longer than 63 octets`.
[[nodiscard]] std::string_view describe(NameErrc error);

/// One label without its length octet.
using Label = std::span<const std::uint8_t>;

/// Walks the labels of a name from left to right; the root label is the end.
class LabelIterator {
public:
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    LabelIterator() = default;
    explicit LabelIterator(const std::uint8_t* at) : at_{at} {}

    Label operator*() const { return {at_ + 1, *at_}; }
    LabelIterator& operator++() {
        at_ += std::size_t{1} + *at_;
        return *this;
    }
    LabelIterator operator++(int) {
        const LabelIterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(std::default_sentinel_t) const { return *at_ == 0; }
    bool operator==(const LabelIterator& other) const = default;

private:
    const std::uint8_t* at_ = nullptr;
};

/// A borrowed name: valid, uncompressed, in wire form, its root label included. Case is kept, and
/// does not count in comparisons (RFC 4343). Cheap to copy; the octets must outlive it.
class NameView {
public:
    /// The root.
    constexpr NameView() = default;

    /// The name that `octets` begins with; more octets may follow it.
    [[nodiscard]] static std::expected<NameView, NameErrc>
    check(std::span<const std::uint8_t> octets);

    /// The name in `octets`, which must be a whole valid name: from another NameView, from a Name,
    /// or checked before. Nothing is checked here.
    static constexpr NameView from_trusted(std::span<const std::uint8_t> octets) {
        NameView view;
        view.data_ = octets.data();
        view.size_ = octets.size();
        return view;
    }

    constexpr std::span<const std::uint8_t> octets() const { return {data_, size_}; }
    constexpr const std::uint8_t* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }  ///< 1..255, root label included.
    constexpr bool is_root() const { return size_ == 1; }

    /// The number of labels; the root label does not count.
    std::size_t label_count() const;

    /// The labels from left to right, without the root label: `for (Label label : name)`.
    LabelIterator begin() const { return LabelIterator{data_}; }
    std::default_sentinel_t end() const { return {}; }

    /// The name without its first label; the root is its own parent.
    NameView parent() const {
        return is_root() ? *this : from_trusted(octets().subspan(std::size_t{1} + data_[0]));
    }

    /// The name without its first `count` labels; the root when it has no more.
    NameView without_labels(std::size_t count) const;

    /// Whether the first label is `*` alone (RFC 4592 section 2.1.1).
    bool is_wildcard() const { return size_ > 2 && data_[0] == 1 && data_[1] == '*'; }

    bool equals(NameView other) const;

    /// Whether the name is `ancestor` or below it.
    bool is_subdomain_of(NameView ancestor) const;

    /// How many labels both names have in common, counted from the root.
    std::size_t common_labels(NameView other) const;

    /// The canonical order: label by label from the root, lower-cased (RFC 4034 section 6.1).
    std::weak_ordering compare(NameView other) const;

    /// The same for names that differ in case only. For hash tables; give a secret seed where
    /// clients choose the names.
    std::uint64_t hash(std::uint64_t seed = 0) const;

    /// Presentation form with the final dot: `example.org.`, `.`. What is special in zone files is
    /// escaped as `\.`, other octets than printable ASCII as `\DDD` (RFC 4343 section 2.1).
    std::string to_string() const;

private:
    static constexpr std::uint8_t root_octet = 0;

    const std::uint8_t* data_ = &root_octet;
    std::size_t size_ = 1;
};

/// A name that owns its octets: 256 octets in place, never allocates, trivially copyable.
class Name {
public:
    /// The root.
    Name() {
        octets_[0] = 0;
        size_ = 1;
    }

    explicit Name(NameView view) : size_{static_cast<std::uint8_t>(view.size())} {
        std::memcpy(octets_.data(), view.data(), view.size());
    }

    /// Reads presentation form (RFC 1035 section 5.1): text without a final dot is relative to
    /// `origin`, and `@` is `origin` itself. `\.` and `\DDD` are escapes.
    [[nodiscard]] static std::expected<Name, NameErrc>
    from_text(std::string_view text, NameView origin = {});

    /// Reads the name at `offset` in `message`, following compression pointers (RFC 1035 section
    /// 4.1.4). What a pointer goes to has to lie wholly before the part that the pointer ends, so
    /// reading always ends; there may be 127 of them, so it ends soon; and none may go into the 12
    /// octets of the header. Moves `offset` just behind the name in place; leaves it on error.
    [[nodiscard]] static std::expected<Name, NameErrc>
    read(std::span<const std::uint8_t> message, std::size_t& offset);

    /// Checks what read() checks and moves `offset` the same way, but copies nothing.
    [[nodiscard]] static std::expected<void, NameErrc>
    skip(std::span<const std::uint8_t> message, std::size_t& offset);

    /// The labels of `front`, then `back`: `www.` and `example.org.` give `www.example.org.`.
    [[nodiscard]] static std::expected<Name, NameErrc> concatenate(NameView front, NameView back);

    /// Adds a label of 1..63 octets at the right, just before the root; or at the left. The name is
    /// left as it was on error.
    [[nodiscard]] std::expected<void, NameErrc> append_label(Label label);
    [[nodiscard]] std::expected<void, NameErrc> prepend_label(Label label);

    /// Lower-cases the ASCII letters.
    void lower();

    NameView view() const { return NameView::from_trusted(octets()); }
    operator NameView() const { return view(); }  // NOLINT(google-explicit-constructor)

    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }
    std::size_t size() const { return size_; }
    bool is_root() const { return size_ == 1; }
    std::size_t label_count() const { return view().label_count(); }
    bool equals(NameView other) const { return view().equals(other); }
    bool is_subdomain_of(NameView ancestor) const { return view().is_subdomain_of(ancestor); }
    std::string to_string() const { return view().to_string(); }

private:
    std::array<std::uint8_t, name_size_max> octets_;
    std::uint8_t size_;
};

/// Case does not count.
inline bool operator==(NameView a, NameView b) { return a.equals(b); }
/// The canonical order (RFC 4034 section 6.1).
inline std::weak_ordering operator<=>(NameView a, NameView b) { return a.compare(b); }

}  // namespace loom::dns
