// SPDX-License-Identifier: Apache-2.0
#include "http_pages.hpp"

#include "../config/endpoint.hpp"
#include "../net/event_loop.hpp"
#include "../net/socket_address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace loom::host {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::size_t request_size_max = 8192;
constexpr unsigned connections_max = 64;
constexpr std::chrono::seconds request_time{10};

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

/// An open port with its connections.
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

    const loom_address& address() const { return address_; }
    std::string bound() const {
        loom_address bound = address_;
        bound.port = acceptor_.local_endpoint().port();
        return to_string_with_port(bound);
    }

private:
    // Lives as long as one of its handlers.
    struct Connection : std::enable_shared_from_this<Connection> {
        Connection(HttpPages& all, const loom_address& at, tcp::socket socket, std::shared_ptr<unsigned> open)
            : pages{all}, address{at}, stream{std::move(socket)}, count{std::move(open)} {
            ++*count;
        }
        ~Connection() { --*count; }
        Connection(const Connection&) = delete;
        Connection& operator=(const Connection&) = delete;

        void read() {
            parser.emplace();
            parser->header_limit(request_size_max);
            parser->body_limit(0);
            stream.expires_after(request_time);
            http::async_read(
                stream, buffer, *parser,
                [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                    if (!error) self->answer();
                });
        }
        void answer();

        HttpPages& pages;
        loom_address address;
        beast::tcp_stream stream;
        std::shared_ptr<unsigned> count;
        beast::flat_buffer buffer{request_size_max};
        std::optional<http::request_parser<http::string_body>> parser;
        http::response<http::string_body> response;
    };

    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error && *open_ < connections_max) {
                std::make_shared<Connection>(pages_, address_, std::move(socket), open_)->read();
            }
            accept();
        });
    }

    HttpPages& pages_;
    loom_address address_;
    tcp::acceptor acceptor_;
    std::shared_ptr<unsigned> open_ = std::make_shared<unsigned>(0);
};

void HttpPort::Connection::answer() {
    const auto& request = parser->get();
    const EventLoop::Turn turn{pages.loop_};
    response = {};
    response.version(request.version());
    response.keep_alive(request.keep_alive());
    response.set(http::field::server, "dnsloom");
    const bool is_get = request.method() == http::verb::get;
    const std::string_view target{request.target().data(), request.target().size()};
    const std::string_view path = target.substr(0, target.find('?'));
    const auto page = std::ranges::find_if(pages.pages_, [&](const HttpPage& candidate) {
        return candidate.path == path && same_address(candidate.address, address);
    });
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    if (!is_get && request.method() != http::verb::head) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, "GET, HEAD");
        response.body() = "only GET and HEAD\n";
    } else if (page == pages.pages_.end()) {
        response.result(http::status::not_found);
        response.body() = "no such page\n";
    } else {
        std::string body;
        const loom_sink sink{
            &body, [](void* self, const void* data, std::size_t size) -> loom_status {
                static_cast<std::string*>(self)->append(static_cast<const char*>(data), size);
                return LOOM_OK;
            }};
        loom_http_reply reply{
            sizeof(loom_http_reply), 200, {"text/plain; charset=utf-8", 25}, &sink};
        const loom_status status = page->handler(page->arg, &reply);
        response.result(status == LOOM_OK ? static_cast<unsigned>(reply.status) : 500U);
        response.set(
            http::field::content_type,
            boost::beast::string_view{reply.content_type.data, reply.content_type.size});
        response.body() = std::move(body);
    }
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    stream.expires_after(request_time);
    http::async_write(
        stream, response, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
            if (!error && self->response.keep_alive()) self->read();
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
