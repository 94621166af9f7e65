// SPDX-License-Identifier: Apache-2.0
// Checked options as service "loom.options/1" hands them out.
#pragma once

#include "place.hpp"
#include "zone_names.hpp"

#include <dnsloom/abi/options.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace loom::host {

class OptionTree;

/// A domain name's octets. Not a dns::Name, whose size every option would have then.
using NameOctets = std::vector<std::uint8_t>;

/// One value; what a loom_option points at.
struct OptionNode {
    std::variant<
        std::monostate,
        std::int64_t,
        double,
        NameOctets,
        loom_address,
        std::unique_ptr<OptionTree>,
        std::vector<OptionNode>>
        data;
    std::string text;  ///< Of what is written as a string; paths are absolute.
    bool given = false;
    Place place;  ///< Of a default: where the step stands.

    const loom_option* handle() const { return reinterpret_cast<const loom_option*>(this); }
    static const OptionNode& of(const loom_option* option) {
        return *reinterpret_cast<const OptionNode*>(option);
    }
};

/// A table of options; what a loom_options points at.
class OptionTree {
public:
    explicit OptionTree(ZoneNames zones) : zones_{std::move(zones)} {}

    void add(std::string_view name, OptionNode node) {
        nodes_.insert_or_assign(std::string{name}, std::move(node));
    }
    const OptionNode* find(std::string_view name) const;
    const ZoneNames& zones() const { return zones_; }

    const loom_options* handle() const { return reinterpret_cast<const loom_options*>(this); }
    static const OptionTree& of(const loom_options* options) {
        return *reinterpret_cast<const OptionTree*>(options);
    }

private:
    std::map<std::string, OptionNode, std::less<>> nodes_;
    ZoneNames zones_;
};

}  // namespace loom::host
