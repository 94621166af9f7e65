// SPDX-License-Identifier: Apache-2.0
// What every instance can reach of the process.
#pragma once

#include "clock.hpp"
#include "../pipeline/name_hash.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace loom::host {

class BackgroundPool;
class Commands;
class EventBus;
class EventLoop;
class FileWatch;
class HttpPages;
class Log;
class MetaKeys;
class MetricRegistry;
class Publisher;
class Worker;

/// One a process, made and ended by Server. References stay valid as long as any instance lives.
struct Services {
    Clock& clock;
    HashKey hash_key;
    Log& log;
    MetricRegistry& metrics;
    MetaKeys& meta_keys;
    EventLoop& control;                            ///< The control thread's.
    std::vector<std::unique_ptr<Worker>>& workers;
    Commands& commands;
    EventBus& events;
    FileWatch& files;
    HttpPages& http;
    Publisher& publisher;
    BackgroundPool& background;
    std::uint32_t worker_count = 0;
};

}  // namespace loom::host
