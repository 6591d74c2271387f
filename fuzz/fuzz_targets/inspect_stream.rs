#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::inspect_stream};

fuzz_target!(init: arm(inspect_stream::MEMORY), |input: &[u8]| inspect_stream::check(input));
