//! What all fuzz targets share: the properties they check, and the allocator that makes a crash of asking for too much.
#![forbid(unsafe_code)]

use std::alloc::System;

use cap::Cap;

pub use libfuzzer_sys;

#[path = "../properties/mod.rs"]
pub mod properties;

/// Counts what is allocated and not freed. Beyond its limit it has nothing to give, so that the program aborts.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Lets one execution have at most `bytes` more than what is allocated now, in one piece or in all.
///
/// What a target leaks counts as well, so a leak ends in a crash too.
///
/// # Panics
/// More is allocated already than can be counted.
pub fn arm(bytes: usize) {
    let limit = ALLOCATOR.allocated().checked_add(bytes);
    ALLOCATOR
        .set_limit(limit.expect("a bound far below the size of memory"))
        .expect("nothing above the limit yet");
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // What goes wrong has to be told, which takes more than any input may.
        ALLOCATOR.set_limit(usize::MAX).expect("more than before");
        hook(info);
    }));
}
