//! An allocator that counts, for each thread by itself: every program that names this crate has it.
//!
//! A piece of memory counts with what `malloc` of glibc takes for it: eight octets more, in steps of
//! 16, and 32 at least. A piece that grows counts twice for a moment, as if it had to be moved.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What some code allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Octets of all pieces together, whether freed since or not.
    pub total: usize,
    /// Most octets that were in use at one time.
    pub peak: usize,
}

/// Runs `code` and counts.
pub fn measure<T>(code: impl FnOnce() -> T) -> (T, Usage) {
    let before = COUNTS.replace(Counts::default());
    let result = code();
    let counts = COUNTS.replace(before);
    let usage = Usage {
        total: counts.total,
        peak: counts.peak,
    };
    (result, usage)
}

#[derive(Clone, Copy, Default)]
struct Counts {
    total: usize,
    /// Octets in use; what was allocated before and is freed now does not bring it below zero.
    now: usize,
    peak: usize,
}

thread_local! {
    // without a destructor and without lazy initialisation, so an allocator may touch it
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { total: 0, now: 0, peak: 0 }) };
}

const fn taken(size: usize) -> usize {
    let rounded = (size + 8).next_multiple_of(16);
    if rounded < 32 { 32 } else { rounded }
}

fn add(size: usize) {
    let mut counts = COUNTS.get();
    counts.total += taken(size);
    counts.now += taken(size);
    counts.peak = counts.peak.max(counts.now);
    COUNTS.set(counts);
}

fn remove(size: usize) {
    let mut counts = COUNTS.get();
    counts.now = counts.now.saturating_sub(taken(size));
    COUNTS.set(counts);
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all of it is the system's allocator, which is called with what came in.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        remove(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`, and `piece` came from the system.
        unsafe { System.dealloc(piece, layout) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        remove(layout.size());
        // SAFETY: the caller keeps the contract of `realloc`, and `piece` came from the system.
        unsafe { System.realloc(piece, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted() {
        let (kept, usage) = measure(|| {
            drop(vec![0_u8; 1000]);
            let mut grown = Vec::<u8>::with_capacity(100);
            grown.reserve_exact(500);
            grown
        });
        assert_eq!(usage.total, 1008 + 112 + 512);
        assert_eq!(usage.peak, 1008);
        let ((), after) = measure(|| drop(kept));
        assert_eq!(after, Usage::default());
    }
}
