// SPDX-License-Identifier: Apache-2.0
// One query and its response, as a hook sees them in C++. Thin: every method is one call or none.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/question.h>
#include <dnsloom/abi/service/response.h>
#include <dnsloom/host.hpp>
#include <dnsloom/options.hpp>

#include <chrono>
#include <cstring>
#include <type_traits>

namespace loom {

/// Reads and writes the response of one query; see abi/service/response.h for the rules.
class Response {
public:
    Response(loom_query* query, const loom_response_1* service)
        : query_{query}, service_{service} {}

    bool present() const { return service_->present(query_) != 0; }
    uint16_t rcode() const { return service_->rcode(query_); }
    uint16_t flags() const { return service_->flags(query_); }
    loom_status set_rcode(uint16_t rcode) { return service_->set_rcode(query_, rcode); }
    loom_status set_flags(uint16_t mask, uint16_t value) {
        return service_->set_flags(query_, mask, value);
    }

    loom_status begin(uint16_t rcode, uint16_t flags) {
        return service_->begin(query_, rcode, flags);
    }
    loom_status add(int32_t section, const loom_record& record) {
        return service_->add(query_, section, &record);
    }
    /// Room for a whole message; empty if there is none.
    std::span<uint8_t> buffer() {
        uint8_t* data = nullptr;
        size_t size = 0;
        if (service_->buffer(query_, &data, &size) != LOOM_OK) return {};
        return {data, size};
    }
    loom_status commit(size_t size) { return service_->commit(query_, size); }
    loom_status set_wire(Bytes message) { return service_->set_wire(query_, bytes(message)); }

    std::span<const loom_record> records(int32_t section) {
        const loom_record* first = nullptr;
        size_t count = 0;
        if (service_->records(query_, section, &first, &count) != LOOM_OK) return {};
        return {first, count};
    }
    loom_status replace(int32_t section, std::span<const loom_record> records) {
        return service_->replace(query_, section, records.data(), records.size());
    }
    /// The whole message without OPT; empty if it cannot be made.
    Bytes wire() {
        loom_bytes message{};
        if (service_->wire(query_, &message) != LOOM_OK) return {};
        return view(message);
    }
    loom_status option(uint16_t code, Bytes value) {
        return service_->option(query_, code, bytes(value));
    }
    loom_status extended_error(uint16_t info_code, std::string_view text) {
        return service_->extended_error(query_, info_code, str(text));
    }
    Bytes options() const { return view(service_->options(query_)); }

private:
    loom_query* query_;
    const loom_response_1* service_;
};

/// Changes the question for the plugins behind; see abi/service/question.h for the rules.
class ChangeableQuestion {
public:
    ChangeableQuestion(loom_query* query, const loom_question_1* service)
        : query_{query}, service_{service} {}

    loom_status set(Bytes name, uint16_t type, uint16_t klass) {
        return service_->set(query_, bytes(name), type, klass);
    }
    loom_status set_flags(uint32_t mask, uint32_t value) {
        return service_->set_flags(query_, mask, value);
    }
    loom_status set_options(Bytes options) { return service_->set_options(query_, bytes(options)); }
    loom_status limit_size(uint16_t octets) { return service_->limit_size(query_, octets); }
    /// LOOM_E_STATE: rename the records.
    loom_status rename_answer(Bytes from) {
        if (!LOOM_HAS(service_, loom_question_1, rename_answer)) return LOOM_E_STATE;
        return service_->rename_answer(query_, bytes(from));
    }

private:
    loom_query* query_;
    const loom_question_1* service_;
};

/// A query in a hook. `query->qtype` and so on read the ABI's fields directly.
class Query {
public:
    Query(loom_query* raw, const Host& host) : raw_{raw}, host_{&host} {}

    const loom_query* operator->() const { return raw_; }
    loom_query* raw() const { return raw_; }
    const Host& host() const { return *host_; }

    Bytes name() const { return view(raw_->qname); }
    Bytes name_lower() const { return view(raw_->qname_lower); }
    uint64_t name_hash() const { return raw_->suffix_hash[0]; }
    bool has(uint32_t flag) const { return (raw_->flags & flag) != 0; }

    Response response() const { return {raw_, host_->response_service()}; }
    ChangeableQuestion question() const { return {raw_, host_->question_service()}; }

    /// Memory that lives as long as the query; nullptr at its limit.
    void* alloc(size_t size, size_t align = 8) const {
        return host_->table().alloc(raw_, size, align);
    }
    /// A copy that lives as long as the query; empty at its limit.
    Bytes keep(Bytes octets) const {
        auto* copy = static_cast<uint8_t*>(alloc(octets.size() ? octets.size() : 1, 1));
        if (!copy) return {};
        std::memcpy(copy, octets.data(), octets.size());
        return {copy, octets.size()};
    }
    /// This stage's memory in this query; T must be trivial and Info::scratch_size >= sizeof(T).
    template <class T> T& scratch() const {
        static_assert(std::is_trivially_destructible_v<T>);
        return *static_cast<T*>(host_->table().scratch(raw_));
    }
    /// 0 if the host is full; otherwise return LOOM_PENDING.
    loom_token suspend(std::chrono::nanoseconds timeout = {}) const {
        return host_->table().suspend(raw_, static_cast<uint64_t>(timeout.count()));
    }

private:
    loom_query* raw_;
    const Host* host_;
};

}  // namespace loom
