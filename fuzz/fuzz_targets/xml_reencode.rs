#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::xml_reencode};

fuzz_target!(init: arm(xml_reencode::MEMORY), |input: &[u8]| xml_reencode::check(input));
