//! What must hold for any bytes, one module for each entry point. `check` panics where it does not; `MEMORY` bounds what one execution may
//! have allocated at a time.
//!
//! The first bytes of an input choose options (limits, sides, where the rest is cut into pieces). The fuzz targets run these with new inputs,
//! `tests/fuzz_regressions.rs` with every input of the corpus and every input that was a finding once.

mod cut;
mod document;
mod envelopes;
mod options;

pub mod amqp_frames;
pub mod binxml_reader;
pub mod binxml_round_trip;
pub mod binxml_session;
pub mod binxml_writer;
pub mod framing_followers;
pub mod framing_initiator;
pub mod framing_receiver;
pub mod framing_records;
pub mod http_binding;
pub mod hybrid_messages;
pub mod inspect_capture;
pub mod inspect_scrub;
pub mod inspect_stream;
pub mod relayed_messages;
pub mod sas_token;
pub mod soap_envelope;
pub mod soap_initiator;
pub mod soap_rewrite;
pub mod websocket_frames;
pub mod xml_reencode;
pub mod xml_text;
pub mod xml_values;
