// SPDX-License-Identifier: Apache-2.0
#include "http_pages.hpp"

#include "../config/endpoint.hpp"
#include "../net/event_loop.hpp"
#include "../net/socket_address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace loom::host {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::size_t request_size_max = 8192;
constexpr unsigned connections_max = 64;
constexpr std::uint64_t request_ns = 10'000'000'000;

constexpr boost::beast::string_view plain_text = "text/plain; charset=utf-8";

tcp::endpoint to_endpoint(const loom_address& address) {
    sockaddr_in6 raw{};
    const socklen_t size = to_sockaddr(address, raw);
    tcp::endpoint endpoint;
    endpoint.resize(size);
    std::memcpy(endpoint.data(), &raw, size);
    return endpoint;
}

bool same_address(const loom_address& a, const loom_address& b) {
    return std::memcmp(a.ip, b.ip, sizeof a.ip) == 0 && a.port == b.port && a.scope == b.scope;
}

}  // namespace

/// A client that asks for pages, one after the other. Lives as long as one of its handlers.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(
        HttpPages& pages, const loom_address& address, tcp::socket socket,
        std::shared_ptr<unsigned> count)
        : pages_{pages}, loop_{pages.loop_}, address_{address}, socket_{std::move(socket)},
          count_{std::move(count)} {
        ++*count_;
    }
    ~HttpConnection() { --*count_; }
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    void read();

private:
    void answer();
    void make_page(const HttpPage& page);
    void refuse(http::status status, std::string_view text);
    void write();
    void begin_time();
    void end_time();

    HttpPages& pages_;
    EventLoop& loop_;
    loom_address address_;
    tcp::socket socket_;
    std::shared_ptr<unsigned> count_;
    std::uint64_t timer_ = 0;  // Runs while a handler waits.
    beast::flat_buffer buffer_{request_size_max};
    std::optional<http::request_parser<http::empty_body>> parser_;
    http::response<http::string_body> response_;
};

/// An open port.
class HttpPort {
public:
    HttpPort(HttpPages& pages, const loom_address& address)
        : pages_{pages}, address_{address}, acceptor_{pages.loop_.context()} {
        const tcp::endpoint endpoint = to_endpoint(address);
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address{true});
        if (address.family == 6) acceptor_.set_option(boost::asio::ip::v6_only{true});
        acceptor_.bind(endpoint);
        acceptor_.listen();
        accept();
    }
    ~HttpPort() {
        if (pause_ != 0) pages_.loop_.cancel_timer(pause_);
    }
    HttpPort(const HttpPort&) = delete;
    HttpPort& operator=(const HttpPort&) = delete;

    const loom_address& address() const { return address_; }
    std::string bound() const {
        loom_address bound = address_;
        bound.port = acceptor_.local_endpoint().port();
        return to_string_with_port(bound);
    }

private:
    void accept();
    void pause();

    HttpPages& pages_;
    loom_address address_;
    tcp::acceptor acceptor_;
    std::uint64_t pause_ = 0;  // The timer that ends it; 0: none.
    std::shared_ptr<unsigned> open_ = std::make_shared<unsigned>(0);
};

void HttpPort::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        const EventLoop::Turn turn{pages_.loop_};
        if (error && error != asio::error::connection_aborted) {
            pause();
            return;
        }
        if (!error && *open_ < connections_max)
            std::make_shared<HttpConnection>(pages_, address_, std::move(socket), open_)->read();
        accept();
    });
}

// There are no descriptors left, or there is no memory. The connection stays in the queue and would
// wake the loop at once, again and again.
void HttpPort::pause() {
    constexpr std::uint64_t pause_ns = 100'000'000;
    pause_ = pages_.loop_.add_timer(
        pause_ns,
        [](void* self) {
            auto& port = *static_cast<HttpPort*>(self);
            port.pause_ = 0;
            port.accept();
        },
        this, nullptr);
}

void HttpConnection::begin_time() {
    timer_ = loop_.add_timer(
        request_ns,
        [](void* self) {
            auto& connection = *static_cast<HttpConnection*>(self);
            connection.timer_ = 0;
            boost::system::error_code ignored;
            connection.socket_.close(ignored);
        },
        this, nullptr);
}

void HttpConnection::end_time() {
    if (timer_ != 0) loop_.cancel_timer(std::exchange(timer_, 0));
}

void HttpConnection::read() {
    parser_.emplace();
    parser_->header_limit(request_size_max);
    // Bodies are never read.
    parser_->body_limit(boost::none);
    begin_time();
    http::async_read_header(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](const beast::error_code& error, std::size_t) {
            const EventLoop::Turn turn{self->loop_};
            self->end_time();
            if (!error) {
                self->answer();
            } else if (
                error == http::error::header_limit || error == http::error::buffer_overflow) {
                self->refuse(
                    http::status::request_header_fields_too_large, "the request is too large\n");
            } else if (
                error.category() == make_error_code(http::error::bad_version).category() &&
                error != http::error::end_of_stream && error != http::error::partial_message) {
                self->refuse(http::status::bad_request, "this is no HTTP request\n");
            }
        });
}

void HttpConnection::answer() {
    const auto& request = parser_->get();
    response_ = {};
    response_.version(request.version());
    // What follows a body that is not read would be taken for a request.
    response_.keep_alive(request.keep_alive() && parser_->is_done());
    response_.set(http::field::content_type, plain_text);
    const bool is_head = request.method() == http::verb::head;
    const std::string_view target{request.target().data(), request.target().size()};
    const std::string_view path = target.substr(0, target.find('?'));
    const auto page = std::ranges::find_if(pages_.pages_, [&](const HttpPage& candidate) {
        return candidate.path == path && same_address(candidate.address, address_);
    });
    if (request.method() != http::verb::get && !is_head) {
        response_.result(http::status::method_not_allowed);
        response_.set(http::field::allow, "GET, HEAD");
        response_.body() = "only GET and HEAD\n";
    } else if (page == pages_.pages_.end()) {
        response_.result(http::status::not_found);
        response_.body() = "no such page\n";
    } else {
        make_page(*page);
    }
    response_.prepare_payload();
    if (is_head) response_.body().clear();
    write();
}

void HttpConnection::make_page(const HttpPage& page) {
    std::string body;
    const loom_sink sink{
        &body, [](void* self, const void* data, std::size_t size) -> loom_status {
            static_cast<std::string*>(self)->append(static_cast<const char*>(data), size);
            return LOOM_OK;
        }};
    loom_http_reply reply{
        sizeof(loom_http_reply), 200, {plain_text.data(), plain_text.size()}, &sink};
    const loom_status status = page.handler(page.arg, &reply);
    // Others have no body, or are no status at all.
    const bool is_usable = status == LOOM_OK && reply.status >= 200 && reply.status <= 599 &&
                           reply.status != 204 && reply.status != 304;
    response_.result(is_usable ? static_cast<unsigned>(reply.status) : 500U);
    response_.set(
        http::field::content_type,
        boost::beast::string_view{reply.content_type.data, reply.content_type.size});
    response_.body() = std::move(body);
}

void HttpConnection::refuse(http::status status, std::string_view text) {
    response_ = {};
    response_.version(11);
    response_.keep_alive(false);
    response_.result(status);
    response_.set(http::field::content_type, plain_text);
    response_.body() = text;
    response_.prepare_payload();
    write();
}

void HttpConnection::write() {
    response_.set(http::field::server, "dnsloom");
    begin_time();
    http::async_write(
        socket_, response_,
        [self = shared_from_this()](const beast::error_code& error, std::size_t) {
            const EventLoop::Turn turn{self->loop_};
            self->end_time();
            if (!error && self->response_.keep_alive()) self->read();
        });
}

HttpPages::HttpPages(EventLoop& loop) : loop_{loop} {}
HttpPages::~HttpPages() = default;

bool HttpPages::propose(const HttpPage& page) {
    const bool taken = std::ranges::any_of(proposed_, [&](const HttpPage& other) {
        return other.path == page.path && same_address(other.address, page.address) &&
               other.plugin != page.plugin;
    });
    if (taken) return false;
    proposed_.push_back(page);
    return true;
}

Result<void> HttpPages::open_ports() {
    for (const HttpPage& page : proposed_) {
        const std::string key = to_string_with_port(page.address);
        if (ports_.contains(key)) continue;
        try {
            ports_.emplace(key, std::make_unique<HttpPort>(*this, page.address));
        } catch (const boost::system::system_error& e) {
            return std::unexpected{
                Error{fmt::format("http://{}: cannot listen: {}", key, e.code().message())}};
        }
    }
    return {};
}

void HttpPages::commit() {
    pages_.insert(pages_.begin(), proposed_.begin(), proposed_.end());
    proposed_.clear();
    close_unused();
}

void HttpPages::withdraw() {
    proposed_.clear();
    close_unused();
}

void HttpPages::remove_owner(const Instance* owner) {
    std::erase_if(pages_, [&](const HttpPage& page) { return page.owner == owner; });
    std::erase_if(proposed_, [&](const HttpPage& page) { return page.owner == owner; });
    close_unused();
}

void HttpPages::close_unused() {
    std::erase_if(ports_, [&](const auto& entry) {
        const auto on_port = [&](const HttpPage& page) {
            return same_address(page.address, entry.second->address());
        };
        return std::ranges::none_of(pages_, on_port) && std::ranges::none_of(proposed_, on_port);
    });
}

std::vector<std::string> HttpPages::addresses() const {
    std::vector<std::string> out;
    for (const auto& [key, port] : ports_) out.push_back(port->bound());
    return out;
}

}  // namespace loom::host
