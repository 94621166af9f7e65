// SPDX-License-Identifier: Apache-2.0
// What a line can say about a query and its response, each as text.
#pragma once

#include "classify.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/meta.h>
#include <dnsloom/options.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::log {

/// Of one query; borrowed.
struct Facts {
    const loom_query* query = nullptr;
    const loom_meta_1* meta = nullptr;
    Bytes wire{};  ///< Of the response.
    std::uint16_t rcode = 0;
    std::uint16_t flags = 0;  ///< Of the response as the client sees it.
    std::uint64_t elapsed_ns = 0;
    ResponseClass response_class = ResponseClass::success;
};

enum class Fact : std::uint8_t {
    client,
    remote,  ///< An IPv6 address is in brackets.
    local,   ///< Likewise.
    port,
    proto,
    id,
    opcode,
    type,
    klass,
    name,
    size,
    dnssec_ok,
    bufsize,
    rcode,
    rflags,
    rsize,
    duration,
    kind,
    meta  ///< What another plugin has found out.
};

/// A fact, and for Fact::meta which one.
struct Field {
    Fact fact = Fact::name;
    std::uint32_t key = 0;
};

/// The key of a fact of other plugins, 0 if that is no name of one.
using MetaKey = std::function<std::uint32_t(std::string_view)>;

/// By its name in the option `fields`: `client`, `rcode`, `/geoip/country/code`.
[[nodiscard]] std::optional<Field> field_named(std::string_view name, const MetaKey& meta_key);
[[nodiscard]] const std::vector<std::string_view>& field_names();

/// Octets of a fact of other plugins that are shown.
inline constexpr std::size_t meta_size_max = 255;

/// Appends its text, `-` for what is not known. No quotes, control characters or, but for facts of
/// other plugins, spaces: what a client sends cannot look like another part of the line.
void append(const Field& field, const Facts& facts, std::string& out);

}  // namespace loom::log
