#![no_main]

use viaduct_fuzz::{arm, libfuzzer_sys::fuzz_target, properties::websocket_frames};

fuzz_target!(init: arm(websocket_frames::MEMORY), |input: &[u8]| websocket_frames::check(input));
