// SPDX-License-Identifier: Apache-2.0
// A zone's NSEC3 records in the order of their hashes (RFC 5155).
#pragma once

#include "node.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace loom::file {

using Nsec3Hash = std::array<std::uint8_t, 20>;

/// How a zone's names are hashed (RFC 5155 section 4).
struct Nsec3Parameters {
    std::uint16_t iterations = 0;
    std::vector<std::uint8_t> salt;

    /// From the rdata of NSEC3PARAM or NSEC3, whose beginnings are the same; the text says what is
    /// not supported.
    static std::expected<Nsec3Parameters, std::string> read(Bytes rdata);
    /// True if an NSEC3 or NSEC3PARAM record has them.
    bool match(Bytes rdata) const;
};

/// Hashes names; holds what OpenSSL needs for it, so one for each thread.
class Nsec3Hasher {
public:
    Nsec3Hasher();
    ~Nsec3Hasher();
    Nsec3Hasher(const Nsec3Hasher&) = delete;
    Nsec3Hasher& operator=(const Nsec3Hasher&) = delete;

    /// `name` is whole, in lower case. RFC 5155 section 5.
    Nsec3Hash hash(const Nsec3Parameters& parameters, Bytes name);

private:
    struct State;
    std::unique_ptr<State> state_;
};

class Nsec3Index {
public:
    /// Adds a node that has an NSEC3 record; order() follows.
    void add(const Nsec3Hash& hash, NodeRef node) { entries_.push_back({hash, node}); }
    void order();

    bool empty() const { return entries_.empty(); }
    /// The node of the record whose hash is `hash`; 0 if there is none.
    NodeRef matching(const Nsec3Hash& hash) const;
    /// The node of the record that covers `hash`, or matches it.
    NodeRef covering(const Nsec3Hash& hash) const;

private:
    struct Entry {
        Nsec3Hash hash;
        NodeRef node;
    };
    const Entry* last_not_after(const Nsec3Hash& hash) const;

    std::vector<Entry> entries_;
};

/// The hash in the first label of an NSEC3 record's owner; false if it is none.
bool read_nsec3_owner(Bytes relative, Nsec3Hash& hash);

}  // namespace loom::file
