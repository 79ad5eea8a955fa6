//! Reads a pkiMessage without the standard library.
#![no_std]
#![no_main]

extern crate alloc;

mod heap;
mod message;

use core::ffi::c_int;
use core::panic::PanicInfo;

// For `memcpy` and its siblings, and for the start of the program, which calls `main`.
#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}

/// The program: 0 if the message says what it should.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    c_int::from(!message::reads_as_expected())
}

/// `std` has one too, and there can be only one.
#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    // SAFETY: `abort` of C takes nothing and never returns.
    unsafe { abort() }
}

/// `alloc` comes compiled for unwinding and names these; a panic aborts, so nothing calls them.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}
