// SPDX-License-Identifier: Apache-2.0
#include "name_resolver.hpp"

#include "reply_check.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

namespace loom::forward {
namespace {

constexpr std::size_t v4_offset = 12;  // In a v4-mapped address.
constexpr std::size_t addresses_max = 16;
constexpr int receive_max = 16;

std::vector<std::uint8_t> wire_name(const std::string& name) {
    const auto parsed = dns::Name::from_text(name + ".");
    if (!parsed) throw std::invalid_argument{"`" + name + "` is no name"};
    const auto* octets = parsed->view().data();
    return {octets, octets + parsed->view().size()};
}

std::optional<loom_address> address_of(const dns::RecordView& record, std::uint16_t port) {
    loom_address address{};
    const auto rdata = record.rdata();
    if (record.type == dns::rr_type::a && rdata.size() == 4) {
        address.family = 4;
        address.ip[10] = address.ip[11] = 0xFF;
        std::ranges::copy(rdata, address.ip + v4_offset);
    } else if (record.type == dns::rr_type::aaaa && rdata.size() == sizeof address.ip) {
        address.family = 6;
        std::ranges::copy(rdata, address.ip);
    } else {
        return std::nullopt;
    }
    address.port = port;
    return address;
}

}  // namespace

class NameResolver::Socket final : public WatchedSocket {
public:
    Socket(NameResolver& owner, int fd)
        : WatchedSocket{owner.host_, LOOM_CONTROL, fd}, owner_{owner} {}
    void end() { close(); }

private:
    void on_ready(std::uint32_t) override { owner_.receive(); }
    NameResolver& owner_;
};

NameResolver::NameResolver(
    const Host& host,
    const std::vector<loom_address>& bootstrap,
    const std::string& name,
    std::uint16_t port,
    Found found)
    : host_{host},
      bootstrap_{bootstrap},
      name_{name},
      wire_name_{wire_name(name)},
      port_{port},
      found_{std::move(found)},
      lookups_{Lookup{.type = dns::rr_type::a}, Lookup{.type = dns::rr_type::aaaa}},
      timer_{host, LOOM_CONTROL, [this] { on_timer(); }} {
    for (auto& lookup : lookups_)
        lookup.query.write({.qname = wire_name_, .qtype = lookup.type, .flags = dns::flag::rd});
}

NameResolver::~NameResolver() = default;

void NameResolver::stop() {
    timer_.cancel();
    if (socket_) socket_->end();
}

void NameResolver::ask() {
    asking_ = true;
    addresses_.clear();
    ttl_ = ttl_max;
    for (auto& lookup : lookups_) lookup.is_done = false;
    timer_.arm(patience);
    const int fd = open_connected({.address = bootstrap_[server_], .text = {}}, SOCK_DGRAM);
    if (fd < 0) return end_server();
    socket_ = std::make_unique<Socket>(*this, fd);
    if (!socket_->wait_for(LOOM_FD_READABLE) || !send_all()) end_server();
}

bool NameResolver::send_all() {
    for (auto& lookup : lookups_) {
        lookup.id = ids_.id();
        lookup.query.set_id(lookup.id);
        const auto octets = lookup.query.octets();
        if (::send(socket_->fd(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return false;
    }
    return true;
}

void NameResolver::receive() {
    std::array<std::uint8_t, OutgoingQuery::udp_size> octets;
    for (int i = 0; i < receive_max && asking_; ++i) {
        const auto n = ::recv(socket_->fd(), octets.data(), octets.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n < 0) return end_server();
        take(std::span{octets}.first(static_cast<std::size_t>(n)));
        if (is_done()) return end_server();
    }
}

void NameResolver::take(std::span<const std::uint8_t> reply) {
    if (reply.size() < dns::header_size) return;
    const auto id = dns::load_u16(reply.data());
    for (auto& lookup : lookups_) {
        if (lookup.is_done || lookup.id != id) continue;
        const auto checked = check_reply(reply, lookup.query.question());
        if (!checked) continue;  // It may be forged.
        lookup.is_done = true;
        if (checked->rcode == dns::rcode::noerror && !checked->is_truncated) collect(lookup, reply);
        return;
    }
}

void NameResolver::collect(Lookup& lookup, std::span<const std::uint8_t> reply) {
    auto reader = dns::MessageReader::open(reply);
    if (!reader) return;
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        if ((*record)->section != dns::Section::answer) continue;
        // That of an alias on the way counts, too. With the top bit set it is 0 (RFC 2181 section 8).
        const auto ttl = (*record)->ttl >> 31U != 0 ? 0 : (*record)->ttl;
        ttl_ = std::min(ttl_, std::chrono::seconds{ttl});
        if ((*record)->type != lookup.type || addresses_.size() == addresses_max) continue;
        if (const auto address = address_of(**record, port_)) addresses_.push_back(*address);
    }
}

bool NameResolver::is_done() const { return std::ranges::all_of(lookups_, &Lookup::is_done); }

/// With what there is: an address of one family will do.
void NameResolver::end_server() {
    asking_ = false;
    if (socket_) socket_->end();
    if (addresses_.empty()) {
        ++server_;
        // Not from here: the socket may be the one that calls.
        if (server_ < bootstrap_.size()) return timer_.arm({});
        return give_up();
    }
    retry_ = retry_min;
    if (std::exchange(failing_, false))
        host_.log(LOOM_LOG_INFO, "upstream's name has addresses again", {{"name", name_}});
    server_ = 0;
    timer_.arm(std::clamp(ttl_, ttl_min, ttl_max));
    found_(addresses_);
}

void NameResolver::give_up() {
    timer_.arm(retry_);
    retry_ = std::min(retry_ * 2, retry_max);
    server_ = 0;
    if (!std::exchange(failing_, true))
        host_.log(
            LOOM_LOG_WARNING,
            "no bootstrap server has an address of an upstream's name",
            {{"name", name_}});
}

void NameResolver::on_timer() {
    if (asking_) return end_server();
    ask();
}

}  // namespace loom::forward
