// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "control_socket.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
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

    void advance(std::chrono::nanoseconds step) {
        clock.advance(static_cast<std::uint64_t>(step.count()));
        loop.clock_moved();
        run_ready(loop);
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

/// A client that does as it likes.
class Client {
public:
    explicit Client(Sample& sample)
        : sample_{sample}, fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        sample.path().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    ~Client() { hang_up(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view octets) {
        REQUIRE(::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(octets.size()));
    }
    void hang_up() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Takes what has come; true once the server has ended the connection.
    bool is_over() {
        char room[512];
        ssize_t count = 0;
        while ((count = ::recv(fd_, room, sizeof room, 0)) > 0)
            text_.append(room, static_cast<std::size_t>(count));
        return count == 0 || errno != EAGAIN;
    }
    /// All that the server says until it ends the connection.
    std::string rest() {
        CHECK(run_until(sample_.loop, [&] { return is_over(); }));
        return text_;
    }

private:
    Sample& sample_;
    int fd_;
    std::string text_;
};

/// No descriptor can be had while it lives.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(lowest);
        const rlimit none{static_cast<rlim_t>(lowest), before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

void say_fine(const std::vector<std::string>&, const ControlAnswer& answer) {
    answer({true, "fine\n"});
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
    const auto socket = sample.open(say_fine);
    const auto refused = sample.send({std::string(5000, 'x')});
    REQUIRE(refused);
    CHECK_FALSE(refused->ok);
    CHECK(refused->text == "a command has at most 4096 octets\n");
    const auto reply = sample.send({"short"});
    REQUIRE(reply);
    CHECK(reply->text == "fine\n");
}

TEST_CASE("host/control_socket: words with tabs, line feeds and backslashes: come as they were") {
    Sample sample;
    std::vector<std::string> seen;
    const auto socket =
        sample.open([&](std::vector<std::string> words, const ControlAnswer& answer) {
            seen = std::move(words);
            answer({});
        });
    const std::vector<std::string> words{"", "a\tb", "c\nd", "\\t", "\\"};
    REQUIRE(sample.send(words));
    CHECK(seen == words);
}

TEST_CASE("host/control_socket: a backslash that escapes nothing: is an error") {
    Sample sample;
    const auto socket = sample.open(say_fine);
    for (const std::string_view line : {"fly\\x\n", "fly\\\n"}) {
        CAPTURE(line);
        Client client{sample};
        client.send(line);
        CHECK(client.rest().starts_with("error "));
    }
}

TEST_CASE("host/control_socket: a command in pieces: is put together") {
    Sample sample;
    const auto socket = sample.open(say_fine);
    Client client{sample};
    client.send("sta");
    run_ready(sample.loop);
    client.send("tus\n");
    CHECK(client.rest() == "ok 5\nfine\n");
}

TEST_CASE("host/control_socket: a client that hangs up: hurts nobody") {
    Sample sample;
    ControlAnswer late;
    const auto socket =
        sample.open([&](const std::vector<std::string>& words, const ControlAnswer& answer) {
            words[0] == "wait" ? void(late = answer) : answer({true, "fine\n"});
        });
    Client half{sample};
    half.send("stat");
    run_ready(sample.loop);
    half.hang_up();

    Client gone{sample};
    gone.send("wait\n");
    CHECK(run_until(sample.loop, [&] { return late != nullptr; }));
    gone.hang_up();
    late({true, std::string(1'000'000, 'x')});
    run_ready(sample.loop);

    Client other{sample};
    other.send("status\n");
    CHECK(other.rest() == "ok 5\nfine\n");
}

TEST_CASE("host/control_socket: a client that sends no command: has ten seconds") {
    using namespace std::chrono_literals;
    Sample sample;
    const auto socket = sample.open(say_fine);
    Client idle{sample};
    run_ready(sample.loop);
    sample.advance(5s);
    idle.send("stat");
    sample.advance(4s);
    CHECK_FALSE(idle.is_over());
    sample.advance(2s);
    CHECK(idle.rest().empty());
}

TEST_CASE("host/control_socket: a client that does not read: has half a minute for the reply") {
    using namespace std::chrono_literals;
    Sample sample;
    ControlAnswer late;
    const auto socket =
        sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
            late = answer;
        });
    Client lazy{sample};
    lazy.send("status\n");
    CHECK(run_until(sample.loop, [&] { return late != nullptr; }));
    // A command may take its time.
    sample.advance(1h);
    const std::string text(4'000'000, 'x');
    late({true, text});
    sample.advance(31s);
    const auto got = lazy.rest();
    CHECK(got.starts_with("ok 4000000\nx"));
    CHECK(got.size() < text.size());
}

TEST_CASE("host/control_socket: a reply that breaks off: is no reply") {
    Sample sample;
    std::unique_ptr<ControlSocket> socket;
    bool asked = false;
    auto opened = sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
        asked = true;
        answer({true, std::string(4'000'000, 'x')});
        sample.loop.post([&] { socket.reset(); });
    });
    REQUIRE(opened);
    socket = std::move(*opened);
    const auto reply = sample.send({"status"});
    CHECK(asked);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().text.starts_with(sample.path() + ": "));
}

TEST_CASE("host/control_socket: too many clients: are told so until one leaves") {
    Sample sample;
    const auto socket = sample.open(say_fine);
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < ControlSocket::connections_max; ++i) {
        clients.push_back(std::make_unique<Client>(sample));
        run_ready(sample.loop);
    }
    Client refused{sample};
    CHECK(refused.rest() == "error 37\n32 commands are under way: try again\n");

    clients.pop_back();
    run_ready(sample.loop);
    const auto reply = sample.send({"status"});
    REQUIRE(reply);
    CHECK(reply->text == "fine\n");
}

TEST_CASE("host/control_socket: without descriptors: it rests, and goes on when there are some") {
    using namespace std::chrono_literals;
    Sample sample;
    const auto socket = sample.open(say_fine);
    Client client{sample};
    client.send("status\n");
    {
        const NoDescriptors none;
        const EventLoop::Here here{sample.loop};
        int turns = 0;
        while (turns < 1000 && sample.loop.context().poll_one() != 0) ++turns;
        CHECK(turns < 1000);
    }
    CHECK_FALSE(client.is_over());
    sample.advance(200ms);
    CHECK(client.rest() == "ok 5\nfine\n");
}

TEST_CASE("host/control_socket: destroyed: ends its connections, and late answers go nowhere") {
    Sample sample;
    ControlAnswer late;
    auto socket = sample.open([&](const std::vector<std::string>&, const ControlAnswer& answer) {
        late = answer;
    });
    Client waiting{sample}, idle{sample};
    waiting.send("status\n");
    CHECK(run_until(sample.loop, [&] { return late != nullptr; }));
    Client queued{sample};
    socket->reset();
    late({true, "too late"});
    CHECK(waiting.rest().empty());
    CHECK(idle.rest().empty());
    CHECK(queued.rest().empty());
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
