// SPDX-License-Identifier: Apache-2.0
// Service "loom.http/1".
#include "http_pages.hpp"
#include "option_units.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>
#include <stdexcept>

namespace loom::harness {
namespace {

constexpr std::int32_t status_ok = 200;
constexpr std::int32_t status_failed = 500;

bool same_address(const loom_address& a, const loom_address& b) {
    return a.port == b.port && a.scope == b.scope && std::ranges::equal(a.ip, b.ip);
}

loom_status serve(
    const loom_host* host,
    const loom_address* address,
    loom_str path,
    loom_status (*handler)(void*, loom_http_reply*),
    void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.in_create("serve()")) return LOOM_E_THREAD;
    if (!view(path).starts_with('/')) {
        core.misuse("serve() was called with a path that does not begin with a slash");
        return LOOM_E_ARGUMENT;
    }
    const bool taken = std::ranges::any_of(core.pages, [&](const HttpPage& page) {
        return page.path == view(path) && same_address(page.address, *address);
    });
    if (taken) return LOOM_E_ARGUMENT;
    core.pages.push_back({*address, std::string{view(path)}, handler, argument});
    return LOOM_OK;
}

loom_status append(void* self, const void* data, std::size_t size) noexcept {
    static_cast<std::string*>(self)->append(static_cast<const char*>(data), size);
    return LOOM_OK;
}

const HttpPage&
find_page(const Harness::Core& core, std::string_view path, std::string_view address) {
    const auto wanted = parse_endpoint(address);
    if (!address.empty() && !wanted)
        throw std::invalid_argument{"not an address: \"" + std::string{address} + '"'};
    const auto found = std::ranges::find_if(core.pages, [&](const HttpPage& page) {
        return page.path == path && (!wanted || same_address(page.address, *wanted));
    });
    if (found == core.pages.end()) throw std::out_of_range{"nobody serves " + std::string{path}};
    return *found;
}

}  // namespace

HttpReply get_page(Harness::Core& core, std::string_view path, std::string_view address) {
    const auto& page = find_page(core, path, address);
    HttpReply result;
    const loom_sink body{&result.body, append};
    loom_http_reply reply{sizeof reply, status_ok, str("text/plain; charset=utf-8"), &body};
    core.loop().run_as(LOOM_CONTROL, [&] {
        if (page.handler(page.argument, &reply) != LOOM_OK) reply.status = status_failed;
    });
    result.status = reply.status;
    result.content_type = view(reply.content_type);
    return result;
}

const loom_http_1 http_service = {.size = sizeof(loom_http_1), .serve = serve};

}  // namespace loom::harness
