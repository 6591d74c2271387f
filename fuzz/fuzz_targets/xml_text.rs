#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::xml_text};

fuzz_target!(init: arm(xml_text::MEMORY), |input: &[u8]| xml_text::check(input));
