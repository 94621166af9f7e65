// SPDX-License-Identifier: Apache-2.0
// Rules, compiled: who may ask for what.
#pragma once

#include "network.hpp"
#include "network_table.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loom::acl {

enum class Action : std::uint8_t {
    allow,
    block,   ///< REFUSED.
    filter,  ///< An empty answer.
    drop     ///< No reply.
};
inline constexpr std::size_t action_count = 4;

struct Decision {
    Action action = Action::allow;
    std::uint16_t error = 0;  ///< The extended error (RFC 8914); 0: none.
};

/// The most networks of all rules, and the most types that they name.
inline constexpr std::size_t networks_max = 200'000;
inline constexpr std::size_t types_max = 250;

/// What a rule says, apart from its networks.
struct Rule {
    Decision decision;
    std::vector<std::uint16_t> types;  ///< Empty: all.
    bool everywhere = false;           ///< For all addresses, in networks or not.
};

/// Immutable; asked on any thread. Of the rules that apply to a question the first one decides.
class Policy {
public:
    /// `networks` names rules by their number. There are no more types than types_max.
    Policy(std::span<const Rule> rules, std::span<const NetworkRule> networks);

    Decision decide(const Address& client, std::uint16_t type) const {
        const auto& table = client.family == Family::ipv4 ? ipv4_ : ipv6_;
        return decisions_[table.find(client.bits) * classes_ + class_of_type_[type]];
    }

private:
    Policy(
        std::span<const Rule> rules,
        std::span<const NetworkRule> networks,
        std::vector<std::uint8_t> class_of_type,
        DecisionSets sets);

    const std::vector<std::uint8_t> class_of_type_;
    const std::size_t classes_;
    std::uint32_t everywhere_;  // The set of addresses in no network.
    const NetworkTable ipv4_;
    const NetworkTable ipv6_;
    std::vector<Decision> decisions_;  // By set, then by class.
};

}  // namespace loom::acl
