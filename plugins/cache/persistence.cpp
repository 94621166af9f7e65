// SPDX-License-Identifier: Apache-2.0
// The cache's part about its file: what it keeps over the end of the process.
#include "cache.hpp"
#include "snapshot.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loom::cache {
namespace {

constexpr uint64_t second_ns = 1'000'000'000;

/// A key and what it points at.
struct OwnedKey {
    dns::Name name;
    std::vector<uint64_t> suffixes;
    Key key;

    OwnedKey(const Host& host, dns::NameView asked, uint16_t type, uint8_t bits) : name{asked} {
        name.lower();
        Bytes rest = name.octets();
        for (; rest.size() > 1; rest = rest.subspan(std::size_t{1} + rest[0]))
            suffixes.push_back(host.hash_name(rest));
        suffixes.push_back(host.hash_name(rest));
        key = {key_hash(suffixes[0], type, bits), name.octets(), type, bits};
    }
    OwnedKey(const OwnedKey&) = delete;
    OwnedKey& operator=(const OwnedKey&) = delete;
};

// The names and types of one entry or record.
std::optional<dns::Question> question_of(Bytes message) {
    auto reader = dns::MessageReader::open(message);
    if (!reader || reader->header().questions != 1) return std::nullopt;
    const auto question = reader->question();
    if (!question || !*question) return std::nullopt;
    return **question;
}

}  // namespace

void Cache::save() const {
    try {
        SnapshotWriter writer{settings_.file};
        const uint64_t now_ns = host_.monotonic_ns();
        const uint64_t now_s = host_.realtime_ns() / second_ns;
        std::size_t count = 0;
        for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
            const Store store = slices_[slice]->store();
            for (std::size_t pair = 0; pair < store.index_pairs(); ++pair) {
                store.visit(pair, [&](const Entry& entry) {
                    if (entry.kind == Kind::failure || !entry.is_fresh(now_ns)) return;
                    // Few, and of use for few.
                    if ((entry.key_bits & key_subnet) != 0) return;
                    const Bytes message{entry.message(), entry.message_size};
                    const auto question = question_of(message);
                    if (!question) return;
                    const OwnedKey key{host_, question->qname, question->qtype, entry.key_bits};
                    if (!store.is_valid(entry.stored_ns, key.suffixes)) return;
                    writer.add(
                        {static_cast<uint16_t>(slice % host_.workers()),
                         entry.key_bits,
                         now_s - entry.age(now_ns),
                         message,
                         {entry.options(), entry.options_size}});
                    ++count;
                });
            }
        }
        writer.finish();
        host_.log(
            LOOM_LOG_INFO, "saved", {{"file", settings_.file}, {"entries", std::to_string(count)}});
    } catch (const std::exception& e) {
        host_.log(LOOM_LOG_WARNING, "the cache cannot be saved", {{"reason", e.what()}});
    }
}

void Cache::load() {
    std::size_t kept = 0;
    auto found = std::make_unique<Survey>();
    const auto read = read_snapshot(
        settings_.file,
        2 * (settings_.region_size + settings_.denial_size) * host_.workers(),
        [&](const SavedAnswer& answer) { kept += take(answer, *found) ? 1 : 0; });
    if (!read) {
        host_.log(
            LOOM_LOG_WARNING,
            "the saved cache is ignored",
            {{"file", settings_.file}, {"reason", read.error()}});
    } else if (*read != 0) {
        host_.log(
            LOOM_LOG_INFO, "loaded", {{"file", settings_.file}, {"entries", std::to_string(kept)}});
    }
}

// As if it had just come from an upstream, but older.
bool Cache::take(const SavedAnswer& answer, Survey& found) {
    constexpr uint8_t known_bits = key_do | key_cd | key_rd;
    const uint64_t now_s = host_.realtime_ns() / second_ns;
    const auto question = question_of(answer.message);
    if (!question || (answer.bits & ~known_bits) != 0 || answer.stored_s > now_s) return false;
    if (!dns::EdnsOptions::check(answer.options)) return false;
    const OwnedKey key{host_, question->qname, question->qtype, answer.bits};

    std::vector<uint8_t> message{answer.message.begin(), answer.message.end()};
    const uint16_t rcode = message[3] & 0xFU;
    Limits limits = settings_.limits;
    limits.min_ttl = 0;
    const auto look = [&] {
        return survey(message, key.key.name, key.key.type, rcode, now_s, limits, found).has_value();
    };
    if (!look() || found.kind == Kind::failure || now_s - answer.stored_s >= found.ttl)
        return false;
    const auto age = static_cast<uint32_t>(now_s - answer.stored_s);
    for (std::size_t i = 0; i < found.ttl_count; ++i) {
        uint8_t* const at = message.data() + found.ttl_offsets[i];
        const uint32_t ttl = sane_ttl(dns::load_u32(at));
        dns::store_u32(at, ttl - std::min(ttl, age));
    }
    if (!look()) return false;

    std::size_t slice = answer.worker % host_.workers();
    if (found.kind == Kind::denial && settings_.denial_size != 0) slice += host_.workers();
    Store store = slices_[slice]->store();
    const uint64_t now_ns = host_.monotonic_ns();
    Store::Tally tally;
    Entry* const entry = store.place(
        key.key,
        Entry::size_for(found.size, found.ttl_count, answer.options.size()),
        now_ns,
        tally);
    if (entry == nullptr) return false;
    fill(*entry, message, key.key, found, answer.options, now_ns);
    store.note_ttl(found.ttl + settings_.stale);
    return true;
}

}  // namespace loom::cache
