// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace loom::test {
namespace {

constexpr std::string_view fault_mark = "LOOM-TEST-FAULT=";
constexpr std::size_t fault_size = 16;
extern "C" const volatile char loom_test_fault[] = "LOOM-TEST-FAULT=----------------";

/// Pins the object: its destructor is registered with the thread that touched it.
struct Pin {
    int value = 0;
    ~Pin() { value = 1; }
};

[[noreturn]] void hang() {
    for (;;) pause();
}

void* idle_for_ever(void*) { hang(); }

/// Runs while the file is being loaded, before anything of it can be called.
struct AtLoad {
    AtLoad() {
        if (fault_is("static_throws")) throw std::runtime_error("a static initialiser throws");
        if (fault_is("static_hangs")) hang();
        if (fault_is("static_aborts")) std::abort();
    }
};
const AtLoad at_load;

}  // namespace

std::string file_fault() {
    std::string text;
    for (std::size_t i = 0; i < fault_size; ++i) {
        const char c = loom_test_fault[fault_mark.size() + i];
        if (c == '-') break;
        text += c;
    }
    return text;
}

void run_create_fault(const std::string& fault, const Options& settings) {
    if (fault == "create_error") {
        const auto option = settings.find("fault");
        if (option) throw ConfigError(*option, "create fails, as it was told to");
        throw ConfigError("create fails, as it was told to");
    }
    if (fault == "create_throws") throw 42;
    if (fault == "create_aborts") std::abort();
    if (fault == "create_hangs") hang();
    if (fault == "thread_local") {
        thread_local Pin pin;
        pin.value = 2;
    }
    if (fault == "thread_leaks") {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, idle_for_ever, nullptr) == 0) pthread_detach(thread);
    }
}

}  // namespace loom::test
