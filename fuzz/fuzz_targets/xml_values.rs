#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::xml_values};

fuzz_target!(init: arm(xml_values::MEMORY), |input: &[u8]| xml_values::check(input));
