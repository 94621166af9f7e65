// SPDX-License-Identifier: Apache-2.0
// The names and their records as queries read them, never changed once they are published.
#pragma once

#include "hosts_file.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace loom::hosts {

/// Bounds of a table, so that every answer is a message.
inline constexpr std::size_t names_max = 2'000'000;
inline constexpr std::size_t addresses_max = 1000;  ///< Of a name; more are left out.
inline constexpr std::size_t pointers_max = 64;     ///< Names of an address; more are left out.

/// Records in the form that goes into a message behind its question: their owner is a pointer to
/// the question's name.
struct Records {
    Bytes octets;
    std::uint16_t count = 0;
};

/// A name that was found. Refers to its table.
class Node {
public:
    explicit Node(const std::uint8_t* at = nullptr) : at_{at} {
        if (at_) std::memcpy(&head_, at_, sizeof head_);
    }
    explicit operator bool() const { return at_ != nullptr; }

    Bytes name() const { return {at_ + sizeof head_, head_.name_size}; }
    /// Of a type; ANY is all. None for types that are not in hosts files.
    Records records(std::uint16_t type) const;

private:
    friend class HostTableBuilder;

    /// Behind it are the name and the records of type A, AAAA and PTR.
    struct Head {
        std::uint32_t ptr_size = 0;
        std::uint16_t a_count = 0;
        std::uint16_t aaaa_count = 0;
        std::uint16_t ptr_count = 0;
        std::uint8_t name_size = 0;
    };

    const std::uint8_t* at_;
    Head head_;
};

/// Immutable; asked on any thread. Names are found by the hashes that the host has ready.
class HostTable {
public:
    /// The question's name, or a wildcard of its parent.
    Node find(const loom_query& query) const {
        const Bytes name = view(query.qname_lower);
        if (const Node node = names_.find(octets_, query.suffix_hash[0], name)) return node;
        if (wildcards_.is_empty() || query.label_count == 0) return Node{};
        return wildcards_.find(octets_, query.suffix_hash[1], name.subspan(query.label_offset[1]));
    }
    void prefetch(const loom_query& query) const noexcept { names_.prefetch(query.suffix_hash[0]); }

    /// A name itself; a wildcard by its parent's name.
    Node find(const Host& host, Bytes name, bool wildcard) const {
        return (wildcard ? wildcards_ : names_).find(octets_, host.hash_name(name), name);
    }
    /// All names, wildcards by their parent's.
    void each(const std::function<void(const Node&, bool wildcard)>& call) const;

    std::size_t size() const { return names_.size() + wildcards_.size(); }

private:
    friend class HostTableBuilder;

    /// Open addressing, at most half full.
    class Index {
    public:
        Index() = default;
        explicit Index(std::size_t size);

        void add(std::uint64_t hash, std::size_t offset);
        Node find(const std::vector<std::uint8_t>& octets, std::uint64_t hash, Bytes name) const {
            for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
                const Slot& slot = slots_[i];
                if (slot.end == 0) return Node{};
                if (slot.hash != hash) continue;
                const Node node{octets.data() + (slot.end - 1) * align};
                const Bytes known = node.name();
                if (known.size() == name.size() &&
                    std::memcmp(known.data(), name.data(), name.size()) == 0)
                    return node;
            }
        }
        void prefetch(std::uint64_t hash) const noexcept {
            __builtin_prefetch(&slots_[hash & mask_]);
        }
        std::size_t size() const { return size_; }
        bool is_empty() const { return size_ == 0; }
        template <class F>
        void each(const std::vector<std::uint8_t>& octets, F call) const {
            for (const Slot& slot : slots_)
                if (slot.end != 0) call(Node{octets.data() + (slot.end - 1) * align});
        }

    private:
        struct Slot {
            std::uint64_t hash = 0;
            std::uint64_t end = 0;  ///< The node's offset in units of `align`, and 1; 0: free.
        };
        std::vector<Slot> slots_ = std::vector<Slot>(1);
        std::size_t mask_ = 0;
        std::size_t size_ = 0;
    };

    static constexpr std::size_t align = 8;

    std::vector<std::uint8_t> octets_;
    Index names_;
    Index wildcards_;
};

/// Collects entries and makes a table of them.
class HostTableBuilder {
public:
    HostTableBuilder(const Host& host, std::uint32_t ttl) : host_{host}, ttl_{ttl} {}

    /// A second time changes nothing. False: the table is full.
    [[nodiscard]] bool add(const HostAddress& address, const dns::Name& name);
    /// The name for an address, asked for by the reverse name. Likewise.
    [[nodiscard]] bool add_reverse(const HostAddress& address, const dns::Name& name);

    HostTable build() const;

private:
    struct Draft {
        std::vector<HostAddress> addresses;
        std::vector<dns::Name> pointers;
    };

    Draft* draft(dns::NameView name);
    void append(HostTable& table, const std::string& name, const Draft& draft) const;
    void append_record(HostTable& table, std::uint16_t type, Bytes rdata) const;

    const Host host_;
    const std::uint32_t ttl_;
    std::unordered_map<std::string, Draft> drafts_;  // By name in wire form.
    std::size_t wildcards_ = 0;
};

}  // namespace loom::hosts
