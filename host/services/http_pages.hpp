// SPDX-License-Identifier: Apache-2.0
// Plain HTTP pages on ports of the host: service "loom.http/1".
#pragma once

#include "../config/error.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/http.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loom::host {

class EventLoop;
class Instance;

/// A page as an instance has asked for it.
struct HttpPage {
    loom_address address{};
    std::string path;
    loom_status (*handler)(void*, loom_http_reply*) = nullptr;
    void* arg = nullptr;
    const Instance* owner = nullptr;
    std::string plugin;  ///< Several instances of one plugin may share a page: the first serves it.
};

class HttpConnection;
class HttpPort;

/// Pages are proposed while instances are made, their ports opened when the configuration is known
/// to be good, and served when the generation is. Control thread only.
class HttpPages {
public:
    explicit HttpPages(EventLoop& loop);
    ~HttpPages();

    /// False if another plugin has the path on the address, in what was proposed.
    bool propose(const HttpPage& page);
    /// Opens the ports of all proposed pages that are not open yet; on failure none of them stays.
    [[nodiscard]] Result<void> open_ports();
    /// Serves proposed pages, from now on ahead of those of the same address and path.
    void commit();
    /// Forgets what was proposed and closes ports opened for it.
    void withdraw();
    void remove_owner(const Instance* owner);

    /// `192.0.2.1:9153`, for reports.
    [[nodiscard]] std::vector<std::string> addresses() const;

private:
    friend class HttpConnection;
    friend class HttpPort;

    void close_unused();

    EventLoop& loop_;
    std::vector<HttpPage> proposed_;
    std::vector<HttpPage> pages_;
    std::map<std::string, std::unique_ptr<HttpPort>> ports_;  // By configured address.
};

}  // namespace loom::host
