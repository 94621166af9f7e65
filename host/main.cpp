// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "cli/arguments.hpp"
#include "plugin/inspect.hpp"
#include "plugin/library.hpp"
#include "plugin/probe.hpp"
#include "version.hpp"

#include <dnsloom/abi/version.h>

#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace {

using namespace loom::host;

int fail(const Error& error) {
    fmt::print(stderr, "{}\n", error.text);
    return 1;
}

int print(std::string_view text) {
    fmt::print("{}", text);
    return 0;
}

int run(const RunCommand& command) {
    const auto config = load_config(command.config);
    if (!config) return fail(config.error());
    Server server{command.config, worker_count(config->host), Server::Purpose::serve};
    return server.run(*config);
}

int run(const CheckCommand& command) {
    auto config = load_config(command.config);
    if (!config) return fail(config.error());
    Server server{command.config, worker_count(config->host), Server::Purpose::check};
    const auto text = server.check(std::move(*config));
    return text ? print(*text) : fail(text.error());
}

int run(const PluginListCommand& command) {
    const auto config = load_config(command.config);
    if (!config) return fail(config.error());
    for (const CatalogEntry& entry : Catalog::of(config->host.plugin_path).list())
        fmt::print("{}\n", listing_line(entry, check_elf_file(entry.path)));
    return 0;
}

int run(const PluginInspectCommand& command) {
    const auto file = check_elf_file(command.file);
    if (!file) return fail(file.error());
    const auto library = Library::open(command.file, *file, UnloadPolicy::unmap);
    if (!library) return fail(library.error());
    return print(inspection_text(*file, library->plugins()));
}

int run(const ControlCommand& command) {
    std::string socket = command.socket;
    if (socket.empty()) {
        const auto config = load_config(command.config);
        if (!config) return fail(config.error());
        socket = config->host.control;
    }
    const auto reply = send_command(socket, command.words);
    if (!reply) return fail(reply.error());
    fmt::print(reply->ok ? stdout : stderr, "{}", reply->text);
    return reply->ok ? 0 : 1;
}

int run(const ProbeCommand& command) {
    if (command.arguments.empty()) return usage_exit_code;
    forbid_core_files();
    auto config = load_config(command.arguments[0]);
    if (!config) return fail(config.error());
    Server server{command.arguments[0], worker_count(config->host), Server::Purpose::check};
    const auto tried =
        server.probe(std::move(*config), std::span{command.arguments}.subspan(1));
    if (tried) return 0;
    fail(tried.error());
    return probe_exit_code(tried.error().failure);
}

int run(const VersionCommand&) {
    return print(fmt::format(
        "{} {} (plugin ABI {}.{})\n", product_name, product_version, LOOM_ABI_MAJOR,
        LOOM_ABI_MINOR));
}

int run(const HelpCommand& command) { return print(command.text); }

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto command = parse_arguments(argc, argv);
        if (!command) {
            fmt::print(stderr, "{}\n", command.error());
            return usage_exit_code;
        }
        return std::visit([](const auto& chosen) { return run(chosen); }, *command);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dnsloom: %s\n", e.what());
        return 1;
    }
}
