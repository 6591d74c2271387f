#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::framing_records};

fuzz_target!(init: arm(framing_records::MEMORY), |input: &[u8]| framing_records::check(input));
