// SPDX-License-Identifier: Apache-2.0
#include "inspect.hpp"
#include "library.hpp"
#include "private_copy.hpp"
#include "test_plugins/test_plugins.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

std::string inspected(std::string_view name) {
    const TemporaryFolder folder;
    auto copies = CopyFolder::open(folder.path()).value();
    const auto copy = copies.copy(test_plugin(name), name).value();
    const auto file = check_elf_file(copy.path()).value();
    const auto library = Library::open(copy.path(), file, UnloadPolicy::unmap).value();
    return inspection_text(file, library.plugins());
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("plugin/inspect: inspection: tells what a plugin has") {
    const auto text = inspected("wrapped");

    CAPTURE(text);
    CHECK(text.starts_with("wrapped 1.2.3\n"));
    CHECK(contains(text, "summary   Shows what a plugin can say about itself.\n"));
    CHECK(contains(text, "license   Apache-2.0\n"));
    CHECK(contains(text, "ABI       0.1\n"));
    CHECK(contains(text, "roles     source, observer\n"));
    CHECK(contains(text, "hooks     on_query, start\n"));
    CHECK(contains(text, "state     version 7\n"));
    CHECK(contains(text, "libstdc++.so."));
    CHECK_FALSE(contains(text, "warning"));
}

TEST_CASE("plugin/inspect: inspection: tells the options with range, default and help") {
    const auto text = inspected("wrapped");

    CAPTURE(text);
    CHECK(contains(text, "greeting                 string; default hello\n"));
    CHECK(contains(text, "ttl                      duration, 1s..1h; default 60s\n"));
    CHECK(contains(text, "target.weight            integer, 1..100; default 1\n"));
    CHECK(contains(text, "How long it is true.\n"));
}

TEST_CASE("plugin/inspect: inspection: tells warnings") {
    CHECK(contains(inspected("thread_local"), "warning   uses __cxa_thread_atexit: "));
    CHECK(contains(inspected("thread_local"), "options   none\n"));
}

TEST_CASE("plugin/inspect: listing: is one line for each case") {
    const CatalogEntry plain{"plain", "/plugins/plain.so", false};
    const CatalogEntry other{"other", "/plugins/other.so", true};
    PluginFile file{"plain", "1.0.0", 0, 1, 0, {}, {}, {"uses signal"}, false};

    CHECK(
        listing_line(plain, file) ==
        "plain            1.0.0      ABI 0.1  /plugins/plain.so, 1 warnings");
    file.warnings.clear();
    CHECK(
        listing_line(other, file) ==
        "other            1.0.0      ABI 0.1  /plugins/other.so (id plain), hidden by one of the "
        "same name");
    CHECK(
        listing_line(plain, std::unexpected{Error{"/plugins/plain.so: is empty"}}) ==
        "plain            unusable: /plugins/plain.so: is empty");
}
