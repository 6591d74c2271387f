#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::binxml_reader};

fuzz_target!(init: arm(binxml_reader::MEMORY), |input: &[u8]| binxml_reader::check(input));
