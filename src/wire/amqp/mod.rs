//! AMQP 1.0 as bytes: protocol headers, frames, performatives. OASIS standard, parts 1, 2 and 5.
//!
//! ```text
//! connection  = header *frame                      a second header follows the SASL frames
//! header      = "AMQP" id major minor revision     [AMQP 2.2]; id 0 AMQP, 2 TLS, 3 SASL
//! frame       = size doff type channel extended body      [AMQP 2.3]; size counts itself, big-endian
//! body        = nothing (a sign of life) / performative [payload] / SASL performative
//! ```
//!
//! Types and their encodings are `fe2o3-amqp-types` and `serde_amqp` (decision 6). Neither sees a byte before
//! `shape.rs` has walked over the body and found every length, count and depth within [`AmqpLimits`].

mod decode;
mod encode;
mod error;
mod frame;
mod header;
mod limits;
mod message;
mod sasl;
mod shape;

pub use decode::{Item, decode};
pub use encode::{encode_empty, encode_performative, encode_sasl, performative_bytes};
pub use error::DecodeError;
pub use fe2o3_amqp_types as types;
pub use fe2o3_amqp_types::performatives::Performative;
pub use frame::{Body, FRAME_HEAD, Frame, FrameHead, FrameType, performative_name};
pub use header::{ProtocolHeader, ProtocolId};
pub use limits::AmqpLimits;
pub use message::{data_section, data_section_head};
pub use sasl::SaslFrame;
pub use serde_amqp::described::Described;
pub use serde_amqp::descriptor::Descriptor;
pub use serde_amqp::primitives::{OrderedMap, Symbol};
pub use serde_amqp::value::Value;
