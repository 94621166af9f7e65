// SPDX-License-Identifier: Apache-2.0
// Keeps the queries for which its expressions hold, and leaves all others to the next server that fits.

#include "evaluation.hpp"
#include "parser.hpp"

#include <dnsloom/abi/service/meta.h>
#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace loom::views {
namespace {

constexpr std::uint32_t expressions_max = 64;

constexpr OptionSpec option_specs[] = {OptionSpec{
    "expr", LOOM_OPTION_STRING, "Expressions; the server is for queries for which all hold."}
                                           .required()
                                           .list(expressions_max)};

/// An instance is called SERVER/STEP: its step's name is the view's.
std::string_view step_of(std::string_view instance) {
    return instance.substr(instance.rfind('/') + 1);
}

}  // namespace

class View {
public:
    static constexpr Info info{
        .summary = "Takes the queries that an expression is true for.",
        .roles = LOOM_ROLE_SELECTS,
        .options = option_specs,
        .option_count = std::size(option_specs)};

    View(const Host& host, const Options& options)
        : host_{host},
          meta_{host.service<loom_meta_1>(LOOM_SERVICE_META)},
          name_{step_of(host.name())},
          name_key_{key("view/name")},
          taken_{define("taken")},
          left_{define("left")} {
        const Option list = options["expr"];
        for (std::uint32_t i = 0; i < list.size(); ++i) {
            auto node = parse_expression(
                list[i].string(), [this](std::string_view name) { return key(name); });
            if (!node) throw ConfigError{list[i], node.error().to_string()};
            expressions_.push_back(std::move(*node));
        }
        if (name_key_ == 0) throw std::runtime_error{"the host has no room for more facts"};
    }

    loom_verdict on_query(Query& query) const {
        Evaluation evaluation{*query.raw(), *meta_};
        for (const Node& expression : expressions_) {
            if (evaluation.holds(expression)) continue;
            host_.add(query->worker, left_);
            return LOOM_ELSEWHERE;
        }
        host_.add(query->worker, taken_);
        const Bytes name{reinterpret_cast<const std::uint8_t*>(name_.data()), name_.size()};
        meta_->set(query.raw(), name_key_, bytes(name));
        return LOOM_NEXT;
    }

private:
    std::uint32_t key(std::string_view name) const {
        const std::size_t slash = name.find('/');
        if (slash == name.npos || slash == 0 || slash + 1 == name.size()) return 0;
        std::uint32_t number = 0;
        return meta_->key(&host_.table(), str(name), &number) == LOOM_OK ? number : 0;
    }
    Metric define(std::string_view result) const {
        return host_.counter(
            "dnsloom_view_queries_total",
            "Queries that the view took, or left to other servers.",
            {{"result", result}});
    }

    const Host host_;
    const loom_meta_1* const meta_;
    const std::string name_;
    const std::uint32_t name_key_;
    const Metric taken_, left_;
    std::vector<Node> expressions_;
};

}  // namespace loom::views

LOOM_PLUGIN(loom::views::View, "view", "1.0.0");
