//! The buffer of a thread that all its pairs read into.

use std::cell::RefCell;

use crate::wire::websocket::HEADROOM;

/// Bytes read at once: two of the largest frames, so that one of them lies whole in the buffer wherever it begins.
pub(super) const READ: usize = 128 << 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends the thread's buffer: [`HEADROOM`] and [`READ`] bytes, whose content means nothing. Not to be called inside itself.
pub(super) fn with_buffer<T>(use_it: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(HEADROOM + READ, 0);
        use_it(buffer)
    })
}
