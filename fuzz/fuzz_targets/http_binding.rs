#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::http_binding};

fuzz_target!(init: arm(http_binding::MEMORY), |input: &[u8]| http_binding::check(input));
