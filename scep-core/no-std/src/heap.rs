//! The smallest heap there is: it only grows.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 1 << 20;

struct Heap {
    octets: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

#[global_allocator]
static HEAP: Heap = Heap {
    octets: UnsafeCell::new([0; SIZE]),
    used: AtomicUsize::new(0),
};

// SAFETY: every octet is handed out once at most, since `used` only grows, and atomically.
unsafe impl Sync for Heap {}

// SAFETY: what is handed out lies within `octets`, is aligned, and is not handed out again.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base: *mut u8 = self.octets.get().cast();
        // as much as the layout can need wherever the last piece ended
        let Some(wanted) = layout.size().checked_add(layout.align()) else {
            return null_mut();
        };
        let start = self.used.fetch_add(wanted, Ordering::Relaxed);
        if start.checked_add(wanted).is_none_or(|end| end > SIZE) {
            return null_mut();
        }
        // SAFETY: start + wanted <= SIZE, as was just checked.
        let piece = unsafe { base.add(start) };
        let padding = piece.align_offset(layout.align());
        // SAFETY: the padding is less than the alignment, so size octets are left after it.
        unsafe { piece.add(padding) }
    }

    unsafe fn dealloc(&self, _piece: *mut u8, _layout: Layout) {}
}
