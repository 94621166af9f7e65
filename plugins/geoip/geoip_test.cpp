// SPDX-License-Identifier: Apache-2.0
#include "mmdb_fixture.hpp"

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include <filesystem>

using namespace loom::harness;
using namespace loom::geoip::test;

namespace {

constexpr std::uint8_t net_192_0_2[] = {192, 0, 2, 0};
constexpr std::uint8_t net_198_51_100[] = {198, 51, 100, 0};
constexpr std::uint8_t net_2001_db8[] = {
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

Encoded named(std::string_view name) { return map({{"de", text("nie")}, {"en", text(name)}}); }

Encoded boxford() {
    return map(
        {{"city", map({{"names", named("Boxford")}})},
         {"continent", map({{"code", text("EU")}, {"names", named("Europe")}})},
         {"country", map({{"iso_code", text("GB")}, {"names", named("United Kingdom")}})},
         {"location",
          map(
              {{"latitude", real(51.75)},
               {"longitude", real(-1.25)},
               {"time_zone", text("Europe/London")}})},
         {"postal", map({{"code", text("OX1")}})},
         {"subdivisions",
          list({map({{"iso_code", text("ENG")}}), map({{"iso_code", text("WBK")}})})}});
}
Encoded country(std::string_view code, bool in_union) {
    Fields fields{{"iso_code", text(code)}};
    if (in_union) fields.emplace_back("is_in_european_union", truth(true));
    return map({{"country", map(fields)}});
}

MmdbWriter cities() {
    MmdbWriter writer{"GeoLite2-City"};
    writer.add(net_192_0_2, 24, boxford());
    writer.add(net_198_51_100, 24, country("AT", true));
    writer.add(net_2001_db8, 32, country("DE", true));
    return writer;
}

/// A folder that is gone with the object.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "loom-geoip-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file() const { return path_ + "/test.mmdb"; }

private:
    std::string path_;
};

class Server {
public:
    explicit Server(const MmdbWriter& database, Table settings = {}, Setup setup = {})
        : harness_{loom_module_0, with_file(database, std::move(settings)), std::move(setup)} {}

    std::map<std::string, std::string, std::less<>>
    meta(std::string_view client, const Question& question = "example.org. A") {
        return harness_.ask(Question{question}.client(client)).meta;
    }
    Harness* operator->() { return &harness_; }
    const Folder& folder() const { return folder_; }
    bool change(const Encoded& content) {
        std::ofstream{folder_.file(), std::ios::binary} << content;
        return harness_.change_file(folder_.file());
    }

private:
    Table with_file(const MmdbWriter& database, Table settings) {
        database.write(folder_.file());
        settings.push_back({"file", folder_.file()});
        return settings;
    }

    Folder folder_;
    Harness harness_;
};

using Meta = std::map<std::string, std::string, std::less<>>;

Question with_subnet(std::vector<std::uint8_t> data) {
    return Question{"example.org. A"}.option(8, data);
}
bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("plugin/geoip: on_query: all facts of a city") {
    Server server{cities()};
    CHECK(
        server.meta("192.0.2.7") == Meta{
                                        {"geoip/city/name", "Boxford"},
                                        {"geoip/country/code", "GB"},
                                        {"geoip/country/name", "United Kingdom"},
                                        {"geoip/country/is_in_european_union", "false"},
                                        {"geoip/continent/code", "EU"},
                                        {"geoip/continent/name", "Europe"},
                                        {"geoip/latitude", "51.75"},
                                        {"geoip/longitude", "-1.25"},
                                        {"geoip/timezone", "Europe/London"},
                                        {"geoip/postalcode", "OX1"},
                                        {"geoip/subdivisions/code", "ENG,WBK"}});
    CHECK(server->ask("example.org. A").source == Source::nobody);
}

TEST_CASE("plugin/geoip: on_query: what the database does not say is not set") {
    Server server{cities()};
    CHECK(
        server.meta("198.51.100.1") ==
        Meta{{"geoip/country/code", "AT"}, {"geoip/country/is_in_european_union", "true"}});
    CHECK(server.meta("2001:db8:1::1").at("geoip/country/code") == "DE");
    CHECK(server.meta("203.0.113.1").empty());
    CHECK(server.meta("2001:db9::1").empty());
}

TEST_CASE("plugin/geoip: on_query: autonomous systems") {
    MmdbWriter writer{"GeoLite2-ASN"};
    writer.add(
        net_192_0_2,
        24,
        map(
            {{"autonomous_system_number", uint32(64496)},
             {"autonomous_system_organization", text("Example Net")}}));
    Server server{writer};
    CHECK(
        server.meta("192.0.2.7") ==
        Meta{{"geoip/asn/number", "64496"}, {"geoip/asn/org", "Example Net"}});
}

TEST_CASE("plugin/geoip: on_query: the same again for a client that comes again") {
    Server server{cities()};
    const auto first = server.meta("192.0.2.7");
    // Many others, so that each place of the cache has been another's.
    for (int i = 0; i < 3000; ++i)
        CHECK(
            server.meta("198.51." + std::to_string(100 + i / 250) + "." + std::to_string(i % 250))
                .size() == (i < 250 ? 2 : 0));
    CHECK(server.meta("192.0.2.7") == first);
    CHECK(server.meta("192.0.2.7") == first);
    CHECK(server->metric("dnsloom_geoip_lookups_total", {{"result", "found"}}) == 253);
    CHECK(server->metric("dnsloom_geoip_lookups_total", {{"result", "not_found"}}) == 2750);
}

TEST_CASE("plugin/geoip: on_query: values of the wrong kind and of any size are left out") {
    MmdbWriter writer{"X-City"};
    const std::string large(250, 'x');
    writer.add(
        net_192_0_2,
        24,
        map(
            {{"city", text("none")},
             {"country", map({{"iso_code", uint32(7)}, {"names", named(large)}})},
             {"continent", map({{"code", text(large)}, {"names", named(large)}})},
             {"location", map({{"time_zone", text(large)}, {"latitude", text("north")}})},
             {"postal", map({{"code", text("1010")}})}}));
    Server server{writer};
    CHECK(
        server.meta("192.0.2.7") == Meta{
                                        {"geoip/country/name", large},
                                        {"geoip/country/is_in_european_union", "false"},
                                        {"geoip/continent/code", large},
                                        {"geoip/continent/name", large},
                                        {"geoip/postalcode", "1010"}});
}

TEST_CASE("plugin/geoip: edns_subnet: counts as the client where it is wanted") {
    const Question asked = with_subnet({0, 1, 24, 0, 198, 51, 100});
    Server plain{cities()};
    CHECK(plain.meta("192.0.2.7", asked).at("geoip/country/code") == "GB");

    Server server{cities(), {{"edns_subnet", true}}};
    CHECK(server.meta("192.0.2.7", asked).at("geoip/country/code") == "AT");
    CHECK(
        server.meta("192.0.2.7", with_subnet({0, 2, 32, 0, 0x20, 0x01, 0x0d, 0xb8}))
            .at("geoip/country/code") == "DE");
    // Options that tell nothing, and malformed ones.
    CHECK(server.meta("192.0.2.7", with_subnet({0, 1, 0, 0})).at("geoip/country/code") == "GB");
    CHECK(server.meta("192.0.2.7", with_subnet({0, 0, 0, 0})).at("geoip/country/code") == "GB");
    CHECK(server.meta("192.0.2.7", with_subnet({0, 1, 24})).at("geoip/country/code") == "GB");
    CHECK(server.meta("192.0.2.7").at("geoip/country/code") == "GB");
}

TEST_CASE("plugin/geoip: reload: another database, or the one of before if it is none") {
    Server server{cities()};
    CHECK(server.meta("192.0.2.7").at("geoip/country/code") == "GB");
    CHECK(server->metric("dnsloom_geoip_build_timestamp_seconds") == 1'700'000'000);

    MmdbWriter writer{"GeoLite2-Country"};
    writer.add(net_192_0_2, 24, country("FR", true));
    CHECK(server.change(writer.file()));
    CHECK(server.meta("192.0.2.7").at("geoip/country/code") == "FR");
    CHECK(server->metric("dnsloom_geoip_reload_total", {{"result", "ok"}}) == 1);
    server->run_ready();
    CHECK(server->retired_count() == 0);

    server.change("no database");
    CHECK(server.meta("192.0.2.7").at("geoip/country/code") == "FR");
    CHECK(server.meta("192.0.2.8").at("geoip/country/code") == "FR");
    CHECK(server->metric("dnsloom_geoip_reload_total", {{"result", "failed"}}) == 1);
    CHECK(says(server->log().back().field("reason"), server.folder().file()));
}

TEST_CASE("plugin/geoip: reload: a file cut short under it changes nothing") {
    Server server{cities()};
    std::filesystem::resize_file(server.folder().file(), 0);
    CHECK(server.meta("192.0.2.7").at("geoip/city/name") == "Boxford");
}

TEST_CASE("plugin/geoip: reload: false watches nothing") {
    Server server{cities(), {{"reload", false}}};
    CHECK(server->watched_files().empty());
}

TEST_CASE("plugin/geoip: configuration: says what is wrong") {
    CHECK(says(Harness::refusal(loom_module_0, {}), "file"));
    CHECK(says(Harness::refusal(loom_module_0, {{"file", "/nowhere.mmdb"}}), "/nowhere.mmdb"));
    Folder folder;
    MmdbWriter{"GeoIP2-Domain"}.write(folder.file());
    CHECK(says(Harness::refusal(loom_module_0, {{"file", folder.file()}}), "GeoIP2-Domain"));
    std::ofstream{folder.file()} << "text";
    CHECK(says(Harness::refusal(loom_module_0, {{"file", folder.file()}}), folder.file() + ": "));
}

bool is_refused(const Table& settings) {
#ifdef __SANITIZE_ADDRESS__
    // Where the metadata is damaged, libmaxminddb 1.7 does not free what it has read of it.
    const __lsan::ScopedDisabler known_leak;
#endif
    return !Harness::refusal(loom_module_0, settings).empty();
}

TEST_CASE("plugin/geoip: damaged databases: never more than no facts") {
    const Encoded whole = cities().file();
    Folder folder;
    // Each octet in turn; what still opens is asked.
    for (std::size_t at = 0; at < whole.size(); at += 3) {
        Encoded damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0xA5);
        std::ofstream{folder.file(), std::ios::binary} << damaged;
        const Table settings{{"file", folder.file()}};
        if (is_refused(settings)) continue;
        Harness h{loom_module_0, settings};
        for (const auto* client : {"192.0.2.7", "198.51.100.1", "2001:db8::1", "203.0.113.1"})
            h.ask(Question{"example.org. A"}.client(client));
    }
}
