#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::binxml_session};

fuzz_target!(init: arm(binxml_session::MEMORY), |input: &[u8]| binxml_session::check(input));
