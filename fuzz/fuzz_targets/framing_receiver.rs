#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::framing_receiver};

fuzz_target!(init: arm(framing_receiver::MEMORY), |input: &[u8]| framing_receiver::check(input));
