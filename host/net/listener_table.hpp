// SPDX-License-Identifier: Apache-2.0
// The sockets that are open, by what the configuration calls them: they outlive generations.
#pragma once

#include "listen_sockets.hpp"
#include "../config/config.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::host {

class Worker;

/// Each Listen has a slot, which is its number in the routers of generations. Control thread only.
class ListenerTable {
public:
    struct Entry {
        Listen listen;
        std::uint32_t slot = 0;
        ListenSockets sockets;  ///< Until the workers have them.
        loom_address bound{};
        bool attached = false;
    };

    explicit ListenerTable(std::vector<std::unique_ptr<Worker>>& workers) : workers_{workers} {}

    void inherit(InheritedSockets sockets) { inherited_ = std::move(sockets); }

    /// Opens what `config` listens on and is not open yet. On failure what was opened for it is
    /// closed again; what serves is not touched.
    [[nodiscard]] Result<void> open(const Config& config, std::uint32_t workers);
    /// Closes what was opened and never attached.
    void abandon();
    /// The slot of an open Listen; -1 where a family that the machine lacks was left out.
    [[nodiscard]] std::int64_t slot(const Listen& listen) const;
    [[nodiscard]] std::uint32_t slot_count() const { return slots_; }

    /// Gives new sockets to the workers: they receive from now on.
    void attach();
    /// Closes what `config` does not listen on.
    void close_unused(const Config& config);

    const std::vector<Entry>& entries() const { return entries_; }

private:
    const Entry* find(const Listen& listen) const;

    std::vector<std::unique_ptr<Worker>>& workers_;
    InheritedSockets inherited_;
    std::vector<Entry> entries_;
    std::uint32_t slots_ = 0;
};

}  // namespace loom::host
