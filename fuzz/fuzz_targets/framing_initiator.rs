#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::framing_initiator};

fuzz_target!(init: arm(framing_initiator::MEMORY), |input: &[u8]| framing_initiator::check(input));
