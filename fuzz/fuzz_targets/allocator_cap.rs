//! Not a target: what `fuzz/run --self-test` runs to see that the bounds hold. The input is a number of bytes to allocate, in
//! one piece (`1`) or in many (`n`), or one to add to in a byte (`+`).
#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target};

/// As small as the smallest of the targets' bounds.
const MEMORY: usize = 1 << 20;

fuzz_target!(init: arm(MEMORY), |input: &[u8]| {
    let Some((kind, number)) = std::str::from_utf8(input).ok().and_then(|text| text.split_once(' ')) else { return };
    let Ok(bytes) = number.parse::<usize>() else { return };
    if kind == "+" {
        let byte = std::hint::black_box(bytes as u8);
        std::hint::black_box(byte + 1);
        return;
    }
    let piece = if kind == "1" { bytes } else { 1000 };
    let pieces: Vec<Vec<u8>> = (0..bytes.div_ceil(piece.max(1))).map(|_| Vec::with_capacity(piece)).collect();
    std::hint::black_box(pieces);
});
