// SPDX-License-Identifier: Apache-2.0
// A database in MaxMind's format.
#pragma once

#include <maxminddb.h>

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loom::geoip {

/// What an address leads to. Refers to its database.
class Place {
public:
    explicit Place(const MMDB_entry_s& entry) : entry_{entry} {}

    /// The value at a path of keys and array indices; nothing if it is not there or of another
    /// kind.
    std::optional<std::string_view> text(std::span<const char* const> path) const;
    std::optional<double> real(std::span<const char* const> path) const;
    std::optional<std::uint32_t> number(std::span<const char* const> path) const;
    std::optional<bool> truth(std::span<const char* const> path) const;

private:
    std::optional<MMDB_entry_data_s>
    value(std::span<const char* const> path, std::uint32_t type) const;

    MMDB_entry_s entry_;
};

/// Immutable; asked on any thread. Has a copy of the file in memory: one that is overwritten in
/// place would else change, or end, under a look-up.
class Database {
public:
    /// Otherwise `PATH: ...` with what to change.
    [[nodiscard]] static std::expected<std::unique_ptr<const Database>, std::string>
    open(const std::string& path);

    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { MMDB_close(&mmdb_); }

    enum class Failure : std::uint8_t {
        not_found,
        malformed  ///< The file is not sound where the look-up went.
    };
    /// `ip` is an IPv6 or a v4-mapped address.
    [[nodiscard]] std::expected<Place, Failure> find(std::span<const std::uint8_t, 16> ip) const;

    bool has_cities() const { return has_cities_; }
    bool has_networks() const { return has_networks_; }  ///< Autonomous systems.
    std::string_view type() const { return mmdb_.metadata.database_type; }
    /// Seconds since 1970.
    std::uint64_t built() const { return mmdb_.metadata.build_epoch; }
    /// Tells this database from all others of the process; never 0.
    std::uint64_t serial() const { return serial_; }

private:
    Database() = default;

    MMDB_s mmdb_{};
    bool has_cities_ = false;
    bool has_networks_ = false;
    std::uint64_t serial_ = 0;
};

}  // namespace loom::geoip
