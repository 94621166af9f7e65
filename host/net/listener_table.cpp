// SPDX-License-Identifier: Apache-2.0
#include "listener_table.hpp"

#include "worker.hpp"

#include <algorithm>

namespace loom::host {

namespace {

bool is_used(const Config& config, const Listen& listen) {
    return std::ranges::any_of(config.servers, [&](const ServerConfig& server) {
        return std::ranges::find(server.listen, listen) != server.listen.end();
    });
}

}  // namespace

Result<void> ListenerTable::open(const Config& config, std::uint32_t workers) {
    for (const ServerConfig& server : config.servers) {
        bool any_family_open = false;
        Error last;
        bool failed = false;
        for (const Listen& listen : server.listen) {
            if (find(listen)) {
                any_family_open = any_family_open || listen.any_family;
                continue;
            }
            auto sockets = open_listen_sockets(listen, workers, config.host.udp_size, inherited_);
            if (!sockets) {
                last = Error{to_string(server.place) + ": " + sockets.error().text};
                failed = true;
                // `:53` is both families, and a machine may lack one.
                if (listen.any_family) continue;
                abandon();
                return std::unexpected{last};
            }
            any_family_open = any_family_open || listen.any_family;
            Entry& entry = entries_.emplace_back();
            entry.listen = listen;
            entry.slot = slots_++;
            entry.bound = sockets->bound;
            entry.sockets = std::move(*sockets);
        }
        if (failed && !any_family_open) {
            abandon();
            return std::unexpected{last};
        }
    }
    return {};
}

void ListenerTable::abandon() {
    std::erase_if(entries_, [](const Entry& entry) { return !entry.attached; });
}

std::int64_t ListenerTable::slot(const Listen& listen) const {
    const Entry* entry = find(listen);
    return entry ? std::int64_t{entry->slot} : -1;
}

void ListenerTable::attach() {
    for (Entry& entry : entries_) {
        if (entry.attached) continue;
        entry.attached = true;
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            workers_[i]->call([&] {
                if (!entry.sockets.udp.empty())
                    workers_[i]->add_udp(entry.slot, std::exchange(entry.sockets.udp[i], -1));
                if (!entry.sockets.tcp.empty())
                    workers_[i]->add_tcp(entry.slot, std::exchange(entry.sockets.tcp[i], -1));
            });
        }
    }
}

void ListenerTable::close_unused(const Config& config) {
    std::erase_if(entries_, [&](const Entry& entry) {
        if (is_used(config, entry.listen)) return false;
        for (const auto& worker : workers_)
            worker->call([&] { worker->remove_listener(entry.slot); });
        return true;
    });
}

const ListenerTable::Entry* ListenerTable::find(const Listen& listen) const {
    const auto found = std::ranges::find(entries_, listen, &Entry::listen);
    return found != entries_.end() ? &*found : nullptr;
}

}  // namespace loom::host
