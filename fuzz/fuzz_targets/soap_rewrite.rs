#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::soap_rewrite};

fuzz_target!(init: arm(soap_rewrite::MEMORY), |input: &[u8]| soap_rewrite::check(input));
