#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::soap_envelope};

fuzz_target!(init: arm(soap_envelope::MEMORY), |input: &[u8]| soap_envelope::check(input));
