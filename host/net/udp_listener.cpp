// SPDX-License-Identifier: Apache-2.0
#include "udp_listener.hpp"

#include "socket_address.hpp"
#include "worker.hpp"
#include "../pipeline/intake.hpp"
#include "../pipeline/reply.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace loom::host {

namespace asio = boost::asio;

namespace {

// Room for the address that a datagram came to, of either family.
struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> octets;
};

}  // namespace

struct UdpListener::Incoming {
    std::array<mmsghdr, batch> headers{};
    std::array<iovec, batch> parts{};
    std::array<sockaddr_in6, batch> peers{};
    std::array<Control, batch> control{};
    std::vector<std::uint8_t> room = std::vector<std::uint8_t>(batch * message_room);
};

struct UdpListener::Outgoing {
    std::array<mmsghdr, batch> headers{};
    std::array<iovec, batch> parts{};
    std::array<sockaddr_in6, batch> peers{};
    std::array<Control, batch> control{};
    std::vector<std::uint8_t> room = std::vector<std::uint8_t>(batch * message_room);
    std::size_t count = 0;

    std::uint8_t* at(std::size_t index) { return room.data() + index * message_room; }
};

UdpListener::UdpListener(Worker& worker, std::uint32_t slot, int fd)
    : worker_{worker}, slot_{slot}, socket_{worker.context(), fd}, fd_{fd},
      taken_(Worker::ahead), in_{std::make_unique<Incoming>()},
      out_{std::make_unique<Outgoing>()} {
    socket_.non_blocking(true);
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    to_loom_address(bound, local_);
    ipv4_ = local_.family == 4;
    wildcard_ = is_wildcard(local_);
    for (std::size_t i = 0; i < batch; ++i) {
        in_->parts[i] = {in_->room.data() + i * message_room, message_room - message_slack};
        msghdr& in = in_->headers[i].msg_hdr;
        in.msg_iov = &in_->parts[i];
        in.msg_iovlen = 1;
        in.msg_name = &in_->peers[i];
        if (wildcard_) in.msg_control = &in_->control[i];
        msghdr& out = out_->headers[i].msg_hdr;
        out.msg_iov = &out_->parts[i];
        out.msg_iovlen = 1;
        out.msg_name = &out_->peers[i];
    }
    wait();
}

UdpListener::~UdpListener() = default;

void UdpListener::wait() {
    socket_.async_wait(
        asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            on_readable();
        });
}

void UdpListener::on_readable() {
    // A few batches, then the other sockets of the worker have their turn.
    constexpr int batches_max = 8;
    for (int i = 0; i < batches_max; ++i) {
        const EventLoop::Turn turn{worker_};
        if (!receive()) break;
    }
    if (!retired_) wait();
}

// True: there may be more.
bool UdpListener::receive() {
    Incoming& in = *in_;
    for (mmsghdr& header : in.headers) {
        header.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
        if (wildcard_) header.msg_hdr.msg_controllen = sizeof(Control);
    }
    const int count = ::recvmmsg(fd_, in.headers.data(), batch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return false;
    worker_.count(worker_.metrics().udp_queries, static_cast<std::uint64_t>(count));
    // A few are admitted ahead of the one that is served, so that plugins can prepare.
    const auto messages = static_cast<std::size_t>(count);
    const auto turnout = messages > 1 ? Turnout::later : Turnout::at_once;
    for (std::size_t i = 0; i < std::min(messages, Worker::ahead); ++i) admit(i, turnout);
    for (std::size_t i = 0; i < messages; ++i) {
        serve(i);
        if (i + Worker::ahead < messages) admit(i + Worker::ahead, turnout);
    }
    // After a small batch the next receive would most likely find nothing.
    constexpr int worth_another = 8;
    return count >= worth_another;
}

void UdpListener::admit(std::size_t index, Turnout turnout) {
    const auto* message = in_->room.data() + index * message_room;
    const mmsghdr& header = in_->headers[index];
    Exchange& e = worker_.next_exchange(index % Worker::ahead);
    e.transport = LOOM_TRANSPORT_UDP;
    e.origin = Origin::udp;
    e.udp = this;
    e.tcp = nullptr;
    e.listener = slot_;
    IntakeResult& taken = taken_[index % Worker::ahead];
    taken = take_in(
        e, {message, header.msg_len}, worker_.services().hash_key, {worker_.limits().udp_size},
        message_slack);
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) taken.intake = Intake::ignore;
    if (taken.intake == Intake::query) worker_.admit(e, turnout);
}

void UdpListener::serve(std::size_t index) {
    const IntakeResult& taken = taken_[index % Worker::ahead];
    if (taken.intake == Intake::ignore) {
        worker_.count(worker_.metrics().malformed);
        return;
    }
    Exchange& e = worker_.next_exchange(index % Worker::ahead);
    take_addresses(e, index);
    lend(e);
    if (taken.intake == Intake::error) {
        worker_.count_rejected(taken);
        const auto* message = in_->room.data() + index * message_room;
        stage(
            e, write_error_reply(
                   {message, in_->headers[index].msg_len}, taken.question_size, taken.rcode,
                   taken.edns, worker_.limits().udp_size, {e.send_buffer, e.send_size}));
        return;
    }
    worker_.serve(e);
}

void UdpListener::take_addresses(Exchange& e, std::size_t index) {
    e.peer = &in_->peers[index];
    to_loom_address(*e.peer, e.client_address);
    e.client = &e.client_address;
    e.local = &local_;
    if (!wildcard_) return;
    e.local_address = local_;
    e.local = &e.local_address;
    e.packet_interface = 0;
    msghdr& header = in_->headers[index].msg_hdr;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(part), sizeof info);
            std::memcpy(e.local_address.ip + 12, &info.ipi_addr, 4);
        } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(part), sizeof info);
            std::memcpy(e.local_address.ip, &info.ipi6_addr, 16);
            e.packet_interface = info.ipi6_ifindex;
        }
    }
}

void UdpListener::lend(Exchange& e) {
    if (out_->count == batch) flush();
    e.send_buffer = out_->at(out_->count);
    e.send_size = message_room - message_slack;
}

void UdpListener::send(Exchange& e, std::size_t size) { stage(e, size); }

void UdpListener::stage(const Exchange& e, std::size_t size) {
    if (size == 0) return;
    Outgoing& out = *out_;
    const std::size_t i = out.count++;
    out.parts[i] = {out.at(i), size};
    msghdr& header = out.headers[i].msg_hdr;
    if (e.detached) {
        // The exchange may serve another query before the batch is sent.
        out.peers[i] = *e.peer;
        header.msg_name = &out.peers[i];
    } else {
        header.msg_name = const_cast<sockaddr_in6*>(e.peer);  // NOLINT(*-const-cast): only read.
    }
    header.msg_namelen = ipv4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (wildcard_) set_source(e, i);
    if (!unsent_) {
        unsent_ = true;
        worker_.flush_later(*this);
    }
}

// The answer leaves from the address that was asked.
void UdpListener::set_source(const Exchange& e, std::size_t index) {
    msghdr& header = out_->headers[index].msg_hdr;
    header.msg_control = &out_->control[index];
    header.msg_controllen = sizeof(Control);
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    if (ipv4_) {
        in_pktinfo info{};
        std::memcpy(&info.ipi_spec_dst, e.local_address.ip + 12, 4);
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(part), &info, sizeof info);
        header.msg_controllen = CMSG_SPACE(sizeof info);
        return;
    }
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, e.local_address.ip, 16);
    // Link-local addresses need the interface.
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = e.packet_interface;
    part->cmsg_level = IPPROTO_IPV6;
    part->cmsg_type = IPV6_PKTINFO;
    part->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(part), &info, sizeof info);
    header.msg_controllen = CMSG_SPACE(sizeof info);
}

void UdpListener::flush() {
    Outgoing& out = *out_;
    std::size_t sent = 0;
    while (sent < out.count) {
        const int count = ::sendmmsg(
            fd_, out.headers.data() + sent, static_cast<unsigned>(out.count - sent), MSG_DONTWAIT);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        // A datagram that cannot be sent is lost, as on the way: the client asks again.
        worker_.count(worker_.metrics().send_errors);
        ++sent;
    }
    out.count = 0;
    unsent_ = false;
}

void UdpListener::let_go() {
    --held_;
    if (is_unused()) worker_.forget_unused_listeners();
}

void UdpListener::retire() {
    if (retired_) return;
    {
        // What has arrived already is still answered, about as much as the socket's buffer takes.
        constexpr int batches_max = 256;
        const EventLoop::Turn turn{worker_};
        // Replies point at the batch that they answer.
        for (int i = 0; i < batches_max && receive(); ++i) flush();
        flush();
    }
    retired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

}  // namespace loom::host
