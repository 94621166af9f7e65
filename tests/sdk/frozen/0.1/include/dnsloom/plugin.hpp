// SPDX-License-Identifier: Apache-2.0
// Writing a plugin in C++: a class with the hooks it needs, and one line that exports it.
//
//     class Hello {
//     public:
//         static constexpr loom::Info info{.summary = "Answers every TXT question with a greeting."};
//         Hello(const loom::Host&, const loom::Options&) {}
//         loom_verdict on_query(loom::Query& query);
//     };
//     LOOM_PLUGIN(Hello, "hello", "1.0.0");
//
// Hooks are found by name; what the class does not have costs nothing:
//
//     Class(const loom::Host&, const loom::Options&)     throws loom::ConfigError to refuse   [C]
//     struct Worker { Worker(Class&, uint32_t worker); } state of one worker                   [W]
//     loom_verdict on_query([Worker&,] loom::Query&)                                           [W]
//     loom_verdict on_response([Worker&,] loom::Query&)                                        [W]
//     loom_verdict on_resume([Worker&,] loom::Query&, int32_t reason, void* arg)               [W]
//     void on_cancel([Worker&,] loom::Query&, loom_token)                                      [W]
//     void start() / void stop()                                                               [C]
//     loom_status export_state(int32_t phase, const loom_sink&)                                [C]
//     loom_status import_state(int32_t phase, uint32_t version, const loom_source&)            [C]
//     const void* extension(const char* id)                                                    [C]
//
// Nothing here is part of the ABI: it is compiled into the plugin. No exception leaves a hook.
#pragma once

#include <dnsloom/abi/abi.h>
#include <dnsloom/host.hpp>
#include <dnsloom/options.hpp>
#include <dnsloom/query.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace loom {

/// What a plugin says about itself; every field is optional.
struct Info {
    std::string_view summary{};
    std::string_view license = "Apache-2.0";
    uint32_t roles = 0;
    const loom_option_spec* options = nullptr;  ///< A static array.
    uint32_t option_count = 0;
    uint32_t state_version = 0;
    uint32_t scratch_size = 0;  ///< sizeof the type given to Query::scratch<T>().
    const char* const* required_services = nullptr;
};

namespace detail {

template <class T> struct WorkerOf { using Type = void; };
template <class T>
    requires requires { typename T::Worker; }
struct WorkerOf<T> { using Type = typename T::Worker; };

template <class T> constexpr bool has_worker = !std::is_void_v<typename WorkerOf<T>::Type>;

/// The C functions behind a plugin class.
template <class T> struct Glue {
    using Worker = typename WorkerOf<T>::Type;

    struct Box {
        Host host;
        T plugin;
        Box(const loom_host& table, const loom_options* options)
            : host{table}, plugin{host, Options{options, host.options_service()}} {}
    };

    static Box& box(loom_instance* instance) noexcept { return *reinterpret_cast<Box*>(instance); }

    /// Runs a hook; what it throws is logged and becomes LOOM_E_EXCEPTION.
    template <class F> static int32_t guard(loom_instance* instance, const char* hook, F&& f) noexcept {
        try {
            return f(box(instance));
        } catch (const std::exception& e) {
            box(instance).host.report_exception(hook, e.what());
        } catch (...) {
            box(instance).host.report_exception(hook, "unknown exception");
        }
        return LOOM_E_EXCEPTION;
    }

    /// Calls plugin.hook(worker, args...) or plugin.hook(args...).
#define LOOM_DETAIL_CALL(hook, ...)                                                              \
    [&](Box& b) -> int32_t {                                                                     \
        Query wrapped{query, b.host};                                                            \
        if constexpr (has_worker<T>) {                                                           \
            return b.plugin.hook(*static_cast<Worker*>(worker_state), wrapped __VA_OPT__(, )     \
                                     __VA_ARGS__);                                               \
        } else {                                                                                 \
            (void)worker_state;                                                                  \
            return b.plugin.hook(wrapped __VA_OPT__(, ) __VA_ARGS__);                            \
        }                                                                                        \
    }

    static loom_status create(
        const loom_host* host, const loom_options* options, loom_instance** out,
        loom_error* error) noexcept {
        try {
            *out = reinterpret_cast<loom_instance*>(new Box(*host, options));
            return LOOM_OK;
        } catch (const ConfigError& e) {
            e.fill(error);
        } catch (const std::exception& e) {
            fill_error(error, e.what());
        } catch (...) {
            fill_error(error, "unknown exception");
        }
        return LOOM_E_CONFIG;
    }
    static void destroy(loom_instance* instance) noexcept { delete &box(instance); }

    static loom_status worker_init(loom_instance* instance, uint32_t worker, void** out) noexcept {
        return guard(instance, "worker_init", [&](Box& b) -> int32_t {
            if constexpr (has_worker<T>) *out = new Worker(b.plugin, worker);
            return LOOM_OK;
        });
    }
    static void worker_fini(loom_instance*, uint32_t, void* worker_state) noexcept {
        if constexpr (has_worker<T>) delete static_cast<Worker*>(worker_state);
    }
    static loom_status start(loom_instance* instance, loom_error* error) noexcept {
        try {
            box(instance).plugin.start();
            return LOOM_OK;
        } catch (const ConfigError& e) {
            e.fill(error);
        } catch (const std::exception& e) {
            fill_error(error, e.what());
        } catch (...) {
            fill_error(error, "unknown exception");
        }
        return LOOM_E_CONFIG;
    }
    static void stop(loom_instance* instance) noexcept {
        guard(instance, "stop", [](Box& b) -> int32_t { return b.plugin.stop(), LOOM_OK; });
    }
    static loom_verdict on_query(
        loom_instance* instance, void* worker_state, loom_query* query) noexcept {
        return guard(instance, "on_query", LOOM_DETAIL_CALL(on_query));
    }
    static loom_verdict on_response(
        loom_instance* instance, void* worker_state, loom_query* query) noexcept {
        return guard(instance, "on_response", LOOM_DETAIL_CALL(on_response));
    }
    static loom_verdict on_resume(
        loom_instance* instance, void* worker_state, loom_query* query, int32_t reason,
        void* arg) noexcept {
        return guard(instance, "on_resume", LOOM_DETAIL_CALL(on_resume, reason, arg));
    }
    static void on_cancel(
        loom_instance* instance, void* worker_state, loom_query* query, loom_token token) noexcept {
        guard(instance, "on_cancel", [&](Box& b) -> int32_t {
            Query wrapped{query, b.host};
            if constexpr (has_worker<T>)
                b.plugin.on_cancel(*static_cast<Worker*>(worker_state), wrapped, token);
            else
                b.plugin.on_cancel(wrapped, token);
            return LOOM_OK;
        });
    }
#undef LOOM_DETAIL_CALL
    static loom_status export_state(
        loom_instance* instance, int32_t phase, const loom_sink* sink) noexcept {
        return guard(instance, "export_state", [&](Box& b) -> int32_t {
            return b.plugin.export_state(phase, *sink);
        });
    }
    static loom_status import_state(
        loom_instance* instance, int32_t phase, uint32_t version,
        const loom_source* source) noexcept {
        return guard(instance, "import_state", [&](Box& b) -> int32_t {
            return b.plugin.import_state(phase, version, *source);
        });
    }
    static const void* extension(loom_instance* instance, const char* id) noexcept {
        return box(instance).plugin.extension(id);
    }

    static constexpr loom_plugin describe(std::string_view id, std::string_view version) {
        loom_plugin p{};
        p.size = sizeof p;
        p.abi_major = LOOM_ABI_MAJOR;
        p.abi_minor = LOOM_ABI_MINOR;
        p.id = str(id);
        p.version = str(version);
        p.license = str(T::info.license);
        p.summary = str(T::info.summary);
        p.roles = T::info.roles;
        p.state_version = T::info.state_version;
        p.scratch_size = T::info.scratch_size;
        p.options = T::info.options;
        p.option_count = T::info.option_count;
        p.required_services = T::info.required_services;
        p.create = create;
        p.destroy = destroy;
        if constexpr (has_worker<T>) {
            p.worker_init = worker_init;
            p.worker_fini = worker_fini;
        }
        if constexpr (requires { &T::start; }) p.start = start;
        if constexpr (requires { &T::stop; }) p.stop = stop;
        if constexpr (requires { &T::on_query; }) p.on_query = on_query;
        if constexpr (requires { &T::on_response; }) p.on_response = on_response;
        if constexpr (requires { &T::on_resume; }) p.on_resume = on_resume;
        if constexpr (requires { &T::on_cancel; }) p.on_cancel = on_cancel;
        if constexpr (requires { &T::export_state; }) p.export_state = export_state;
        if constexpr (requires { &T::import_state; }) p.import_state = import_state;
        if constexpr (requires { &T::extension; }) p.extension = extension;
        return p;
    }
};

}  // namespace detail
}  // namespace loom

/// Exports the plugin class `Class` as `id_text`. Once a shared object, at namespace scope.
#define LOOM_PLUGIN(Class, id_text, version_text)                                              \
    static constinit const loom_plugin loom_plugin_ =                                          \
        ::loom::detail::Glue<Class>::describe(id_text, version_text);                          \
    static constinit const loom_plugin* const loom_plugins_[] = {&loom_plugin_};               \
    LOOM_NOTE(id_text, version_text);                                                          \
    extern "C" LOOM_EXPORT const loom_module loom_module_0 = {                                 \
        sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, loom_plugins_}
