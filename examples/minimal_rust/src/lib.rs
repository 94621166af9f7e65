// SPDX-License-Identifier: Apache-2.0
//! The smallest plugin in Rust: answers TXT questions with "rust". Without the standard library, so
//! that it has no thread-locals, which would keep it from being unloaded.
#![no_std]

mod abi;

use abi::*;
use core::ffi::c_void;
use core::mem::size_of;
use core::ptr::null;

const TYPE_TXT: u16 = 16;
const RDATA: &[u8] = b"\x04rust";
const ID: &str = "minimal_rust";
const VERSION: &str = "1.0.0";

/// The response service is all that an instance needs, so its address is the instance.
unsafe extern "C" fn create(
    host: *const Host,
    _options: *const c_void,
    out: *mut *mut c_void,
    _error: *mut c_void,
) -> i32 {
    let response = ((*host).service)(host, b"loom.response/1\0".as_ptr());
    if response.is_null() {
        return E_UNSUPPORTED;
    }
    *out = response as *mut c_void;
    OK
}

unsafe extern "C" fn destroy(_instance: *mut c_void) {}

unsafe extern "C" fn on_query(
    instance: *mut c_void,
    _worker_state: *mut c_void,
    query: *mut Query,
) -> i32 {
    if (*query).qtype != TYPE_TXT {
        return NEXT;
    }
    let response = &*instance.cast::<Response>();
    let record = Record {
        owner: (*query).qname,
        rtype: TYPE_TXT,
        class: (*query).qclass,
        ttl: 60,
        rdata: Bytes { data: RDATA.as_ptr(), size: RDATA.len() },
    };
    if (response.begin)(query, 0, FLAG_AA) != OK
        || (response.add)(query, SECTION_ANSWER, &record) != OK
    {
        return fail(2);
    }
    ANSWERED
}

static PLUGIN: Plugin = Plugin {
    size: size_of::<Plugin>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    roles: ROLE_SOURCE,
    state_version: 0,
    scratch_size: 0,
    id: text(ID),
    version: text(VERSION),
    license: text("Apache-2.0"),
    summary: text("Answers TXT questions with the word rust."),
    options: null(),
    option_count: 0,
    required_services: null(),
    create,
    destroy,
    worker_init: null(),
    worker_fini: null(),
    start: null(),
    stop: null(),
    on_query: Some(on_query),
    on_response: null(),
    on_resume: null(),
    on_cancel: null(),
    export_state: null(),
    import_state: null(),
    extension: null(),
};
static PLUGINS: PluginList = PluginList([&PLUGIN]);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static loom_module_0: Module = Module {
    size: size_of::<Module>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    plugin_count: 1,
    plugins: &PLUGINS as *const PluginList as *const *const Plugin,
};

#[used]
#[link_section = ".note.loom"]
static NOTE: Note = Note {
    name_size: 8,
    desc_size: size_of::<Note>() as u32 - 20,
    kind: 1,
    name: padded("LOOM"),
    magic: 0x4d4f_4f4c,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    plugin_size: size_of::<Plugin>() as u32,
    id: padded(ID),
    version: padded(VERSION),
};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
