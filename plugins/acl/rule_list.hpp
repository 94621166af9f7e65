// SPDX-License-Identifier: Apache-2.0
// The rules as configured, and the files that some of their networks are in.
#pragma once

#include "policy.hpp"

#include <dnsloom/options.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace loom::acl {

inline constexpr OptionSpec rule_fields[] = {
    OptionSpec{"action", LOOM_OPTION_STRING, "What happens to a question."}.required().one_of(
        "allow|block|filter|drop"),
    OptionSpec{"type", LOOM_OPTION_STRING, "Types of questions; none or \"*\": all."}.list(),
    OptionSpec{"net", LOOM_OPTION_STRING, "Networks of clients; none or \"*\": all."}.list(),
    OptionSpec{"net_file", LOOM_OPTION_PATH, "Files with more networks, one a line."}.list(64),
    OptionSpec{"extended_error", LOOM_OPTION_STRING, "Which extended error the reply has."}.one_of(
        "blocked|filtered|prohibited|none")};

class RuleList {
public:
    /// Throws ConfigError.
    explicit RuleList(const Option& rules);

    /// Reads the files and compiles everything; otherwise `FILE:LINE: ...`. Control thread.
    [[nodiscard]] std::expected<std::unique_ptr<const Policy>, std::string> compile() const;

    /// Each file once.
    std::vector<std::string> files() const;

private:
    struct NetworkFile {
        std::string path;
        std::uint32_t rule;
    };

    void read_networks_of(std::uint32_t number, const Options& table);

    std::vector<Rule> rules_;
    std::vector<NetworkRule> networks_;
    std::vector<NetworkFile> files_;
};

}  // namespace loom::acl
