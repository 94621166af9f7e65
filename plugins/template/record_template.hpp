// SPDX-License-Identifier: Apache-2.0
// A record that is made for each query, or once if it is the same for all.
#pragma once

#include "record_line.hpp"
#include "text_template.hpp"

#include <dnsloom/query.hpp>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace loom::templates {

class RecordTemplate {
public:
    enum class Outcome : std::uint8_t {
        made,
        none,       ///< The text is empty: there is no record for this query.
        no_text,    ///< A value in the text cannot be made.
        no_record,  ///< The text is no record.
        no_memory
    };

    /// The error says what to change.
    [[nodiscard]] static std::expected<RecordTemplate, std::string>
    compile(const std::string& text, const Names& names);

    /// What the record points at lives as long as the query, or as this template. `scratch` is
    /// overwritten; `problem` says what is wrong after no_record.
    [[nodiscard]] Outcome make(
        const Query& query,
        const Facts& facts,
        std::string& scratch,
        loom_record& record,
        std::string& problem) const;

private:
    TextTemplate text_;
    std::optional<RecordLine> constant_;
};

}  // namespace loom::templates
