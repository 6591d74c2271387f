#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::soap_initiator};

fuzz_target!(init: arm(soap_initiator::MEMORY), |input: &[u8]| soap_initiator::check(input));
