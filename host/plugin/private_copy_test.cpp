// SPDX-License-Identifier: Apache-2.0
#include "private_copy.hpp"
#include "test_plugins/test_plugins.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

using namespace loom::host;
namespace fs = std::filesystem;

namespace {

struct CopyFixture {
    TemporaryFolder folder;
    fs::path run_dir = folder.path() / "run";
    fs::path source = folder.path() / "source.so";

    CopyFixture() { write_file(source, "some code"); }

    [[nodiscard]] CopyFolder open() const {
        auto opened = CopyFolder::open(run_dir);
        if (!opened) FAIL(opened.error().text);
        return std::move(*opened);
    }
    [[nodiscard]] std::string error() const {
        const auto opened = CopyFolder::open(run_dir);
        return opened ? "" : opened.error().text;
    }
};

mode_t mode_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

std::size_t objects_in(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::ranges::count_if(fs::directory_iterator{folder}, [](const auto& each) {
            return each.path().extension() == ".so";
        }));
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE_FIXTURE(
    CopyFixture, "plugin/private_copy: copy: has the content, a name and few rights") {
    auto copies = open();

    const auto copy = copies.copy(source, "who/am i");

    REQUIRE(copy);
    CHECK(octets_of(copy->path()) == octets_of(source));
    CHECK(copy->path().parent_path() == run_dir / "plugins");
    CHECK(contains(
        copy->path().filename().string(),
        "-who_am_i-" + copy->source().content.short_text() + ".so"));
    CHECK(mode_of(copy->path()) == 0500);
    CHECK(mode_of(run_dir / "plugins") == 0700);
    CHECK(copy->source().identity == fingerprint_file(source)->identity);
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: copy: no name is used twice") {
    std::string first;
    {
        auto copies = open();
        first = copies.copy(source, "plain")->path();
        CHECK_FALSE(fs::exists(first));
    }
    auto copies = open();

    CHECK(copies.copy(source, "plain")->path() != first);
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: copy: leaves the number of another host out") {
    auto copies = open();
    const auto mine = copies.copy(source, "plain");
    const std::string name = mine->path().filename();
    const auto number = std::stoull(name);
    const auto taken = copies.path() / (std::to_string(number + 1) + name.substr(name.find('-')));
    write_file(taken, "another host's");

    const auto next = copies.copy(source, "plain");

    REQUIRE(next);
    CHECK(std::stoull(next->path().filename()) == number + 2);
    CHECK(octets_of(taken).size() == 14);
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: copy: refuses a file that changes meanwhile") {
    auto copies = open();

    // A regular file that reads differently each time.
    const auto copy = copies.copy("/proc/sys/kernel/random/uuid", "plain");

    REQUIRE_FALSE(copy);
    CHECK(contains(copy.error().text, "changed while it was copied"));
    CHECK(objects_in(copies.path()) == 0);
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: copy: refuses what is no file") {
    auto copies = open();

    CHECK_FALSE(copies.copy(folder.path(), "plain"));
    CHECK_FALSE(copies.copy(folder.path() / "missing", "plain"));
    CHECK(objects_in(copies.path()) == 0);
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: retire: keeps the newest eight on disk") {
    std::vector<fs::path> paths;
    {
        auto copies = open();
        for (std::size_t i = 0; i < CopyFolder::retired_max + 2; ++i) {
            auto copy = copies.copy(source, "plain");
            paths.push_back(copy->path());
            copies.retire(std::move(*copy));
        }

        CHECK_FALSE(fs::exists(paths[0]));
        CHECK_FALSE(fs::exists(paths[1]));
        CHECK(fs::exists(paths[2]));
        CHECK(objects_in(copies.path()) == CopyFolder::retired_max);
    }
    CHECK_FALSE(fs::exists(paths.back()));
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: open: clears what a dead process left") {
    fs::create_directories(run_dir);
    REQUIRE(::mkdir((run_dir / "plugins").c_str(), 0700) == 0);
    write_file(run_dir / "plugins/1-plain-12345678.so", "left");
    write_file(run_dir / "plugins/notes", "not a copy");

    const auto copies = open();

    CHECK(objects_in(copies.path()) == 0);
    CHECK(fs::exists(copies.path() / "notes"));
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: open: spares the copies of another host") {
    auto other = open();
    const auto copy = other.copy(source, "plain");

    const auto mine = open();

    CHECK(fs::exists(copy->path()));
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: open: refuses a folder that others write to") {
    fs::create_directories(run_dir / "plugins");

    for (const mode_t mode : {0777, 0770, 01777, 0702}) {
        CAPTURE(mode);
        REQUIRE(::chmod((run_dir / "plugins").c_str(), mode) == 0);
        CHECK(contains(error(), "plugins: can be written to by others"));
    }
    REQUIRE(::chmod((run_dir / "plugins").c_str(), 0755) == 0);
    CHECK(error().empty());
}

TEST_CASE_FIXTURE(
    CopyFixture, "plugin/private_copy: open: refuses a folder that could be exchanged") {
    fs::create_directories(run_dir);
    REQUIRE(::chmod(run_dir.c_str(), 0777) == 0);
    CHECK(contains(error(), "run: can be written to by others"));

    REQUIRE(::chmod(run_dir.c_str(), 01777) == 0);
    CHECK(error().empty());
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: open: refuses a folder of another user") {
    fs::create_directories(run_dir / "plugins");
    if (::geteuid() != 0) return;  // Only root can give a folder away.
    REQUIRE(::chown((run_dir / "plugins").c_str(), 12345, 0) == 0);

    CHECK(contains(error(), "belongs to user 12345"));
}

TEST_CASE_FIXTURE(CopyFixture, "plugin/private_copy: open: does not follow a symbolic link") {
    fs::create_directories(run_dir);
    fs::create_directory_symlink(folder.path(), run_dir / "plugins");

    CHECK(contains(error(), "is not a folder"));
}

TEST_CASE("plugin/private_copy: open: refuses a file system without execution") {
    std::string run_dir = "/dev/shm/dnsloom-XXXXXX";
    struct statvfs status {};
    const bool no_execution =
        ::statvfs("/dev/shm", &status) == 0 && (status.f_flag & ST_NOEXEC) != 0;
    // Only containers mount it so; everywhere else nothing is left to try.
    if (!no_execution || ::mkdtemp(run_dir.data()) == nullptr) return;

    const auto opened = CopyFolder::open(run_dir);
    fs::remove_all(run_dir);

    REQUIRE_FALSE(opened);
    CHECK(contains(opened.error().text, "mounted noexec"));
}
