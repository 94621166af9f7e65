// SPDX-License-Identifier: Apache-2.0
#include "privileges.hpp"

#include <doctest/doctest.h>

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

using namespace loom::host;
namespace fs = std::filesystem;

namespace {

class Folder {
public:
    Folder() {
        std::string path = (fs::temp_directory_path() / "loom-privileges-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    fs::path path(std::string_view name) const { return path_ / name; }

private:
    fs::path path_;
};

// What `check` says in a child process: what is given up there is gone for good.
template <class Check>
bool holds_in_child(Check check) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(check() ? 0 : 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_root() { return ::getuid() == 0; }

}  // namespace

TEST_CASE("host/privileges: prepare_folders: makes the folders of run_dir and control") {
    const Folder folder;
    HostConfig config;
    config.run_dir = folder.path("lib/dnsloom").string();
    config.control = folder.path("run/dnsloom/control.sock").string();
    REQUIRE(prepare_folders(config));
    CHECK(fs::is_directory(folder.path("lib/dnsloom")));
    CHECK(fs::is_directory(folder.path("run/dnsloom")));
    CHECK_FALSE(fs::exists(folder.path("run/dnsloom/control.sock")));
    CHECK(prepare_folders(config));
}

TEST_CASE("host/privileges: prepare_folders: new folders are the user's, older ones stay") {
    const passwd* nobody = ::getpwnam("nobody");
    if (!is_root() || !nobody) return;
    const uid_t user = nobody->pw_uid;
    const Folder folder;
    fs::create_directory(folder.path("run"));
    HostConfig config;
    config.user = "nobody";
    config.run_dir = folder.path("lib").string();
    config.control = folder.path("run/control.sock").string();
    REQUIRE(prepare_folders(config));
    struct stat status {};
    REQUIRE(::stat(folder.path("lib").c_str(), &status) == 0);
    CHECK(status.st_uid == user);
    REQUIRE(::stat(folder.path("run").c_str(), &status) == 0);
    CHECK(status.st_uid == 0);
}

TEST_CASE("host/privileges: prepare_folders: a folder that cannot be made is named") {
    HostConfig config;
    config.run_dir = "/dev/null/dnsloom";
    config.control.clear();
    const auto made = prepare_folders(config);
    REQUIRE_FALSE(made);
    CHECK(made.error().text.starts_with("/dev/null/dnsloom: cannot be made: "));
}

TEST_CASE("host/privileges: users and groups that are not there: are errors") {
    HostConfig config;
    config.user = "loom-no-such-user";
    auto dropped = drop_privileges(config);
    REQUIRE_FALSE(dropped);
    CHECK(dropped.error().text.starts_with("host.user: there is no user \"loom-no-such-user\""));
    config.user.clear();
    config.group = "loom-no-such-group";
    dropped = drop_privileges(config);
    REQUIRE_FALSE(dropped);
    CHECK(dropped.error().text.starts_with("host.group: there is no group"));
}

TEST_CASE("host/privileges: drop_privileges: without a user gives up new privileges only") {
    CHECK(holds_in_child([] {
        const uid_t before = ::getuid();
        return drop_privileges({}).has_value() && ::getuid() == before &&
               ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    }));
}

TEST_CASE("host/privileges: drop_privileges: becomes the user for good") {
    const passwd* nobody = ::getpwnam("nobody");
    if (!is_root() || !nobody) return;
    CHECK(holds_in_child([user = nobody->pw_uid, group = nobody->pw_gid] {
        HostConfig config;
        config.user = "nobody";
        if (!drop_privileges(config)) return false;
        gid_t groups[8] = {};
        const int count = ::getgroups(8, groups);
        return ::getuid() == user && ::geteuid() == user && ::getgid() == group && count == 1 &&
               groups[0] == group && ::setuid(0) != 0 &&
               ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    }));
}

TEST_CASE("host/privileges: drop_privileges: without root another user is an error") {
    if (!is_root() || !::getpwnam("nobody")) return;
    CHECK(holds_in_child([] {
        HostConfig config;
        config.user = "nobody";
        if (!drop_privileges(config)) return false;
        config.user = "root";
        const auto back = drop_privileges(config);
        return !back && back.error().text.starts_with("host.user: only root can become \"root\"");
    }));
}
