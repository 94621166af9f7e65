// SPDX-License-Identifier: Apache-2.0
#include "file_watch.hpp"
#include "sample_services.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace loom::host;
namespace fs = std::filesystem;

namespace {

class Sample {
public:
    Sample() {
        std::string path = (fs::temp_directory_path() / "loom-watch-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        folder_ = path;
        watch.set_debounce(5'000'000);
    }
    ~Sample() { fs::remove_all(folder_); }
    Sample(const Sample&) = delete;
    Sample& operator=(const Sample&) = delete;

    fs::path path(std::string_view name) const { return folder_ / name; }
    void write(std::string_view name, std::string_view text) const {
        std::ofstream{path(name)} << text;
    }
    void write_and_rename(std::string_view name, std::string_view text) const {
        write("temporary", text);
        fs::rename(path("temporary"), path(name));
    }
    /// Watches a file and counts the calls.
    loom_handle count(std::string_view name, int& calls, const Instance* owner = nullptr) {
        return watch.file(path(name).string(), owner, [&calls] { ++calls; });
    }
    bool until(const std::function<bool()>& condition) { return run_until(loop, condition); }
    /// Comes back when everything that happened before has been seen: a mark in the same folder.
    void settle() {
        int calls = 0;
        const auto handle = count("mark", calls);
        write("mark", std::to_string(++marks_));
        REQUIRE(until([&] { return calls == 1; }));
        watch.cancel(handle);
    }

    Clock clock;
    EventLoop loop{LOOM_CONTROL, clock};
    FileWatch watch{loop};

private:
    fs::path folder_;
    int marks_ = 0;
};

}  // namespace

TEST_CASE("host/file_watch: file: written in place fires once") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    sample.write("zone", "two");
    CHECK(sample.until([&] { return calls == 1; }));
    sample.settle();
    CHECK(calls == 1);
}

TEST_CASE("host/file_watch: file: renamed over fires once, each time") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    for (int round = 1; round <= 3; ++round) {
        sample.write_and_rename("zone", "round " + std::to_string(round));
        REQUIRE(sample.until([&] { return calls == round; }));
        sample.settle();
        CHECK(calls == round);
    }
}

TEST_CASE("host/file_watch: file: many writes in a row fire once") {
    Sample sample;
    sample.watch.set_debounce(50'000'000);
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    for (int i = 0; i < 20; ++i) sample.write("zone", std::to_string(i));
    CHECK(sample.until([&] { return calls != 0; }));
    sample.settle();
    CHECK(calls == 1);
}

TEST_CASE("host/file_watch: file: touched, or written again the same, does not fire") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    fs::last_write_time(sample.path("zone"), fs::file_time_type::clock::now());
    sample.write("zone", "one");
    sample.write_and_rename("zone", "one");
    sample.settle();
    CHECK(calls == 0);
}

TEST_CASE("host/file_watch: file: another file of the folder does not fire") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    sample.write("zone2", "two");
    sample.settle();
    CHECK(calls == 0);
}

TEST_CASE("host/file_watch: file: one that comes fires") {
    Sample sample;
    int calls = 0;
    sample.count("zone", calls);
    sample.write("zone", "one");
    CHECK(sample.until([&] { return calls == 1; }));
}

TEST_CASE("host/file_watch: file: one whose folder comes fires") {
    Sample sample;
    int calls = 0;
    sample.count("a/b/zone", calls);
    fs::create_directories(sample.path("a/b"));
    sample.write("a/b/zone", "one");
    CHECK(sample.until([&] { return calls == 1; }));
}

TEST_CASE("host/file_watch: file: one whose folder is replaced fires") {
    Sample sample;
    int calls = 0;
    fs::create_directory(sample.path("a"));
    sample.write("a/zone", "one");
    sample.count("a/zone", calls);
    fs::remove_all(sample.path("a"));
    sample.settle();
    CHECK(calls == 0);
    fs::create_directory(sample.path("a"));
    sample.write("a/zone", "two");
    CHECK(sample.until([&] { return calls == 1; }));
}

TEST_CASE("host/file_watch: file: does not fire while it is missing") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    sample.count("zone", calls);
    fs::remove(sample.path("zone"));
    sample.settle();
    CHECK(calls == 0);
    SUBCASE("the same content comes back") {
        sample.write("zone", "one");
        sample.settle();
        CHECK(calls == 0);
    }
    SUBCASE("other content comes back") {
        sample.write("zone", "two");
        CHECK(sample.until([&] { return calls == 1; }));
    }
}

TEST_CASE("host/file_watch: file: a symbolic link that is swapped fires") {
    Sample sample;
    int calls = 0;
    sample.write("first", "one");
    sample.write("second", "two");
    fs::create_symlink("first", sample.path("zone"));
    sample.count("zone", calls);
    fs::create_symlink("second", sample.path("temporary"));
    fs::rename(sample.path("temporary"), sample.path("zone"));
    CHECK(sample.until([&] { return calls == 1; }));
    sample.write("second", "three");
    CHECK(sample.until([&] { return calls == 2; }));
    sample.write("first", "four");
    sample.settle();
    CHECK(calls == 2);
}

TEST_CASE("host/file_watch: file: what a link leads to in another folder fires") {
    Sample sample;
    int calls = 0;
    fs::create_directory(sample.path("data"));
    sample.write("data/zone", "one");
    fs::create_symlink(sample.path("data/zone"), sample.path("zone"));
    sample.count("zone", calls);
    sample.write("data/zone", "two");
    CHECK(sample.until([&] { return calls == 1; }));
}

TEST_CASE("host/file_watch: file: a ConfigMap that Kubernetes replaces fires") {
    Sample sample;
    int calls = 0;
    int calls_of_other = 0;
    const auto publish = [&](const std::string& version, std::string_view text) {
        fs::create_directory(sample.path(version));
        sample.write(version + "/zone", text);
        sample.write(version + "/other", "the same");
        fs::create_directory_symlink(version, sample.path("..data_tmp"));
        fs::rename(sample.path("..data_tmp"), sample.path("..data"));
    };
    publish("..2026_01", "one");
    fs::create_symlink("..data/zone", sample.path("zone"));
    fs::create_symlink("..data/other", sample.path("other"));
    sample.count("zone", calls);
    sample.count("other", calls_of_other);
    std::string old = "..2026_01";
    for (int round = 1; round <= 3; ++round) {
        const std::string next = "..2026_1" + std::to_string(round);
        publish(next, "version " + std::to_string(round));
        fs::remove_all(sample.path(old));
        old = next;
        REQUIRE(sample.until([&] { return calls == round; }));
    }
    sample.settle();
    CHECK(calls == 3);
    CHECK(calls_of_other == 0);
}

TEST_CASE("host/file_watch: file: a loop of links is no content") {
    Sample sample;
    int calls = 0;
    fs::create_symlink("b", sample.path("a"));
    fs::create_symlink("a", sample.path("b"));
    sample.count("a", calls);
    sample.write_and_rename("b", "content");
    CHECK(sample.until([&] { return calls == 1; }));
}

TEST_CASE("host/file_watch: file: watched twice calls both") {
    Sample sample;
    int first = 0;
    int second = 0;
    sample.write("zone", "one");
    sample.count("zone", first);
    sample.count("zone", second);
    sample.write("zone", "two");
    CHECK(sample.until([&] { return first == 1 && second == 1; }));
}

TEST_CASE("host/file_watch: cancel: ends the calls, once") {
    Sample sample;
    int calls = 0;
    sample.write("zone", "one");
    const auto handle = sample.count("zone", calls);
    REQUIRE(handle != 0);
    CHECK(sample.watch.cancel(handle));
    CHECK_FALSE(sample.watch.cancel(handle));
    sample.write("zone", "two");
    sample.settle();
    CHECK(calls == 0);
}

TEST_CASE("host/file_watch: cancel: of one leaves another in the same folder") {
    Sample sample;
    int one = 0;
    int two = 0;
    const auto handle = sample.count("one", one);
    sample.count("two", two);
    sample.watch.cancel(handle);
    sample.write("two", "content");
    CHECK(sample.until([&] { return two == 1; }));
}

TEST_CASE("host/file_watch: cancel: inside a function ends those that are due with it") {
    Sample sample;
    int calls = 0;
    std::vector<loom_handle> handles;
    for (int i = 0; i < 2; ++i) {
        handles.push_back(sample.watch.file(sample.path("zone").string(), nullptr, [&] {
            ++calls;
            for (const auto handle : handles) sample.watch.cancel(handle);
        }));
    }
    sample.write("zone", "content");
    CHECK(sample.until([&] { return calls != 0; }));
    sample.settle();
    CHECK(calls == 1);
}

TEST_CASE("host/file_watch: remove_owner: ends the owner's watches and no others") {
    Sample sample;
    int mine = 0;
    int others = 0;
    const auto* owner = reinterpret_cast<const Instance*>(&sample);
    sample.count("zone", mine, owner);
    sample.count("zone", others);
    sample.watch.remove_owner(owner);
    sample.write("zone", "content");
    CHECK(sample.until([&] { return others == 1; }));
    CHECK(mine == 0);
}

TEST_CASE("host/file_watch: folder: fires when a file comes, is written or goes") {
    Sample sample;
    fs::create_directory(sample.path("conf.d"));
    int calls = 0;
    sample.watch.folder(sample.path("conf.d").string(), [&] { ++calls; });
    sample.write("conf.d/a.toml", "a");
    REQUIRE(sample.until([&] { return calls == 1; }));
    sample.write("conf.d/a.toml", "b");
    REQUIRE(sample.until([&] { return calls == 2; }));
    fs::remove(sample.path("conf.d/a.toml"));
    CHECK(sample.until([&] { return calls == 3; }));
}

TEST_CASE("host/file_watch: its end: leaves nothing for the loop to call") {
    Clock clock;
    EventLoop loop{LOOM_CONTROL, clock};
    {
        Sample sample;
        FileWatch watch{loop};
        watch.set_debounce(1'000'000);
        bool seen = false;
        watch.file(sample.path("zone").string(), nullptr, [] {});
        sample.write("zone", "content");
        // Until the events are read and the quiet time begins.
        loop.post([&] { seen = true; });
        REQUIRE(run_until(loop, [&] { return seen; }));
        run_ready(loop);
    }
    clock.advance(1'000'000'000);
    loop.clock_moved();
    run_ready(loop);
}
