// SPDX-License-Identifier: Apache-2.0
// The response of one query, in the form it was given in and, on demand, in the other.
#pragma once

#include "codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

inline constexpr std::uint16_t response_flags =
    LOOM_FLAG_AA | LOOM_FLAG_TC | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD;

enum class ResponseForm : std::uint8_t { none, wire, records };

/// Stricter than a host: whatever is "valid until the next change" is freed by that change.
class ResponseStore {
public:
    /// `query` must outlive the store.
    explicit ResponseStore(const loom_query& query) : query_{query} {}

    ResponseForm form() const { return form_; }
    bool present() const { return form_ != ResponseForm::none; }
    std::uint16_t rcode() const { return rcode_; }
    std::uint16_t flags() const { return flags_; }

    void begin(std::uint16_t rcode, std::uint16_t flags);
    void set_rcode(std::uint16_t rcode);
    void set_flags(std::uint16_t mask, std::uint16_t value);

    /// `section` counts from 0 here and below.
    void add(std::size_t section, const loom_record& record);
    void replace(std::size_t section, std::span<const loom_record> records);
    std::span<const loom_record> records(std::size_t section);
    /// A scripted answer; keeps what the records point at. What is given by add_option() until
    /// settle() goes with it when the plugin replaces it.
    void adopt(ParsedMessage message);
    void settle() { options_end_ = options_.size(); }

    /// Fresh room of `size` octets; what was given out before is gone.
    std::span<std::uint8_t> open_room(std::size_t size);
    bool has_room() const { return room_.has_value(); }
    std::size_t room_size() const { return room_ ? room_->size() : 0; }
    std::span<const std::uint8_t> room() const { return *room_; }
    void drop_room() { room_.reset(); }

    /// Why `message` cannot be this query's response; empty if it can.
    std::string wire_fault(std::span<const std::uint8_t> message) const;
    /// Takes a message without such a fault; copied.
    void set_wire(std::span<const std::uint8_t> message);
    /// The whole message: id 0, no OPT. Nothing if the records are too many for one.
    std::optional<std::span<const std::uint8_t>> wire();

    /// False when there is no more room for options.
    bool add_option(std::uint16_t code, std::span<const std::uint8_t> value);
    std::span<const std::uint8_t> options() const { return options_; }

    /// Frees everything.
    void release();

    /// The second 16 bits of the header that the client gets, without TC from truncation.
    std::uint16_t header_bits() const;

private:
    void changed();
    void drop_adopted_options();
    void make_records();
    void patch_header(Octets& message) const;

    const loom_query& query_;
    ResponseForm form_ = ResponseForm::none;
    std::uint16_t rcode_ = 0;
    std::uint16_t flags_ = 0;
    std::array<std::vector<loom_record>, 3> sections_;
    bool has_records_ = false;         // `sections_` is filled, though the form may be wire.
    Octets message_;                   // In wire form the response, in records form made by wire().
    std::deque<ParsedMessage> owned_;  // What converted records point at: kept to the query's end.
    std::optional<Octets> room_;
    Octets options_;
    std::size_t options_begin_ = 0;  // Of the options that came with a scripted answer.
    std::size_t options_end_ = 0;
};

}  // namespace loom::harness
