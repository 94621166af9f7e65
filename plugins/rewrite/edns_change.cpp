// SPDX-License-Identifier: Apache-2.0
#include "edns_change.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace loom::rewrite {
namespace {

constexpr std::size_t data_max = 512;
constexpr std::size_t ipv4_offset = 12;  // In a v4-mapped address.

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::vector<std::uint8_t>> octets_of(std::string_view text) {
    std::vector<std::uint8_t> octets;
    if (!text.starts_with("0x")) {
        octets.assign(text.begin(), text.end());
        return octets;
    }
    text.remove_prefix(2);
    if (text.empty() || text.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return octets;
}

void add_u16(std::vector<std::uint8_t>& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

std::span<const std::uint8_t> ip_of(const loom_address& address) {
    const std::span all{address.ip};
    return address.family == 4 ? all.subspan(ipv4_offset) : std::span<const std::uint8_t>{all};
}

void add_ip(std::vector<std::uint8_t>& out, const loom_address& address) {
    const auto ip = ip_of(address);
    out.insert(out.end(), ip.begin(), ip.end());
}

// RFC 7871 section 6: family, source and scope prefix length, and no octet or bit beyond.
void add_subnet(std::vector<std::uint8_t>& out, const loom_address& client, unsigned bits) {
    add_u16(out, client.family == 4 ? 1 : 2);
    out.push_back(static_cast<std::uint8_t>(bits));
    out.push_back(0);
    const auto ip = ip_of(client).first((bits + 7) / 8);
    out.insert(out.end(), ip.begin(), ip.end());
    if (bits % 8 != 0) out.back() &= static_cast<std::uint8_t>(0xFF00U >> bits % 8);
}

EdnsChange::Action action_of(std::string_view text) {
    if (text == "append") return EdnsChange::Action::append;
    if (text == "replace") return EdnsChange::Action::replace;
    if (text == "unset") return EdnsChange::Action::unset;
    return EdnsChange::Action::set;
}

}  // namespace

EdnsChange::EdnsChange(const Host& host, const Options& rule)
    : meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)} {
    const auto kind = rule.find("option");
    if (!kind)
        throw ConfigError{
            rule["field"], "an edns0 rule needs option = \"local\", \"nsid\" or \"subnet\""};
    const std::string name = kind->string();
    action_ = action_of(rule["action"].string());
    if (name == "nsid") {
        code_ = dns::option_code::nsid;
        data_ = std::vector<std::uint8_t>{};
        return;
    }
    if (name == "subnet") {
        code_ = dns::option_code::client_subnet;
        data_ = Subnet{
            static_cast<unsigned>(rule["v4_bits"].integer()),
            static_cast<unsigned>(rule["v6_bits"].integer())};
        return;
    }
    const auto code = rule.find("code");
    if (!code) throw ConfigError{*kind, "a local option needs code = NUMBER, such as 0xffee"};
    code_ = static_cast<std::uint16_t>(code->integer());
    if (action_ == Action::unset) return;
    const auto data = rule.find("data");
    if (!data)
        throw ConfigError{*kind, "a local option needs data: text, 0xHEX, or {qname} and the like"};
    data_ = read_data(host, *data);
}

EdnsChange::Data EdnsChange::read_data(const Host& host, const Option& option) const {
    constexpr std::array<std::pair<std::string_view, Variable>, 7> variables{{
        {"{qname}", Variable::qname},
        {"{qtype}", Variable::qtype},
        {"{client_ip}", Variable::client_ip},
        {"{client_port}", Variable::client_port},
        {"{protocol}", Variable::protocol},
        {"{server_ip}", Variable::server_ip},
        {"{server_port}", Variable::server_port},
    }};
    const std::string text = option.string();
    if (!text.starts_with('{') || !text.ends_with('}')) {
        const auto octets = octets_of(text);
        if (!octets)
            throw ConfigError{option, "\"" + text + "\" is no hexadecimal number of whole octets"};
        if (octets->size() > data_max)
            throw ConfigError{
                option, "the data are longer than " + std::to_string(data_max) + " octets"};
        return *octets;
    }
    for (const auto& [name, variable] : variables)
        if (name == text) return variable;
    const std::string fact = text.substr(1, text.size() - 2);
    Metadata metadata{};
    if (fact.find('/') == fact.npos ||
        meta_->key(&host.table(), str(fact), &metadata.key) != LOOM_OK)
        throw ConfigError{
            option,
            "\"" + text +
                "\" is no variable: there are {qname}, {qtype}, {client_ip}, {client_port}, "
                "{protocol}, "
                "{server_ip}, {server_port} and {PLUGIN/FACT}"};
    return metadata;
}

void EdnsChange::add_variable(
    const Query& query, Variable variable, std::vector<std::uint8_t>& out) {
    switch (variable) {
    case Variable::qname: {
        const std::string text = dns::NameView::from_trusted(query.name()).to_string();
        out.assign(text.begin(), text.end());
        return;
    }
    case Variable::qtype:
        return add_u16(out, query->qtype);
    case Variable::client_ip:
        return add_ip(out, *query->client);
    case Variable::client_port:
        return add_u16(out, query->client->port);
    case Variable::protocol: {
        const std::string_view text = query->transport == LOOM_TRANSPORT_UDP ? "udp" : "tcp";
        out.assign(text.begin(), text.end());
        return;
    }
    case Variable::server_ip:
        return add_ip(out, *query->local);
    case Variable::server_port:
        return add_u16(out, query->local->port);
    }
}

bool EdnsChange::value_of(const Query& query, std::vector<std::uint8_t>& out) const {
    if (const auto* octets = std::get_if<std::vector<std::uint8_t>>(&data_)) {
        out = *octets;
    } else if (const auto* variable = std::get_if<Variable>(&data_)) {
        add_variable(query, *variable, out);
    } else if (const auto* subnet = std::get_if<Subnet>(&data_)) {
        const bool is_ipv4 = query->client->family == 4;
        add_subnet(out, *query->client, is_ipv4 ? subnet->v4_bits : subnet->v6_bits);
    } else {
        const loom_bytes value = meta_->get(query.raw(), std::get<Metadata>(data_).key);
        if (value.data == nullptr) return false;
        out.assign(value.data, value.data + value.size);
    }
    return true;
}

loom_status EdnsChange::apply(Query& query, bool& applied) const {
    applied = false;
    std::vector<std::uint8_t> value;
    if (action_ != Action::unset && !value_of(query, value)) return LOOM_OK;
    const auto options = dns::EdnsOptions::check(view(query->edns_options));
    if (!options) return LOOM_OK;
    const bool present = options->find(code_).has_value();
    if (action_ == Action::replace && !present) return LOOM_OK;
    applied = true;
    if (action_ == Action::unset && !present) return LOOM_OK;
    // A second one would say the same or contradict the first.
    if (action_ == Action::append && present) return LOOM_OK;

    std::vector<std::uint8_t> made;
    const auto add = [&made](std::uint16_t code, std::span<const std::uint8_t> data) {
        add_u16(made, code);
        add_u16(made, static_cast<std::uint16_t>(data.size()));
        made.insert(made.end(), data.begin(), data.end());
    };
    for (const auto& option : *options)
        if (option.code != code_) add(option.code, option.data);
    if (action_ != Action::unset) add(code_, value);
    return query.question().set_options(made);
}

}  // namespace loom::rewrite
