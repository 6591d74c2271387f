#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::hybrid_messages};

fuzz_target!(init: arm(hybrid_messages::MEMORY), |input: &[u8]| hybrid_messages::check(input));
