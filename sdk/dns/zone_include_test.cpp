// SPDX-License-Identifier: Apache-2.0
// $INCLUDE, and scanning files.
#include "zone_test_scan.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>  // mkdtemp is POSIX.

#include <filesystem>
#include <fstream>

namespace loom::dns {
namespace {

namespace fs = std::filesystem;

// A folder that is gone at the end of the test.
class Folder {
public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "dnsloom-zone-XXXXXX").native();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path_); }

    fs::path write(const fs::path& name, std::string_view text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream{path_ / name} << text;
        return path_ / name;
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

Scanned scan_file(const fs::path& path, const ZoneScanOptions& options = test_options()) {
    RecordLines lines;
    const auto result = scan_zone_file(path, options, lines);
    return {std::move(lines.text), error_lines(result)};
}

}  // namespace

TEST_CASE(
    "dns/zone_scanner: $INCLUDE: origin and owner are the file's own, paths are relative to it") {
    const Folder folder;
    folder.write("sub/one", "b A 1.1.1.1\n$ORIGIN other.\n$INCLUDE two\n");
    folder.write("sub/two", "c A 2.2.2.2\n");
    const auto zone = folder.write(
        "zone",
        "a A 0.0.0.0\n$INCLUDE sub/one in\n A 3.3.3.3\n$INCLUDE \"sub/two\"\nd A 4.4.4.4\n");

    const auto scanned = scan_file(zone);

    CHECK(scanned.errors == "");
    CHECK(
        scanned.records == "a.example. 3600 1 A 0.0.0.0\n"
                           "b.in.example. 3600 1 A 1.1.1.1\n"
                           "c.other. 3600 1 A 2.2.2.2\n"
                           "a.example. 3600 1 A 3.3.3.3\n"
                           "c.example. 3600 1 A 2.2.2.2\n"
                           "d.example. 3600 1 A 4.4.4.4\n");
}

TEST_CASE("dns/zone_scanner: $INCLUDE: errors name the included file, and files are listed once") {
    const Folder folder;
    const auto part = folder.write("part", "\nb A x\n");
    const auto zone = folder.write("zone", "$INCLUDE part\n$INCLUDE part\n");
    auto options = test_options();
    options.errors_max = 9;

    const auto result = scan_zone_file(zone, options, [](const ZoneRecord&) {});

    REQUIRE(result.errors.size() == 2);
    CHECK(result.errors[0].to_string().starts_with(part.native() + ":2:5: A address"));
    CHECK(result.files == std::vector{zone, part});
}

TEST_CASE("dns/zone_scanner: $INCLUDE: circles and deep chains end") {
    const Folder folder;
    const auto circle = folder.write("circle", "$INCLUDE other\n");
    folder.write("other", "$INCLUDE ./circle\n");
    for (int i = 0; i != 12; ++i) {
        folder.write("deep" + std::to_string(i), "$INCLUDE deep" + std::to_string(i + 1) + '\n');
    }

    CHECK(scan_file(circle).errors.contains("other:1:10: $INCLUDE: \"" + folder.path().native()));
    CHECK(scan_file(circle).errors.contains("is this file or one that includes it"));
    CHECK(scan_file(folder.path() / "deep0")
              .errors.contains("deep10:1:1: $INCLUDE: files are more than 10 deep in each other"));
}

TEST_CASE("dns/zone_scanner: $INCLUDE: is refused or kept below a folder as the options say") {
    const Folder folder;
    const auto outside = folder.write("outside", "b A 1.1.1.1\n");
    folder.write("in/side", "c A 1.1.1.1\n");
    fs::create_symlink(outside, folder.path() / "in/link");
    const auto inner = folder.write("in/a", "$INCLUDE side\n");
    const auto up = folder.write("in/b", "$INCLUDE ../outside\n");
    const auto absolute = folder.write("in/c", "$INCLUDE " + outside.native() + "\n");
    const auto link = folder.write("in/d", "$INCLUDE link\n");
    auto rooted = test_options();
    rooted.include = IncludePolicy::below_folder;
    auto forbidden = test_options();
    forbidden.include = IncludePolicy::forbidden;

    CHECK(scan_file(inner, rooted).errors == "");
    CHECK(scan_file(up, rooted).errors.contains("is not below"));
    CHECK(scan_file(absolute, rooted).errors.contains("is not below"));
    CHECK(scan_file(link, rooted).errors.contains("is not below"));
    CHECK(scan_file(up, test_options()).errors == "");
    CHECK(scan_file(inner, forbidden).errors.contains("$INCLUDE is not allowed here"));
}

TEST_CASE("dns/zone_scanner: files: what cannot be read is an error") {
    const Folder folder;

    CHECK(
        scan_file(folder.path() / "none").errors ==
        (folder.path() / "none").native() + ": cannot be opened: No such file or directory\n");
    CHECK(scan_file(folder.path()).errors.contains("cannot be opened: Is a directory"));
    CHECK(scan_file(folder.write("zone", "$INCLUDE none\n"))
              .errors.contains("zone:1:10: $INCLUDE: "));
    CHECK(scan_file(folder.write("empty", "")).errors == "");
}

TEST_CASE("dns/zone_scanner: files: as many are included as the options say") {
    const Folder folder;
    folder.write("part", "b A 1.1.1.1\n");
    auto options = test_options();
    options.includes_max = 2;

    const auto scanned =
        scan_file(folder.write("zone", "$INCLUDE part\n$INCLUDE part\n$INCLUDE part\n"), options);

    CHECK(scanned.errors.contains("zone:3:1: $INCLUDE: more than 2 files"));
}

}  // namespace loom::dns
