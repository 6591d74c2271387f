#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::amqp_frames};

fuzz_target!(init: arm(amqp_frames::MEMORY), |input: &[u8]| amqp_frames::check(input));
