// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace std::chrono_literals;
using namespace loom::harness;

namespace {

/// A folder of the test's own, and a cache that keeps its answers there.
struct Kept {
    Kept() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cache-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        file = folder / "answers";
    }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { std::filesystem::remove_all(folder); }

    std::unique_ptr<Harness> open(std::uint32_t workers = 1, Table more = {}) const {
        more.insert(more.begin(), {"file", file.string()});
        auto cache =
            std::make_unique<Harness>(loom_module_0, std::move(more), Setup{.workers = workers});
        cache->behind.otherwise([](const Asked& question) {
            return Reply{
                .answer = {question.name + " 300 IN A 192.0.2.1"}, .options = {{15, {0, 4}}}};
        });
        return cache;
    }
    std::string read() const {
        std::ifstream in{file, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    void write(const std::string& octets) const {
        std::ofstream{file, std::ios::binary | std::ios::trunc} << octets;
    }

    std::filesystem::path folder, file;
};

const char* const www = "www.example.org. A";

bool hits(Harness& cache, const Question& question) {
    return cache.ask(question).source == Source::plugin;
}

}  // namespace

TEST_CASE("plugin/cache: file: answers are there after a restart, and older") {
    const Kept kept;
    {
        const auto cache = kept.open();
        cache->ask(www);
        cache->ask(Question{"signed.example.org. A"}.dnssec());
        cache->advance(10s);
    }
    const auto cache = kept.open();
    cache->set_realtime(cache->realtime());

    CHECK(cache->logged("loaded"));
    CHECK(hits(*cache, Question{"signed.example.org. A"}.dnssec()));
    CHECK_FALSE(hits(*cache, "signed.example.org. A"));
    const Answer hit = cache->ask(Question{www}.edns());
    CHECK(hit.source == Source::plugin);
    REQUIRE(hit.extended_error());
    CHECK(hit.extended_error()->code == 4);
}

TEST_CASE("plugin/cache: file: what ended, failed or was flushed is not kept") {
    const Kept kept;
    {
        const auto cache = kept.open();
        cache->behind.push({.rcode = 2});
        cache->ask("failed.test. A");
        cache->behind.push({.answer = {"short.test. 5 IN A 192.0.2.1"}});
        cache->ask("short.test. A");
        cache->ask("flushed.test. A");
        cache->ask(www);
        cache->advance(5s);
        cache->command("flush", {"flushed.test"});
    }
    const auto cache = kept.open();

    CHECK_FALSE(hits(*cache, "failed.test. A"));
    CHECK_FALSE(hits(*cache, "short.test. A"));
    CHECK_FALSE(hits(*cache, "flushed.test. A"));
    CHECK(hits(*cache, www));
}

TEST_CASE("plugin/cache: file: another number of workers gets what fits") {
    const Kept kept;
    {
        const auto cache = kept.open(2);
        cache->ask(Question{www}.worker(1));
    }
    const auto cache = kept.open(1);

    CHECK(hits(*cache, www));
}

TEST_CASE("plugin/cache: file: a damaged one is told of and ignored") {
    const Kept kept;
    { kept.open()->ask(www); }
    const std::string good = kept.read();
    REQUIRE(good.size() > 60);
    const auto is_refused = [&](const std::string& octets) {
        kept.write(octets);
        const auto cache = kept.open();
        CHECK(cache->logged("ignored"));
        CHECK_FALSE(hits(*cache, www));
    };
    for (std::size_t size = 0; size < good.size(); size += 7) is_refused(good.substr(0, size));
    for (std::size_t at = 0; at < good.size(); at += 5) {
        std::string octets = good;
        octets[at] = static_cast<char>(octets[at] ^ 0x40);
        is_refused(octets);
    }
    is_refused(good + "more");
}

TEST_CASE("plugin/cache: file: a place where none can be is refused") {
    const Kept kept;
    const auto refusal = [](const std::string& path) {
        return Harness::refusal(loom_module_0, {{"file", path}});
    };
    CHECK(refusal(kept.folder.string()).find("name a file") != std::string::npos);
    CHECK(refusal((kept.folder / "none" / "x").string()).find("no folder") != std::string::npos);
}

TEST_CASE("plugin/cache: file: a place that is lost meanwhile is told of at the end") {
    const Kept kept;
    const auto cache = kept.open();
    cache->ask(www);
    std::filesystem::create_directory(kept.file);

    cache->stop();

    CHECK(cache->logged("cannot be saved"));
    CHECK(std::distance(std::filesystem::directory_iterator{kept.folder}, {}) == 1);
}
