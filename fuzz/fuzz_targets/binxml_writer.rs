#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::binxml_writer};

fuzz_target!(init: arm(binxml_writer::MEMORY), |input: &[u8]| binxml_writer::check(input));
