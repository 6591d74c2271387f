#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::framing_followers};

fuzz_target!(init: arm(framing_followers::MEMORY), |input: &[u8]| framing_followers::check(input));
