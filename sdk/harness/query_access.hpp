// SPDX-License-Identifier: Apache-2.0
// From the loom_query that a plugin hands over to the flight, by the rules of when it may do so.
#pragma once

#include "core.hpp"

#include <string>
#include <string_view>

namespace loom::harness {

/// A flight that a hook may change now; null, and a misuse noted, if it may not.
inline Flight* in_hook(loom_query* query, std::string_view function) {
    const auto& block = QueryBlock::of(query);
    if (block.flight && block.flight->course.in_hook == InHook::yes) return block.flight;
    block.core->misuse(
        std::string{function} + " was called " +
        (block.flight ? "outside the query's hooks" : "for a query that has ended"));
    return nullptr;
}

/// A flight that may be read now: its own hook runs, or one of its parent after its end.
inline Flight* readable(const loom_query* query, std::string_view function) {
    const auto& block = QueryBlock::of(query);
    if (block.flight) {
        const auto& course = block.flight->course;
        if (course.in_hook == InHook::yes || course.in_hook == InHook::reading) return block.flight;
        const bool answers_parent = course.complete && course.parent;
        if (answers_parent && course.parent->course.in_hook == InHook::yes) return block.flight;
    }
    block.core->misuse(
        std::string{function} + " was called " +
        (block.flight ? "outside the query's hooks" : "for a query that has ended"));
    return nullptr;
}

}  // namespace loom::harness
