#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::binxml_round_trip};

fuzz_target!(init: arm(binxml_round_trip::MEMORY), |input: &[u8]| binxml_round_trip::check(input));
