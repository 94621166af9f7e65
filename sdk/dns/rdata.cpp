// SPDX-License-Identifier: Apache-2.0
// Rdata from the text of one record.
#include "rdata_parser.hpp"

#include <dnsloom/dns/rdata.hpp>

#include <memory>

namespace loom::dns {

std::expected<std::vector<std::uint8_t>, RdataTextError>
rdata_from_text(std::uint16_t type, std::string_view text, NameView origin) {
    // The lexer wants a NUL behind the text.
    const std::string copy{text};
    ZoneLexer lexer;
    lexer.reset(copy, ZoneLexer::Extent::whole, 1);
    const auto out = std::make_unique<RdataBuffer>();
    RdataParser parser{lexer, *out};
    const auto error_at = [&](const char* where, std::string message) {
        const std::size_t offset =
            where == nullptr ? 0 : static_cast<std::size_t>(where - copy.data());
        return std::unexpected{RdataTextError{offset, std::move(message)}};
    };
    if (!parser.parse(type, origin.octets())) {
        if (lexer.problem() != nullptr) return error_at(lexer.problem_at(), lexer.problem());
        return error_at(parser.where(), parser.message());
    }
    // One record only: nothing but blank lines and comments may follow.
    lexer.finish_entry();
    while (!lexer.at_end()) {
        const ZoneToken token = lexer.next();
        if (token.kind != ZoneToken::Kind::end) {
            return error_at(token.begin(), "expected one line, or parentheses around several");
        }
        lexer.finish_entry();
    }
    const auto octets = out->octets();
    return std::vector<std::uint8_t>{octets.begin(), octets.end()};
}

}  // namespace loom::dns
