// SPDX-License-Identifier: Apache-2.0
//! The part of the ABI that the example uses, as <dnsloom/abi/*.h> has it. Tables are cut off behind the
//! last function that is called here; the host's `size` tells how long they really are.

use core::ffi::c_void;

pub const ABI_MAJOR: u16 = 0;
pub const ABI_MINOR: u16 = 1;

pub const OK: i32 = 0;
pub const E_UNSUPPORTED: i32 = -4;
pub const NEXT: i32 = 0;
pub const ANSWERED: i32 = 1;
pub const ROLE_SOURCE: u32 = 1 << 3;
pub const SECTION_ANSWER: i32 = 1;
pub const FLAG_AA: u16 = 0x0400;

/// LOOM_FAIL(rcode)
pub const fn fail(rcode: i32) -> i32 {
    -(0x1000 + rcode)
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub data: *const u8,
    pub size: usize,
}

pub const fn text(text: &'static str) -> Str {
    Str { data: text.as_ptr(), size: text.len() }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub data: *const u8,
    pub size: usize,
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub product: Str,
    pub version: Str,
    pub name: Str,
    pub workers: u32,
    pub alloc: *const c_void,
    pub scratch: *const c_void,
    pub suspend: *const c_void,
    pub resume: *const c_void,
    pub service: unsafe extern "C" fn(*const Host, *const u8) -> *const c_void,
}

/// The head of loom_query.
#[repr(C)]
pub struct Query {
    pub size: u32,
    pub flags: u32,
    pub qtype: u16,
    pub qclass: u16,
    pub opcode: u8,
    pub transport: u8,
    pub phase: u8,
    pub label_count: u8,
    pub worker: u32,
    pub reply_max: u16,
    pub edns_udp_size: u16,
    pub qname: Bytes,
}

#[repr(C)]
pub struct Record {
    pub owner: Bytes,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    pub rdata: Bytes,
}

/// The head of loom_response_1.
#[repr(C)]
pub struct Response {
    pub size: u32,
    pub begin: unsafe extern "C" fn(*mut Query, u16, u16) -> i32,
    pub add: unsafe extern "C" fn(*mut Query, i32, *const Record) -> i32,
}

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub roles: u32,
    pub state_version: u32,
    pub scratch_size: u32,
    pub id: Str,
    pub version: Str,
    pub license: Str,
    pub summary: Str,
    pub options: *const c_void,
    pub option_count: u32,
    pub required_services: *const *const u8,
    pub create: unsafe extern "C" fn(
        *const Host,
        *const c_void,
        *mut *mut c_void,
        *mut c_void,
    ) -> i32,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub worker_init: *const c_void,
    pub worker_fini: *const c_void,
    pub start: *const c_void,
    pub stop: *const c_void,
    pub on_query:
        Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut Query) -> i32>,
    pub on_response: *const c_void,
    pub on_resume: *const c_void,
    pub on_cancel: *const c_void,
    pub export_state: *const c_void,
    pub import_state: *const c_void,
    pub extension: *const c_void,
}
// Only constants and pointers to them.
unsafe impl Sync for Plugin {}

#[repr(transparent)]
pub struct PluginList(pub [*const Plugin; 1]);
unsafe impl Sync for PluginList {}

#[repr(C)]
pub struct Module {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub plugin_count: u32,
    pub plugins: *const *const Plugin,
}
unsafe impl Sync for Module {}

#[repr(C, align(4))]
pub struct Note {
    pub name_size: u32,
    pub desc_size: u32,
    pub kind: u32,
    pub name: [u8; 8],
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub plugin_size: u32,
    pub id: [u8; 48],
    pub version: [u8; 24],
}

/// `text` with zeros behind it.
pub const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [0; N];
    let mut i = 0;
    while i < text.len() && i + 1 < N {
        out[i] = text.as_bytes()[i];
        i += 1;
    }
    out
}
