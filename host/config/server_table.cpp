// SPDX-License-Identifier: Apache-2.0
#include "server_table.hpp"

#include "field_reader.hpp"
#include "step_table.hpp"
#include "zone_list.hpp"

#include <fmt/format.h>

#include <utility>

namespace loom::host {
namespace {

constexpr std::size_t server_name_size_max = shown_size_max;

/// What the fields of [[server]] are read into.
struct Draft {
    ReadServer server;
    std::string_view directory;
};

void read_name(const FieldReader& reader, const Entry& entry, Draft& draft) {
    draft.server.named = true;
    draft.server.name_place = &entry.value.place;
    const auto* text = entry.value.as<std::string>();
    if (text == nullptr) return reader.wrong_kind(entry, "a string");
    // Names go into log lines, metrics and commands.
    if (text->empty() || text->size() > server_name_size_max || printable(*text) != *text) {
        return reader.wrong(
            entry,
            fmt::format(
                "cannot be {}; a name is 1 to {} octets without control characters",
                quoted(*text),
                server_name_size_max));
    }
    draft.server.config.name = *text;
}

void read_listen(const FieldReader& reader, const Entry& entry, Draft& draft) {
    ReadServer& server = draft.server;
    for (const auto& [text, place] : reader.texts(entry)) {
        const auto listen = parse_listen(text);
        if (!listen) {
            reader.mistakes().add(*place, fmt::format("\"listen\" is wrong: {}", listen.error()));
            continue;
        }
        auto& all = server.config.listen;
        if (all.size() + listen->size() > listeners_max) {
            return reader.wrong(entry, fmt::format("has more than {} addresses", listeners_max));
        }
        all.insert(all.end(), listen->begin(), listen->end());
        server.listen_places.insert(server.listen_places.end(), listen->size(), place);
    }
}

void read_server_zones(const FieldReader& reader, const Entry& entry, Draft& draft) {
    auto list = read_zones(reader, entry, zones_max);
    draft.server.config.zones = ZoneNames{list.zones};
    draft.server.zone_places = std::move(list.places);
}

void read_steps(const FieldReader& reader, const Entry& entry, Draft& draft) {
    draft.server.config.pipeline = read_pipeline(entry, draft.directory, reader.mistakes());
}

struct ServerField {
    std::string_view key;
    void (*read)(const FieldReader&, const Entry&, Draft&);
};

constexpr std::array server_fields{
    ServerField{"name", read_name},
    ServerField{"listen", read_listen},
    ServerField{"zones", read_server_zones},
    ServerField{"pipeline", read_steps}};

/// Reports a key that is missing, or whose value is an empty array.
void require(
    const Table& table,
    const Place& place,
    std::string_view key,
    std::string_view advice,
    Mistakes& mistakes) {
    const auto* entry = table.find(key);
    if (entry == nullptr) {
        mistakes.add(place, fmt::format("[[server]] has no \"{}\"; {}", key, advice));
        return;
    }
    const auto* array = entry->value.as<Array>();
    if (array == nullptr || !array->empty()) return;
    mistakes.add(entry->value.place, fmt::format("\"{}\" is empty; {}", key, advice));
}

void require_keys(const Table& table, const Place& place, Mistakes& mistakes) {
    require(
        table, place, "listen", "say where to listen, such as listen = [\"dns://:53\"]", mistakes);
    require(
        table,
        place,
        "zones",
        "name the zones it serves, such as zones = [\"example.org\"]",
        mistakes);
    require(
        table,
        place,
        "pipeline",
        "give its steps, such as pipeline = [ { plugin = \"...\" } ]",
        mistakes);
}

std::string name_by_default(const ServerConfig& config) {
    if (config.listen.empty() || config.zones.empty()) return {};
    return to_string(config.listen.front()) + '/' + config.zones.front().to_string();
}

}  // namespace

ReadServer read_server(const Value& value, std::string_view directory, Mistakes& mistakes) {
    Draft draft{.server = {}, .directory = directory};
    ReadServer& server = draft.server;
    server.config.place = value.place;
    server.name_place = &value.place;
    const auto* table = value.as<Table>();
    if (table == nullptr) {
        mistakes.add(
            value.place, fmt::format("\"server\" must hold tables, not {}", describe(value)));
        return server;
    }
    read_fields(FieldReader{directory, mistakes}, *table, "[[server]]", server_fields, draft);
    require_keys(*table, value.place, mistakes);
    if (!server.named) server.config.name = name_by_default(server.config);
    return std::move(server);
}

}  // namespace loom::host
