// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "control_socket.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

using namespace loom::host;
namespace fs = std::filesystem;

namespace {

class Sample {
public:
    Sample() {
        std::string path = (fs::temp_directory_path() / "loom-control-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        folder_ = path;
    }
    ~Sample() { fs::remove_all(folder_); }
    Sample(const Sample&) = delete;
    Sample& operator=(const Sample&) = delete;

    std::string path() const { return (folder_ / "control.sock").string(); }
    Result<std::unique_ptr<ControlSocket>> open(ControlHandler handler = nullptr) {
        return ControlSocket::open(loop, path(), std::move(handler));
    }
    /// Sends from a thread of its own while the loop runs.
    Result<ControlReply> send(const std::vector<std::string>& words) {
        std::optional<Result<ControlReply>> reply;
        bool done = false;
        std::thread client{[&] {
            reply = send_command(path(), words);
            loop.post([&] { done = true; });
        }};
        CHECK(run_until(loop, [&] { return done; }));
        client.join();
        return *reply;
    }

    Clock clock;
    EventLoop loop{LOOM_CONTROL, clock};

private:
    fs::path folder_;
};

int bound_socket(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

}  // namespace

TEST_CASE("host/control_socket: a command: its words come, and the reply goes back") {
    Sample sample;
    std::vector<std::string> seen;
    const auto socket =
        sample.open([&](std::vector<std::string> words, const ControlAnswer& answer) {
            seen = std::move(words);
            answer({true, "one\ntwo\n"});
        });
    REQUIRE(socket);
    const auto reply = sample.send({"log", "level", "two words", ""});
    REQUIRE(reply);
    CHECK(seen == std::vector<std::string>{"log", "level", "two words", ""});
    CHECK(reply->ok);
    CHECK(reply->text == "one\ntwo\n");
}

TEST_CASE("host/control_socket: a command that fails: is told apart") {
    Sample sample;
    const auto socket =
        sample.open([](const std::vector<std::string>&, const ControlAnswer& answer) {
            answer({false, "no such command"});
        });
    const auto reply = sample.send({"fly"});
    REQUIRE(reply);
    CHECK_FALSE(reply->ok);
    CHECK(reply->text == "no such command");
}

TEST_CASE("host/control_socket: an answer: may come later, and be long") {
    Sample sample;
    const std::string text(1'000'000, 'x');
    const auto socket =
        sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
            sample.loop.post([&text, answer] { answer({true, text}); });
        });
    const auto reply = sample.send({"status"});
    REQUIRE(reply);
    CHECK(reply->text == text);
}

TEST_CASE("host/control_socket: several commands: are answered one after the other") {
    Sample sample;
    int count = 0;
    const auto socket =
        sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
            answer({true, std::to_string(++count)});
        });
    for (int i = 1; i <= 40; ++i) {
        const auto reply = sample.send({"count"});
        REQUIRE(reply);
        CHECK(reply->text == std::to_string(i));
    }
}

TEST_CASE("host/control_socket: a command too long: is an error, and the next one works") {
    Sample sample;
    const auto socket =
        sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
            answer({true, "fine"});
        });
    CHECK_FALSE(sample.send({std::string(5000, 'x')}));
    const auto reply = sample.send({"short"});
    REQUIRE(reply);
    CHECK(reply->text == "fine");
}

TEST_CASE("host/control_socket: opened twice: is an error that says what to do") {
    Sample sample;
    const auto socket = sample.open();
    REQUIRE(socket);
    const auto second = sample.open();
    REQUIRE_FALSE(second);
    CHECK(second.error().text.starts_with(sample.path() + ": another dnsloom answers there"));
    CHECK(fs::exists(sample.path()));
}

TEST_CASE("host/control_socket: a file that a dead process left: is replaced") {
    Sample sample;
    ::close(bound_socket(sample.path()));
    REQUIRE(fs::is_socket(sample.path()));
    const auto socket =
        sample.open([](const std::vector<std::string>&, const ControlAnswer& answer) {
            answer({true, "alive"});
        });
    REQUIRE(socket);
    const auto reply = sample.send({"status"});
    REQUIRE(reply);
    CHECK(reply->text == "alive");
}

TEST_CASE("host/control_socket: a file that is no socket: is an error and stays") {
    Sample sample;
    std::ofstream{sample.path()} << "precious";
    const auto socket = sample.open();
    REQUIRE_FALSE(socket);
    CHECK(socket.error().text.starts_with(sample.path() + ": is no socket"));
    CHECK(fs::file_size(sample.path()) == 8);
}

TEST_CASE("host/control_socket: the file: is for user and group only, and goes with the object") {
    Sample sample;
    {
        const auto socket = sample.open();
        REQUIRE(socket);
        struct stat status {};
        REQUIRE(::stat(sample.path().c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0660U);
    }
    CHECK_FALSE(fs::exists(sample.path()));
}

TEST_CASE("host/control_socket: a path too long: is an error") {
    Sample sample;
    const std::string path = "/tmp/" + std::string(120, 'x');
    const auto socket = ControlSocket::open(sample.loop, path, nullptr);
    REQUIRE_FALSE(socket);
    CHECK(socket.error().text.find("at most 107 octets") != std::string::npos);
    CHECK_FALSE(send_command(path, {"status"}));
}

TEST_CASE("host/control_socket: a folder that is missing: is an error") {
    Sample sample;
    CHECK_FALSE(ControlSocket::open(sample.loop, sample.path() + "/missing/control.sock", nullptr));
}

TEST_CASE("host/control_socket: send_command: nobody there is an error") {
    Sample sample;
    const auto reply = send_command(sample.path(), {"status"});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().text.starts_with(sample.path() + ": no dnsloom answers there"));
}
