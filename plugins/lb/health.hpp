// SPDX-License-Identifier: Apache-2.0
// Which addresses are down: what the control thread finds out and all workers read.
#pragma once

#include <dnsloom/abi/service/publish.h>
#include <dnsloom/dns/ip_address.hpp>
#include <dnsloom/dns/ip_network.hpp>
#include <dnsloom/host.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace loom::lb {

/// An address that is probed. Lives as long as the table.
struct Target {
    dns::IpAddress address;
    std::atomic<bool> down = false;  ///< Written by the control thread.
    std::atomic<bool> seen = true;   ///< In an answer since the last round; any thread.
    bool used = false;               ///< The rest is the control thread's.
    bool probing = false;
    std::uint32_t failures = 0;     ///< In a row.
    std::uint32_t idle_rounds = 0;  ///< Without an answer that has it.
};

/// A bounded number of targets, found by address. Workers ask; addresses that they meet and that may
/// be probed reach the control thread through a mailbox for each worker.
class HealthTable {
public:
    /// `learned` runs on the control thread for each new target.
    HealthTable(
        const Host& host,
        dns::NetworkRanks networks,
        std::size_t targets_max,
        std::function<void(Target&)> learned);
    ~HealthTable();
    HealthTable(const HealthTable&) = delete;
    HealthTable& operator=(const HealthTable&) = delete;

    /// Whether the address is known to be down. Tells of an address not known yet. [W]
    bool is_down(std::uint32_t worker, const dns::IpAddress& address);

    /// All slots, used or not. [C]
    std::span<Target> slots() { return {slots_.get(), slot_count_}; }
    std::size_t used() const { return used_; }
    /// Frees the slots of targets that were not seen in `rounds_max` rounds. [C]
    void forget_unseen(std::uint32_t rounds_max);

private:
    static constexpr std::size_t mail_max = 32;

    /// From one worker to the control thread.
    struct Mailbox {
        HealthTable* owner = nullptr;
        std::array<dns::IpAddress, mail_max> letters;
        std::atomic<std::uint32_t> written = 0;
        std::atomic<std::uint32_t> read = 0;
        std::atomic<bool> told = false;
    };
    /// An open hash table from address to slot, at most half full; replaced as a whole.
    struct Index {
        /// The address is a copy: a slot may have got another since this index was made.
        struct Cell {
            dns::IpAddress address;
            Target* target = nullptr;
        };
        std::vector<Cell> cells;
        Target* find(const dns::IpAddress& address) const;
    };

    static void on_mail(void* mailbox) noexcept;
    void tell(Mailbox& mailbox, const dns::IpAddress& address);
    bool learn(const dns::IpAddress& address);
    void publish_index();

    const Host host_;
    const loom_publish_1* publish_;
    const dns::NetworkRanks networks_;
    const std::size_t slot_count_;
    const std::function<void(Target&)> learned_;
    std::unique_ptr<Target[]> slots_;
    std::unique_ptr<Mailbox[]> mailboxes_;  // By worker.
    std::size_t used_ = 0;
    std::atomic<bool> full_ = false;
    std::atomic<const Index*> index_;
};

}  // namespace loom::lb
