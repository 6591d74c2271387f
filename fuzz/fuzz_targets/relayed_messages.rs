#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::relayed_messages};

fuzz_target!(init: arm(relayed_messages::MEMORY), |input: &[u8]| relayed_messages::check(input));
