// SPDX-License-Identifier: Apache-2.0
// One evaluation for one query. Facts become text when they are first asked for.
#pragma once

#include "node.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/meta.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace loom::views {

class Evaluation {
public:
    /// Both are borrowed.
    Evaluation(const loom_query& query, const loom_meta_1& meta) : query_{query}, meta_{meta} {}

    /// A value that cannot be made (a division by 0, a text that is no address) makes it false.
    [[nodiscard]] bool holds(const Node& node) {
        failed_ = false;
        return truth(node) && !failed_;
    }

private:
    bool truth(const Node& node);
    std::int64_t integer(const Node& node);
    /// Valid until the evaluation ends.
    std::string_view text(const Node& node);

    int compare(const Node& a, const Node& b);
    bool is_among(const Node& node);
    bool is_in_network(const Node& node);
    std::int64_t calculate(const Node& node);

    const loom_query& query_;
    const loom_meta_1& meta_;
    bool failed_ = false;
    std::string name_, type_, class_, client_, server_;  // Empty: not asked for yet.
};

}  // namespace loom::views
