// SPDX-License-Identifier: Apache-2.0
// Hashing names, and finding NSEC3 records by hash.

#include "denial_nsec3.hpp"

#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace loom::file {

namespace {

constexpr std::uint8_t sha1_algorithm = 1;
// RFC 5155 section 10.3; RFC 9276 wants 0.
constexpr std::uint16_t iterations_max = 2500;
constexpr std::size_t salt_size_max = 255;
// Algorithm, flags, iterations, salt length.
constexpr std::size_t parameters_size = 5;

__extension__ using Wide = unsigned __int128;

std::uint64_t front(const Nsec3Hash& hash) {
    return std::uint64_t{dns::load_u32(hash.data())} << 32U | dns::load_u32(hash.data() + 4);
}

}  // namespace

std::expected<Nsec3Parameters, std::string> Nsec3Parameters::read(Bytes rdata) {
    if (rdata.size() < parameters_size || rdata.size() - parameters_size < rdata[4])
        return std::unexpected{"the record is too short"};
    if (rdata[0] != sha1_algorithm)
        return std::unexpected{
            "hash algorithm " + std::to_string(rdata[0]) + " is not supported, use 1 (SHA-1)"};
    Nsec3Parameters parameters;
    parameters.iterations = dns::load_u16(rdata.data() + 2);
    if (parameters.iterations > iterations_max)
        return std::unexpected{
            std::to_string(parameters.iterations) +
            " iterations are too many, use 0 (RFC 9276 section 3.1)"};
    const Bytes salt = rdata.subspan(parameters_size, rdata[4]);
    parameters.salt.assign(salt.begin(), salt.end());
    return parameters;
}

bool Nsec3Parameters::match(Bytes rdata) const {
    return rdata.size() >= parameters_size + salt.size() && rdata[0] == sha1_algorithm &&
           dns::load_u16(rdata.data() + 2) == iterations && rdata[4] == salt.size() &&
           std::ranges::equal(rdata.subspan(parameters_size, salt.size()), salt);
}

struct Nsec3Hasher::State {
    EVP_MD* digest = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() {
        EVP_MD_CTX_free(context);
        EVP_MD_free(digest);
    }
};

Nsec3Hasher::Nsec3Hasher() : state_{std::make_unique<State>()} {
    if (!state_->digest || !state_->context) throw std::runtime_error{"OpenSSL offers no SHA-1"};
}

Nsec3Hasher::~Nsec3Hasher() = default;

Nsec3Hash Nsec3Hasher::hash(const Nsec3Parameters& parameters, Bytes name) {
    Nsec3Hash hash{};
    std::array<std::uint8_t, dns::name_size_max + salt_size_max> input;
    std::size_t size = name.size();
    std::ranges::copy(name, input.begin());
    for (unsigned round = 0; round <= parameters.iterations; ++round) {
        std::ranges::copy(parameters.salt, input.begin() + static_cast<std::ptrdiff_t>(size));
        if (EVP_DigestInit_ex2(state_->context, state_->digest, nullptr) != 1 ||
            EVP_DigestUpdate(state_->context, input.data(), size + parameters.salt.size()) != 1 ||
            EVP_DigestFinal_ex(state_->context, hash.data(), nullptr) != 1)
            throw std::runtime_error{"SHA-1 failed"};
        std::ranges::copy(hash, input.begin());
        size = hash.size();
    }
    return hash;
}

void Nsec3Index::order() {
    std::ranges::sort(entries_, {}, &Entry::hash);
    entries_.shrink_to_fit();
}

const Nsec3Index::Entry* Nsec3Index::last_not_after(const Nsec3Hash& hash) const {
    // Hashes are spread evenly, so the place is nearly known.
    const auto guess = static_cast<std::size_t>(Wide{front(hash)} * Wide{entries_.size()} >> 64U);
    const auto after = [&](std::size_t i) { return hash < entries_[i].hash; };
    std::size_t low = guess;
    std::size_t high = guess;
    std::size_t step = 1;
    while (low > 0 && after(low)) {
        high = low;
        low = low > step ? low - step : 0;
        step *= 2;
    }
    while (high < entries_.size() && !after(high)) {
        low = high;
        high = std::min(high + step, entries_.size());
        step *= 2;
    }
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (after(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low == 0 ? nullptr : &entries_[low - 1];
}

NodeRef Nsec3Index::matching(const Nsec3Hash& hash) const {
    if (empty()) return 0;
    const Entry* entry = last_not_after(hash);
    return entry && entry->hash == hash ? entry->node : 0;
}

NodeRef Nsec3Index::covering(const Nsec3Hash& hash) const {
    if (empty()) return 0;
    const Entry* entry = last_not_after(hash);
    return entry ? entry->node : entries_.back().node;
}

bool read_nsec3_owner(Bytes relative, Nsec3Hash& hash) {
    constexpr std::size_t digits = 32;
    if (relative.size() != digits + 1 || relative[0] != digits) return false;
    const std::string_view text{reinterpret_cast<const char*>(relative.data()) + 1, digits};
    const auto octets = dns::decode_base(dns::Base::base32hex, text);
    if (!octets || octets->size() != hash.size()) return false;
    std::ranges::copy(*octets, hash.begin());
    return true;
}

}  // namespace loom::file
