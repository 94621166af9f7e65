// SPDX-License-Identifier: Apache-2.0
// Makes a finished message fit a size limit. Nothing that is kept moves, but for OPT: pointers
// between the names stay right.
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/truncate.hpp>

#include <algorithm>
#include <cstring>

namespace loom::dns {
namespace {

struct Extent {
    std::size_t offset = 0;
    std::size_t size = 0;

    std::size_t end() const { return offset + size; }
};

// What the first walk finds, which also proves that the message is well formed.
struct Outline {
    Header header;
    std::size_t questions_end = 0;
    std::size_t end = 0;
    Extent opt;                      // Empty when there is none.
    std::optional<Name> delegation;  // The owner of the NS records of a referral.
};

std::expected<Outline, MessageErrc> outline(std::span<const std::uint8_t> message) {
    if (const auto opt = find_opt(message); !opt) return std::unexpected{opt.error()};
    auto reader = *MessageReader::open(message);
    Outline found{reader.header(), header_size, header_size, {}, std::nullopt};
    for (std::uint16_t i = 0; i != found.header.questions; ++i) {
        if (const auto question = reader.question(); !question) {
            return std::unexpected{question.error()};
        }
    }
    found.questions_end = reader.offset();
    const bool may_refer = found.header.count(Section::answer) == 0;
    for (auto record = reader.next(); record && *record; record = reader.next()) {
        const RecordView& view = **record;
        if (view.type == rr_type::opt) found.opt = {view.offset, view.end() - view.offset};
        if (may_refer && view.type == rr_type::ns && view.section == Section::authority) {
            if (!found.delegation) found.delegation = view.owner();
        }
    }
    found.end = reader.offset();
    return found;
}

// Keeps records from the front while they fit.
class Cut {
public:
    Cut(std::span<std::uint8_t> message, const Outline& outline, std::size_t limit)
        : message_{message}, outline_{outline}, limit_{limit}, header_{outline.header} {
        header_.records = {};
    }

    std::size_t run() {
        if (!keep_questions()) return finish();
        keep_records();
        return finish();
    }

private:
    bool keep_questions() {
        kept_ = outline_.questions_end;
        if (kept_ + outline_.opt.size <= limit_) return true;
        kept_ = header_size;
        header_.questions = 0;
        header_.set(flag::tc);
        return false;
    }

    void keep_records() {
        auto reader = *MessageReader::open(message_);
        std::optional<RecordView> first;  // Of the RRset being walked.
        std::uint16_t count = 0;
        bool full = false;
        for (;;) {
            const auto record = reader.next();
            const bool over = !record || !*record;
            if (first && (over || !first->same_rrset(**record))) {
                full =
                    full || !keep_rrset(*first, count, over ? reader.offset() : (*record)->offset);
                if (full) leave_out(*first);
                count = 0;
            }
            if (over) return;
            if (count++ == 0) first = **record;
        }
    }

    bool keep_rrset(const RecordView& first, std::uint16_t count, std::size_t end) {
        if (first.type == rr_type::tsig) return false;
        const bool is_opt = first.type == rr_type::opt;
        const std::size_t opt_size = is_opt || opt_kept_ ? 0 : outline_.opt.size;
        if (end + opt_size > limit_) return false;
        opt_kept_ = opt_kept_ || is_opt;
        kept_ = end;
        auto& records = header_.records[static_cast<std::size_t>(first.section)];
        records = static_cast<std::uint16_t>(records + count);
        return true;
    }

    void leave_out(const RecordView& first) {
        const bool is_address = first.type == rr_type::a || first.type == rr_type::aaaa;
        if (first.section != Section::additional ||
            (is_address && outline_.delegation &&
             first.owner().is_subdomain_of(*outline_.delegation))) {
            header_.set(flag::tc);
        }
    }

    std::size_t finish() {
        const Extent opt = outline_.opt;
        if (!opt_kept_ && opt.size != 0 && kept_ + opt.size <= limit_) {
            std::memmove(message_.data() + kept_, message_.data() + opt.offset, opt.size);
            kept_ += opt.size;
            ++header_.records[static_cast<std::size_t>(Section::additional)];
        }
        header_.write(message_);
        return kept_;
    }

    std::span<std::uint8_t> message_;
    const Outline& outline_;
    std::size_t limit_;
    Header header_;
    std::size_t kept_ = header_size;
    bool opt_kept_ = false;
};

}  // namespace

std::expected<std::size_t, MessageErrc>
truncate(std::span<std::uint8_t> message, std::size_t limit) {
    const auto found = outline(message);
    if (!found) return std::unexpected{found.error()};
    if (found->end <= limit) return found->end;
    return Cut{message, *found, std::max(limit, header_size)}.run();
}

}  // namespace loom::dns
