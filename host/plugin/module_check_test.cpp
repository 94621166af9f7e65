// SPDX-License-Identifier: Apache-2.0
#include "module_check.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace loom::host;

namespace {

constexpr loom_str text(std::string_view value) { return {value.data(), value.size()}; }

loom_status create(const loom_host*, const loom_options*, loom_instance**, loom_error*) {
    return LOOM_OK;
}
void destroy(loom_instance*) {}

/// A module with one plugin that has one option, all proper.
struct Module {
    loom_option_spec option{};
    loom_plugin plugin{};
    const loom_plugin* plugins[2] = {&plugin, &plugin};
    loom_module module{sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};

    Module() {
        option.size = sizeof option;
        option.type = LOOM_OPTION_INTEGER;
        option.name = text("size_max");
        plugin.size = sizeof plugin;
        plugin.abi_major = LOOM_ABI_MAJOR;
        plugin.abi_minor = LOOM_ABI_MINOR;
        plugin.id = text("plain");
        plugin.version = text("1.0.0");
        plugin.options = &option;
        plugin.option_count = 1;
        plugin.create = create;
        plugin.destroy = destroy;
    }
};

std::string error_with(const std::function<void(Module&)>& edit) {
    Module proper;
    edit(proper);
    const auto done = check_module(proper.module, "x.so");
    return done ? "" : done.error().text;
}

bool contains(std::string_view whole, std::string_view part) {
    return whole.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("plugin/module_check: a proper module: is taken") {
    CHECK(error_with([](Module&) {}).empty());
}

TEST_CASE("plugin/module_check: a newer, longer plugin: is taken") {
    CHECK(error_with([](Module& m) { m.plugin.size += 64; }).empty());
}

TEST_CASE("plugin/module_check: a module with one thing wrong: is refused") {
    const auto check = [](std::string_view part, const std::function<void(Module&)>& edit) {
        const auto error = error_with(edit);
        CAPTURE(error);
        CHECK(error.starts_with("x.so: "));
        CHECK(contains(error, part));
    };

    check("has a loom_module of 4 octets", [](Module& m) { m.module.size = 4; });
    check("needs plugin ABI 7.", [](Module& m) { m.module.abi_major = 7; });
    check("has 0 plugins", [](Module& m) { m.module.plugin_count = 0; });
    check("has 4000 plugins", [](Module& m) { m.module.plugin_count = 4000; });
    check("has 1 plugins", [](Module& m) { m.module.plugins = nullptr; });
    check("null pointer", [](Module& m) { m.plugins[0] = nullptr; });
    check("has the plugin plain twice", [](Module& m) { m.module.plugin_count = 2; });
    check("sizeof(loom_plugin)", [](Module& m) { m.plugin.size = 16; });
    check("needs plugin ABI 0.9", [](Module& m) { m.plugin.abi_minor = 9; });
    check("has an id", [](Module& m) { m.plugin.id = text("Plain"); });
    check("has an id", [](Module& m) { m.plugin.id = {}; });
    check("has an id", [](Module& m) { m.plugin.id = {nullptr, 5}; });
    check("has no version", [](Module& m) { m.plugin.version = {}; });
    check("lacks create", [](Module& m) { m.plugin.create = nullptr; });
    check("lacks create or destroy", [](Module& m) { m.plugin.destroy = nullptr; });
    check("license or summary", [](Module& m) { m.plugin.summary = {"", 1U << 30U}; });
    check("2000 octets of scratch", [](Module& m) { m.plugin.scratch_size = 2000; });
    check("counts options", [](Module& m) { m.plugin.options = nullptr; });
    check("has 5000 options", [](Module& m) { m.plugin.option_count = 5000; });
    check("option whose size is 1", [](Module& m) { m.option.size = 1; });
    check("snake_case name", [](Module& m) { m.option.name = text("size max"); });
    check("size_max of unknown type 99", [](Module& m) { m.option.type = 99; });
    check("minimum is above", [](Module& m) { m.option.minimum = 1; });
    check("unusable text", [](Module& m) { m.option.help = {nullptr, 3}; });
    check("nested too deeply", [](Module& m) {
        m.option.type = LOOM_OPTION_TABLE;
        m.option.fields = &m.option;
        m.option.field_count = 1;
    });
}

TEST_CASE("plugin/module_check: two options of one name: are refused") {
    Module proper;
    const loom_option_spec twice[] = {proper.option, proper.option};
    proper.plugin.options = twice;
    proper.plugin.option_count = 2;

    const auto done = check_module(proper.module, "x.so");

    REQUIRE_FALSE(done);
    CHECK(contains(done.error().text, "has the option size_max twice"));
}

TEST_CASE("plugin/module_check: a list of services without an end: is refused") {
    const std::vector<const char*> services(100, "loom.log/1");
    const char* const ended[] = {"loom.log/1", nullptr};

    CHECK(contains(
        error_with([&](Module& m) { m.plugin.required_services = services.data(); }),
        "without a NULL"));
    CHECK(error_with([&](Module& m) { m.plugin.required_services = ended; }).empty());
}
