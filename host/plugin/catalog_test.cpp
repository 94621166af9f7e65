// SPDX-License-Identifier: Apache-2.0
#include "catalog.hpp"
#include "test_plugins/test_plugins.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

struct TwoFolders {
    TwoFolders() {
        std::filesystem::create_directories(first);
        std::filesystem::create_directories(second / "folder.so");
        write_file(first / "cache.so", "1");
        write_file(second / "cache.so", "2");
        write_file(second / "forward.so", "2");
        write_file(second / "README.md", "2");
    }

    TemporaryFolder folder;
    std::filesystem::path first = folder.path() / "first";
    std::filesystem::path second = folder.path() / "second";
    Catalog catalog{{first, folder.path() / "missing", second}};
};

std::string error_of(const Catalog& catalog, std::string_view name) {
    const auto found = catalog.find(name);
    return found ? "" : found.error().text;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: find: takes the first folder that has the name") {
    CHECK(catalog.find("cache") == first / "cache.so");
    CHECK(catalog.find("forward") == second / "forward.so");
}

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: find: takes a name with a slash or .so as a path") {
    const auto path = (second / "cache.so").string();

    CHECK(catalog.find(path) == second / "cache.so");
    CHECK(contains(error_of(catalog, "cache.so"), "plugin file \"cache.so\": no such file"));
    CHECK(contains(error_of(catalog, (second / "folder.so").string()), "not a regular file"));
}

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: find: tells where it looked and what is near") {
    const auto error = error_of(catalog, "cashe");

    CHECK(contains(error, (first / "cashe.so").string() + " (no such file)"));
    CHECK(contains(error, (folder.path() / "missing/cashe.so").string()));
    CHECK(contains(error, (second / "cashe.so").string()));
    CHECK(contains(error, "did you mean \"cache\"?"));
}

TEST_CASE("plugin/catalog: of: no plugin_path stands for the folder of the installation") {
    const auto error = error_of(Catalog::of({}), "no-such-plugin");

    CHECK(contains(error, "looked for /"));
    CHECK(contains(error, "/dnsloom/plugins/no-such-plugin.so (no such file)"));
}

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: of: takes the folders of a plugin_path only") {
    const std::vector<std::string> path{second.string()};

    CHECK(Catalog::of(path).find("cache") == second / "cache.so");
    CHECK_FALSE(contains(error_of(Catalog::of(path), "none"), "dnsloom/plugins"));
}

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: find: refuses names that are no names") {
    CHECK(contains(error_of(catalog, ""), "is empty"));
    CHECK(contains(error_of(catalog, std::string_view{"cache\0", 6}), "control character"));
    CHECK(contains(error_of(catalog, "ca\nche"), "control character"));
    CHECK(contains(error_of(catalog, (first / "../second/cache.so").string()), "has a \"..\""));
    CHECK(contains(error_of(catalog, std::string(300, 'a')), "is too long"));
}

TEST_CASE_FIXTURE(TwoFolders, "plugin/catalog: list: gives the files, hidden ones marked") {
    const auto entries = catalog.list();

    REQUIRE(entries.size() == 3);
    CHECK(entries[0].path == first / "cache.so");
    CHECK(entries[0].name == "cache");
    CHECK_FALSE(entries[0].hidden);
    CHECK(entries[1].path == second / "cache.so");
    CHECK(entries[1].hidden);
    CHECK(entries[2].path == second / "forward.so");
    CHECK_FALSE(entries[2].hidden);
}
