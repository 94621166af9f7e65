// SPDX-License-Identifier: Apache-2.0
#include "fingerprint.hpp"
#include "test_plugins/test_plugins.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

using namespace loom::host;

namespace {

std::string hash_of(std::string_view text) {
    return fingerprint(std::as_bytes(std::span{text})).text();
}

}  // namespace

TEST_CASE("plugin/fingerprint: fingerprint: is MurmurHash3 x64 128") {
    CHECK(hash_of("") == "00000000000000000000000000000000");
    CHECK(hash_of("hello") == "cbd8a7b341bd9b025b1e906a48ae1d19");
    CHECK(
        hash_of("The quick brown fox jumps over the lazy dog") ==
        "e34bbc7bbc071b6c7a433ca9c49a9347");
}

TEST_CASE("plugin/fingerprint: builder: the size of the pieces does not matter") {
    const std::string text(1000, 'x');
    const auto whole = fingerprint(std::as_bytes(std::span{text}));

    for (const std::size_t piece : {1U, 7U, 15U, 16U, 17U, 999U}) {
        CAPTURE(piece);
        FingerprintBuilder builder;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            builder.add(std::as_bytes(std::span{text}.subspan(at, std::min(piece, 1000 - at))));
        }
        CHECK(builder.finish() == whole);
    }
}

TEST_CASE("plugin/fingerprint: file: has the hash of all of it") {
    const TemporaryFolder folder;
    const std::string text(300'000, 'y');
    write_file(folder.path() / "file", text);

    const auto file = fingerprint_file(folder.path() / "file");

    REQUIRE(file);
    CHECK(file->content.text() == hash_of(text));
    CHECK(file->content.short_text() == hash_of(text).substr(0, 8));
    CHECK(file->identity.size == text.size());
}

TEST_CASE("plugin/fingerprint: file: is not read again while its identity stays") {
    const TemporaryFolder folder;
    write_file(folder.path() / "file", "content");
    auto known = fingerprint_file(folder.path() / "file").value();
    known.content = {1, 2};

    CHECK(fingerprint_file(folder.path() / "file", &known)->content == Fingerprint{1, 2});
}

TEST_CASE("plugin/fingerprint: file: is read again when written to, even if its time is set back") {
    const TemporaryFolder folder;
    const auto path = folder.path() / "file";
    write_file(path, "content");
    auto known = fingerprint_file(path).value();
    // The kernel's clock for files is coarse: this is what it gives for a file written later.
    known.identity.changed_ns -= 1;

    write_file(path, "CONTENT");
    const timespec times[2] = {
        {known.identity.modified_ns / 1'000'000'000, known.identity.modified_ns % 1'000'000'000},
        {known.identity.modified_ns / 1'000'000'000, known.identity.modified_ns % 1'000'000'000}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);

    CHECK(fingerprint_file(path, &known)->content.text() == hash_of("CONTENT"));
}

TEST_CASE("plugin/fingerprint: file: an unusable one is an error that names it") {
    const TemporaryFolder folder;

    const auto missing = fingerprint_file(folder.path() / "missing");
    const auto not_regular = fingerprint_file(folder.path());

    REQUIRE_FALSE(missing);
    CHECK(missing.error().text.starts_with((folder.path() / "missing").string() + ": "));
    REQUIRE_FALSE(not_regular);
    CHECK(not_regular.error().text.ends_with("is not a regular file"));
}
