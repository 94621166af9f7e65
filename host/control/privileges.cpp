// SPDX-License-Identifier: Apache-2.0
#include "privileges.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace loom::host {

namespace {

struct Identity {
    uid_t user = 0;
    gid_t group = 0;
};

Result<Identity> look_up(const HostConfig& config) {
    Identity identity{::getuid(), ::getgid()};
    // NOLINTBEGIN(concurrency-mt-unsafe): no other thread uses these.
    if (!config.user.empty()) {
        const passwd* entry = ::getpwnam(config.user.c_str());
        if (!entry) {
            return std::unexpected{Error{fmt::format(
                "host.user: there is no user \"{}\": make one (adduser --system --group {}) or change it",
                config.user, config.user)}};
        }
        identity = {entry->pw_uid, entry->pw_gid};
    }
    if (!config.group.empty()) {
        const group* entry = ::getgrnam(config.group.c_str());
        if (!entry) {
            return std::unexpected{
                Error{fmt::format("host.group: there is no group \"{}\"", config.group)}};
        }
        identity.group = entry->gr_gid;
    }
    // NOLINTEND(concurrency-mt-unsafe)
    return identity;
}

std::unexpected<Error> fail(std::string_view what) {
    return std::unexpected{Error{fmt::format("{}: {}", what, std::strerror(errno))}};
}

Result<void> make_folder(const std::filesystem::path& path, const Identity& identity) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (error) {
        return std::unexpected{Error{
            fmt::format("{}: cannot be made: {}", path.string(), error.message())}};
    }
    // Only what is ours: an existing folder keeps its owner.
    if (made && ::getuid() == 0 && ::chown(path.c_str(), identity.user, identity.group) != 0)
        return fail(path.string());
    return {};
}

}  // namespace

Result<void> prepare_folders(const HostConfig& config) {
    const auto identity = look_up(config);
    if (!identity) return std::unexpected{identity.error()};
    if (auto made = make_folder(config.run_dir, *identity); !made) return made;
    if (config.control.empty()) return {};
    return make_folder(std::filesystem::path{config.control}.parent_path(), *identity);
}

Result<void> drop_privileges(const HostConfig& config) {
    const auto identity = look_up(config);
    if (!identity) return std::unexpected{identity.error()};
    const bool changes =
        identity->user != ::getuid() || identity->group != ::getgid();
    if (changes) {
        if (::getuid() != 0) {
            return std::unexpected{Error{fmt::format(
                "host.user: only root can become \"{}\": start as root or as that user",
                config.user)}};
        }
        if (::setgroups(1, &identity->group) != 0) return fail("setgroups");
        if (::setresgid(identity->group, identity->group, identity->group) != 0)
            return fail("setresgid");
        // Leaving uid 0 clears all capabilities.
        if (::setresuid(identity->user, identity->user, identity->user) != 0)
            return fail("setresuid");
        if (identity->user != 0 && ::setuid(0) == 0)
            return std::unexpected{Error{"root could be had back after it was given up"}};
        // Otherwise core dumps and /proc/self would stay root's.
        ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("PR_SET_NO_NEW_PRIVS");
    return {};
}

}  // namespace loom::host
