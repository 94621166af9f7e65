// SPDX-License-Identifier: Apache-2.0
// The library's functions behind checks.

#include "database.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace loom::geoip {
namespace {

constexpr std::size_t file_size_max = std::size_t{2} << 30U;
constexpr std::size_t keys_max = 4;
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// A descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number) : number_{number} {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_;
};

std::unexpected<std::string> unreadable(const std::string& path, std::string_view why) {
    return std::unexpected{
        fmt::format("{}: {}: make it a database that the server may read", path, why)};
}

bool write_all(int to, const char* data, std::size_t size) {
    while (size != 0) {
        const ssize_t written = write(to, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

/// Copies all of `from`; otherwise says why not.
std::expected<void, std::string> copy(int from, int to) {
    std::array<char, 65536> part;
    for (std::size_t total = 0;;) {
        const ssize_t got = read(from, part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected{std::string{std::strerror(errno)}};
        if (got == 0) return {};
        total += static_cast<std::size_t>(got);
        if (total > file_size_max) return std::unexpected{std::string{"more than 2 GiB"}};
        if (!write_all(to, part.data(), static_cast<std::size_t>(got)))
            return std::unexpected{std::string{"no memory for it"}};
    }
}

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

}  // namespace

std::expected<std::unique_ptr<const Database>, std::string>
Database::open(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return unreadable(path, std::strerror(errno));
    const Descriptor memory{memfd_create("geoip", MFD_CLOEXEC)};
    if (!memory) return unreadable(path, "no memory for it");
    if (const auto copied = copy(file.number(), memory.number()); !copied)
        return unreadable(path, copied.error());

    std::unique_ptr<Database> database{new Database};
    MMDB_s opened{};
    const std::string name = fmt::format("/proc/self/fd/{}", memory.number());
    if (const int status = MMDB_open(name.c_str(), MMDB_MODE_MMAP, &opened); status != MMDB_SUCCESS)
        return unreadable(path, MMDB_strerror(status));
    database->mmdb_ = opened;

    const std::string_view type = database->type();
    const auto has = [&](std::string_view word) { return type.find(word) != type.npos; };
    database->has_cities_ = has("City") || has("Country") || has("Enterprise");
    database->has_networks_ = has("ASN") || has("ISP") || has("Enterprise");
    if (!database->has_cities_ && !database->has_networks_)
        return std::unexpected{fmt::format(
            "{}: a database of type \"{}\": take one of cities, countries or ASNs", path, type)};
    database->serial_ = next_serial();
    return database;
}

std::expected<Place, Database::Failure> Database::find(std::span<const std::uint8_t, 16> ip) const {
    sockaddr_in ipv4{};
    sockaddr_in6 ipv6{};
    const sockaddr* address = reinterpret_cast<const sockaddr*>(&ipv6);
    if (std::ranges::equal(ip.first<12>(), mapped_prefix)) {
        ipv4.sin_family = AF_INET;
        std::memcpy(&ipv4.sin_addr, ip.data() + mapped_prefix.size(), 4);
        address = reinterpret_cast<const sockaddr*>(&ipv4);
    } else {
        ipv6.sin6_family = AF_INET6;
        std::memcpy(&ipv6.sin6_addr, ip.data(), ip.size());
        // Only IPv4 addresses in there.
        if (mmdb_.metadata.ip_version == 4) return std::unexpected{Failure::not_found};
    }
    int status = MMDB_SUCCESS;
    const auto found = MMDB_lookup_sockaddr(&mmdb_, address, &status);
    if (status != MMDB_SUCCESS) return std::unexpected{Failure::malformed};
    if (!found.found_entry) return std::unexpected{Failure::not_found};
    return Place{found.entry};
}

std::optional<MMDB_entry_data_s>
Place::value(std::span<const char* const> path, std::uint32_t type) const {
    std::array<const char*, keys_max + 1> keys{};
    if (path.size() > keys_max) return std::nullopt;
    std::ranges::copy(path, keys.begin());
    MMDB_entry_s entry = entry_;
    MMDB_entry_data_s data{};
    if (MMDB_aget_value(&entry, &data, keys.data()) != MMDB_SUCCESS) return std::nullopt;
    if (!data.has_data || data.type != type) return std::nullopt;
    return data;
}

std::optional<std::string_view> Place::text(std::span<const char* const> path) const {
    const auto data = value(path, MMDB_DATA_TYPE_UTF8_STRING);
    if (!data) return std::nullopt;
    return std::string_view{data->utf8_string, data->data_size};
}

std::optional<double> Place::real(std::span<const char* const> path) const {
    const auto data = value(path, MMDB_DATA_TYPE_DOUBLE);
    if (!data) return std::nullopt;
    return data->double_value;
}

std::optional<std::uint32_t> Place::number(std::span<const char* const> path) const {
    const auto data = value(path, MMDB_DATA_TYPE_UINT32);
    if (!data) return std::nullopt;
    return data->uint32;
}

std::optional<bool> Place::truth(std::span<const char* const> path) const {
    const auto data = value(path, MMDB_DATA_TYPE_BOOLEAN);
    if (!data) return std::nullopt;
    return data->boolean;
}

}  // namespace loom::geoip
