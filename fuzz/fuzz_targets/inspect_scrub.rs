#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::inspect_scrub};

fuzz_target!(init: arm(inspect_scrub::MEMORY), |input: &[u8]| inspect_scrub::check(input));
