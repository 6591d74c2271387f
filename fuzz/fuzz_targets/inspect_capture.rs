#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::inspect_capture};

fuzz_target!(init: arm(inspect_capture::MEMORY), |input: &[u8]| inspect_capture::check(input));
