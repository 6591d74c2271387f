#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::sas_token};

fuzz_target!(init: arm(sas_token::MEMORY), |input: &[u8]| sas_token::check(input));
