// SPDX-License-Identifier: Apache-2.0
#include "flight.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace loom::harness {
namespace {

// Any key will do: a host draws one at its start, and no test may lean on its value.
constexpr std::uint64_t hash_key = 0x6c6f6f6d'68617368;
constexpr std::uint16_t udp_reply_min = 512;
constexpr int garbage = 0xdd;

static_assert(std::is_standard_layout_v<QueryBlock>);

/// A query that has ended keeps its address and nothing else.
void spoil(loom_query& query) {
    std::memset(static_cast<void*>(&query), garbage, sizeof query);
#ifdef __SANITIZE_ADDRESS__
    ASAN_POISON_MEMORY_REGION(&query, sizeof query);
#endif
}

std::uint16_t reply_max(const Question::Data& question, Origin origin) {
    if (origin != Origin::client || question.transport != LOOM_TRANSPORT_UDP) return UINT16_MAX;
    return std::max(udp_reply_min, question.udp_size);
}

std::uint16_t header_bits(const Question::Data& question) {
    unsigned bits = static_cast<unsigned>(question.opcode) << 11U;
    if ((question.flags & LOOM_QUERY_RD) != 0) bits |= dns::flag::rd;
    if ((question.flags & LOOM_QUERY_CD) != 0) bits |= dns::flag::cd;
    if ((question.flags & LOOM_QUERY_AD) != 0) bits |= dns::flag::ad;
    return static_cast<std::uint16_t>(bits);
}

/// The octets at another address; those left behind are spoiled, for builds without a sanitizer.
void move_octets(Octets& octets) {
    Octets moved{octets};
    std::ranges::fill(octets, static_cast<std::uint8_t>(garbage));
    octets = std::move(moved);
}

}  // namespace

std::uint64_t hash_of(std::span<const std::uint8_t> name) {
    return dns::NameView::from_trusted(name).hash(hash_key);
}

Flight::Flight(
    Harness::Core& core, const Question::Data& question, std::uint64_t now_ns, Origin origin)
    : question_{question},
      block_{std::make_unique<QueryBlock>()},
      client_{std::make_unique<loom_address>(question.client)},
      local_{std::make_unique<loom_address>(question.local)},
      response_{block_->query} {
    course.origin = origin;
    answer.pending = true;
    block_->core = &core;
    block_->flight = this;
    auto& q = block_->query;
    q.size = sizeof q;
    q.opcode = question.opcode;
    q.transport = question.transport;
    q.worker = question.worker;
    q.reply_max = reply_max(question, origin);
    q.now_ns = q.received_ns = now_ns;
    q.deadline_ns = now_ns + static_cast<std::uint64_t>(question.deadline.count());
    q.client = client_.get();
    q.local = local_.get();
    q.id = question.id;
    q.depth = question.depth;
    q.generation = 1;
    q.zone = bytes(question_.zone);
    describe_question();
    describe_name();
    describe_message();
}

void Flight::describe_question() {
    auto& q = block_->query;
    q.flags = question_.flags;
    q.qtype = question_.type;
    q.qclass = question_.qclass;
    q.edns_udp_size = question_.udp_size;
}

void Flight::describe_name() {
    auto& name = names_.emplace_back(Name{question_.name, lower(question_.name), {}, {}});
    for (std::size_t offset = 0;; offset += std::size_t{1} + name.lower[offset]) {
        name.offsets.push_back(static_cast<std::uint8_t>(offset));
        name.hashes.push_back(hash_of(std::span{name.lower}.subspan(offset)));
        if (name.lower[offset] == 0) break;
    }
    auto& q = block_->query;
    q.label_count = static_cast<std::uint8_t>(name.offsets.size() - 1);
    q.qname = bytes(name.spelled);
    q.qname_lower = bytes(name.lower);
    q.suffix_hash = name.hashes.data();
    q.label_offset = name.offsets.data();
}

void Flight::change_question(Question::Data changed) {
    if (!original_) original_ = question_;
    const bool renamed = changed.name != question_.name;
    question_ = std::move(changed);
    describe_question();
    if (renamed) describe_name();
    options_ = question_.options;
    block_->query.edns_options = bytes(options_);
    if (course.origin == Origin::client && question_.transport == LOOM_TRANSPORT_UDP)
        block_->query.reply_max = reply_max(question_, course.origin);
    seen = block_->query;
}

void Flight::restore_question() {
    if (!original_) return;
    if (response_.form() == ResponseForm::wire) {
        auto message = parse_message(*response_.wire());
        message->rcode = response_.rcode();
        response_.adopt(std::move(*message));
    }
    // The limit on its size stays.
    const auto size = std::min(original_->udp_size, question_.udp_size);
    question_ = std::move(*original_);
    original_.reset();
    question_.udp_size = size;
    describe_question();
    describe_name();
    options_ = question_.options;
    block_->query.edns_options = bytes(options_);
}

void Flight::describe_message() {
    MessageParts parts;
    parts.id = question_.id;
    parts.header = header_bits(question_);
    parts.qname = question_.name;
    parts.qtype = question_.type;
    parts.qclass = question_.qclass;
    if ((question_.flags & LOOM_QUERY_EDNS) != 0) {
        auto& opt = parts.opt.emplace();
        opt.udp_size = question_.udp_size;
        if ((question_.flags & LOOM_QUERY_DO) != 0) opt.flags = dns::Opt::dnssec_ok_bit;
        if (const auto checked = dns::EdnsOptions::check(question_.options)) opt.options = *checked;
    }
    wire_ = build_message(parts, dns::message_size_max);
    options_ = question_.options;
    move_memory();
}

void Flight::move_memory() {
    move_octets(wire_);
    move_octets(options_);
    block_->query.wire = bytes(wire_);
    block_->query.edns_options = bytes(options_);
    response_.drop_room();
}

void* Flight::scratch(std::size_t size) {
    if (!scratch_ && size != 0) scratch_ = memory_.allocate_scratch(size);
    return scratch_;
}

loom_bytes Flight::keep(std::string_view text) {
    auto* copy = static_cast<std::uint8_t*>(memory_.allocate_scratch(text.size()));
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

std::unique_ptr<QueryBlock> Flight::release() {
    course.children.clear();
    response_.release();
    memory_.release();
    meta.clear();
    names_ = {};
    original_.reset();
    client_.reset();
    local_.reset();
    wire_ = {};
    options_ = {};
    question_ = {};
    spoil(block_->query);
    block_->flight = nullptr;
    return std::move(block_);
}

Asked Flight::asked() const {
    Asked asked;
    asked.name = name_to_text(question_.name);
    asked.type = type_to_text(question_.type);
    asked.qclass = question_.qclass;
    asked.background = course.origin == Origin::background;
    asked.subquery = course.origin != Origin::client;
    asked.flags = question_.flags;
    asked.options = question_.options;
    return asked;
}

}  // namespace loom::harness
