// SPDX-License-Identifier: Apache-2.0
#include "answer_survey.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>

namespace loom::dns64 {

std::optional<AnswerSurvey>
AnswerSurvey::make(std::span<const std::uint8_t> message, const dns::NetworkRanks& exclude) {
    constexpr std::size_t soa_numbers_size = 20;
    auto reader = dns::MessageReader::open(message);
    if (!reader) return std::nullopt;
    AnswerSurvey found;
    while (true) {
        const auto next = reader->next();
        if (!next) return std::nullopt;
        if (!*next || (*next)->section == dns::Section::additional) return found;
        const dns::RecordView& record = **next;
        const auto rdata = record.rdata();
        if (record.section == dns::Section::answer && record.type == dns::rr_type::aaaa &&
            rdata.size() == 16) {
            ++(exclude.contains(dns::IpAddress::read(rdata.data(), 16)) ? found.excluded
                                                                        : found.usable);
        } else if (
            record.section == dns::Section::authority && record.type == dns::rr_type::soa &&
            rdata.size() >= soa_numbers_size) {
            // MINIMUM comes last, however the names in front are compressed.
            const std::uint32_t minimum = dns::load_u32(rdata.data() + rdata.size() - 4);
            found.negative_ttl = std::min(record.ttl, minimum);
        }
    }
}

}  // namespace loom::dns64
