// SPDX-License-Identifier: Apache-2.0
// EDNS: the OPT record (RFC 6891) and its options.
#pragma once

#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace loom::dns {

/// What is wrong with the data of an option: answer FORMERR.
enum class OptionErrc : std::uint8_t {
    bad_size,   ///< Octets are missing or left over.
    bad_value,  ///< A field holds what its RFC forbids.
};

/// An option of an OPT record. Borrows the octets.
struct EdnsOption {
    std::uint16_t code = 0;
    std::span<const std::uint8_t> data;
};

/// Options one after another, in octets that were checked before; a range of EdnsOption.
class EdnsOptions {
public:
    class Iterator {
    public:
        using value_type = EdnsOption;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        explicit Iterator(const std::uint8_t* at) : at_{at} {}

        EdnsOption operator*() const { return {load_u16(at_), {at_ + 4, load_u16(at_ + 2)}}; }
        Iterator& operator++() {
            at_ += std::size_t{4} + load_u16(at_ + 2);
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator& other) const = default;

    private:
        const std::uint8_t* at_ = nullptr;
    };

    EdnsOptions() = default;

    /// Nothing when an option goes past the end.
    [[nodiscard]] static std::optional<EdnsOptions> check(std::span<const std::uint8_t> octets);

    Iterator begin() const { return Iterator{octets_.data()}; }
    Iterator end() const { return Iterator{octets_.data() + octets_.size()}; }
    std::span<const std::uint8_t> octets() const { return octets_; }
    bool empty() const { return octets_.empty(); }

    /// The data of the first option with that code.
    [[nodiscard]] std::optional<std::span<const std::uint8_t>> find(std::uint16_t code) const;

private:
    friend class OptionsWriter;

    explicit EdnsOptions(std::span<const std::uint8_t> octets) : octets_{octets} {}

    std::span<const std::uint8_t> octets_;
};

/// An OPT record (RFC 6891 section 6.1.2). Borrows its options.
struct Opt {
    static constexpr std::uint16_t dnssec_ok_bit = 0x8000;
    static constexpr std::uint16_t udp_size_min = 512;

    /// As sent; below 512 it means 512 (RFC 6891 section 6.2.3), see effective_udp_size().
    std::uint16_t udp_size = udp_size_min;
    std::uint8_t extended_rcode = 0;  ///< The upper eight bits of the response code.
    std::uint8_t version = 0;         ///< Answer BADVERS to others than 0.
    std::uint16_t flags = 0;          ///< The DO bit and 15 that have to be 0.
    EdnsOptions options;

    /// Reads a record of type OPT: its owner has to be the root and its options have to fit.
    [[nodiscard]] static std::expected<Opt, MessageErrc> read(const RecordView& record);

    bool dnssec_ok() const { return (flags & dnssec_ok_bit) != 0; }
    std::uint16_t effective_udp_size() const {
        return udp_size < udp_size_min ? udp_size_min : udp_size;
    }

    /// The response code of a message whose header has this one.
    std::uint16_t rcode(const Header& header) const {
        return static_cast<std::uint16_t>(extended_rcode << 4U | header.rcode());
    }
    void set_rcode(std::uint16_t rcode) { extended_rcode = static_cast<std::uint8_t>(rcode >> 4U); }

    /// The size of the whole record on the wire.
    std::size_t size() const { return size_min + options.octets().size(); }

    /// Writes the whole record, owner and all.
    void write(Writer& writer) const;

    /// Owner, type, class, TTL and the size of the rdata, without options.
    static constexpr std::size_t size_min = 11;
};

/// Walks all of `message` for its OPT record. Nothing when there is none, an error when the message
/// or the OPT record is malformed, when there are two, or when one is outside the additional
/// section: answer FORMERR (RFC 6891 section 6.1.1).
[[nodiscard]] std::expected<std::optional<Opt>, MessageErrc>
find_opt(std::span<const std::uint8_t> message);

/// Name server identifier (RFC 5001): octets without form, empty in a query.
struct Nsid {
    std::span<const std::uint8_t> id;
};

/// Extended error (RFC 8914): a code of `ede_code` and text in UTF-8. The text is from somebody
/// else: escape it where it is printed.
struct ExtendedError {
    std::uint16_t info_code = 0;
    std::string_view extra_text;

    [[nodiscard]] static std::expected<ExtendedError, OptionErrc>
    read(std::span<const std::uint8_t> data);
};

/// Client subnet (RFC 7871 section 6). The octets of `address` behind the source prefix are 0.
struct ClientSubnet {
    static constexpr std::uint16_t family_ipv4 = 1;
    static constexpr std::uint16_t family_ipv6 = 2;

    std::uint16_t family = 0;  ///< 0 goes with prefixes of 0 only: tell nobody my address.
    std::uint8_t source_prefix = 0;
    std::uint8_t scope_prefix = 0;  ///< 0 in queries.
    std::array<std::uint8_t, 16> address{};

    /// Refuses what section 7.1.2 calls malformed: prefixes longer than an address, another number
    /// of octets than the prefix needs, and bits set behind the prefix.
    [[nodiscard]] static std::expected<ClientSubnet, OptionErrc>
    read(std::span<const std::uint8_t> data);

    friend bool operator==(const ClientSubnet&, const ClientSubnet&) = default;
};

/// Cookie (RFC 7873 section 4). Borrows the server part.
struct Cookie {
    static constexpr std::size_t client_size = 8;
    static constexpr std::size_t server_size_min = 8;
    static constexpr std::size_t server_size_max = 32;

    std::array<std::uint8_t, client_size> client{};
    std::span<const std::uint8_t> server;  ///< Empty, or 8..32 octets.

    [[nodiscard]] static std::expected<Cookie, OptionErrc> read(std::span<const std::uint8_t> data);
};

/// Keepalive of TCP connections (RFC 7828 section 3.1): clients send no timeout, servers send one,
/// in steps of 100 ms.
struct TcpKeepalive {
    using Timeout = std::chrono::duration<std::uint16_t, std::deci>;

    std::optional<Timeout> timeout;

    [[nodiscard]] static std::expected<TcpKeepalive, OptionErrc>
    read(std::span<const std::uint8_t> data);
};

/// How much padding data brings a message that has `size` octets without the padding option to a
/// multiple of `block`, but not beyond `limit`; nothing when the option itself has no room. RFC 8467
/// section 4.1 recommends blocks of 468 for responses and 128 for queries.
[[nodiscard]] std::optional<std::uint16_t>
padding_size(std::size_t size, std::size_t block, std::size_t limit);

/// Writes options to a caller's buffer. One that does not fit is left out in whole, and add() says
/// false; the others stay.
class OptionsWriter {
public:
    explicit OptionsWriter(std::span<std::uint8_t> buffer) : writer_{buffer} {}

    bool add(std::uint16_t code, std::span<const std::uint8_t> data);
    bool add(const Nsid& nsid) { return add(option_code::nsid, nsid.id); }
    bool add(const ExtendedError& error);
    bool add(const ClientSubnet& subnet);
    bool add(const Cookie& cookie);
    bool add(const TcpKeepalive& keepalive);
    /// `size` octets of 0 (RFC 7830 section 3).
    bool add_padding(std::uint16_t size);

    /// What was written so far, for Opt. Valid as long as the buffer is.
    EdnsOptions options() const { return EdnsOptions{writer_.written()}; }

private:
    bool begin(std::uint16_t code, std::size_t data_size);

    Writer writer_;
};

}  // namespace loom::dns
