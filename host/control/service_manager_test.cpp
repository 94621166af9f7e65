// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

using namespace loom::host;
namespace fs = std::filesystem;

namespace {

// The service manager's side.
class Manager {
public:
    /// `name`: of a file in a folder of its own, or of an abstract socket.
    explicit Manager(bool abstract) {
        std::string folder = (fs::temp_directory_path() / "loom-notify-XXXXXX").string();
        REQUIRE(::mkdtemp(folder.data()) != nullptr);
        folder_ = folder;
        const std::string path = (abstract ? "@" : "") + folder + "/notify";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (abstract) address.sun_path[0] = '\0';
        fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~Manager() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(fd_);
        fs::remove_all(folder_);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    std::string receive() const {
        char room[256];
        const ssize_t count = ::recv(fd_, room, sizeof room, 0);
        return count < 0 ? "nothing" : std::string(room, static_cast<std::size_t>(count));
    }

private:
    fs::path folder_;
    int fd_ = -1;
};

}  // namespace

TEST_CASE("host/service_manager: notify: sends the state as it is") {
    for (const bool abstract : {false, true}) {
        const Manager manager{abstract};
        notify_service_manager("READY=1\nSTATUS=serving");
        CHECK(manager.receive() == "READY=1\nSTATUS=serving");
        CHECK(manager.receive() == "nothing");
    }
}

TEST_CASE("host/service_manager: notify: does nothing without the variable") {
    ::unsetenv("NOTIFY_SOCKET");
    notify_service_manager("READY=1");
}
