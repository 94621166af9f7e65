// SPDX-License-Identifier: Apache-2.0
// Octets as base64, base64url, base32hex and hex.
#include <dnsloom/dns/base_encoding.hpp>

#include <array>

namespace loom::dns {
namespace {

constexpr std::uint8_t no_digit = 0xFF;

struct Alphabet {
    std::string_view digits;
    unsigned digit_bits;
    unsigned digits_per_block;  // Digits that make whole octets.
    bool padded;
    std::array<std::uint8_t, 256> values;
};

enum class LetterCase : std::uint8_t { distinct, either };

constexpr Alphabet make_alphabet(
    std::string_view digits, unsigned digit_bits, unsigned block, bool padded, LetterCase letters) {
    Alphabet alphabet{digits, digit_bits, block, padded, {}};
    alphabet.values.fill(no_digit);
    for (std::size_t i = 0; i != digits.size(); ++i) {
        const auto digit = static_cast<unsigned char>(digits[i]);
        alphabet.values[digit] = static_cast<std::uint8_t>(i);
        if (letters == LetterCase::either && digit >= 'A') {
            alphabet.values[digit | 0x20U] = static_cast<std::uint8_t>(i);
        }
    }
    return alphabet;
}

constexpr std::array alphabets{
    make_alphabet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        6,
        4,
        true,
        LetterCase::distinct),
    make_alphabet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        6,
        4,
        false,
        LetterCase::distinct),
    make_alphabet("0123456789ABCDEFGHIJKLMNOPQRSTUV", 5, 8, false, LetterCase::either),
    make_alphabet("0123456789ABCDEF", 4, 2, false, LetterCase::either),
};

const Alphabet& alphabet_of(Base base) { return alphabets[static_cast<std::size_t>(base)]; }

}  // namespace

BaseDecoder::BaseDecoder(Base base)
    : values_{alphabet_of(base).values.data()},
      digit_bits_{alphabet_of(base).digit_bits},
      digits_per_block_{alphabet_of(base).digits_per_block},
      padded_{alphabet_of(base).padded} {}

std::optional<std::size_t> BaseDecoder::feed(std::string_view digits, std::uint8_t* out) {
    std::uint8_t* const begin = out;
    for (const char c : digits) {
        if (c == '=' && padded_) {
            ++padding_;
            continue;
        }
        const std::uint8_t value = values_[static_cast<unsigned char>(c)];
        if (value == no_digit || padding_ != 0) return std::nullopt;
        bits_ = bits_ << digit_bits_ | value;
        bit_count_ += digit_bits_;
        digit_count_ = digit_count_ + 1 == digits_per_block_ ? 0 : digit_count_ + 1;
        if (bit_count_ >= 8) {
            bit_count_ -= 8;
            *out++ = static_cast<std::uint8_t>(bits_ >> bit_count_);
            bits_ &= (1U << bit_count_) - 1U;
        }
    }
    return static_cast<std::size_t>(out - begin);
}

bool BaseDecoder::finish() const {
    // As many bits as a digit has, or more, would be a digit too many.
    if (bit_count_ >= digit_bits_ || bits_ != 0) return false;
    const unsigned missing = digit_count_ == 0 ? 0 : digits_per_block_ - digit_count_;
    return padded_ ? padding_ == missing : padding_ == 0;
}

std::optional<std::vector<std::uint8_t>> decode_base(Base base, std::string_view text) {
    std::vector<std::uint8_t> out(text.size());
    BaseDecoder decoder{base};
    const auto size = decoder.feed(text, out.data());
    if (!size || !decoder.finish()) return std::nullopt;
    out.resize(*size);
    return out;
}

void append_base(Base base, std::span<const std::uint8_t> octets, std::string& out) {
    const Alphabet& alphabet = alphabet_of(base);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    unsigned digit_count = 0;
    const auto put = [&](std::uint32_t value) {
        out += alphabet.digits[value & ((1U << alphabet.digit_bits) - 1U)];
        ++digit_count;
    };
    for (const std::uint8_t octet : octets) {
        bits = bits << 8U | octet;
        bit_count += 8;
        while (bit_count >= alphabet.digit_bits) {
            bit_count -= alphabet.digit_bits;
            put(bits >> bit_count);
        }
        bits &= (1U << bit_count) - 1U;
    }
    if (bit_count != 0) put(bits << (alphabet.digit_bits - bit_count));
    if (!alphabet.padded) return;
    for (; digit_count % alphabet.digits_per_block != 0; ++digit_count) out += '=';
}

}  // namespace loom::dns
