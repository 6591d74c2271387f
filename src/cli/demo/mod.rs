//! `viaduct demo`: the credit-check story on loopback, nothing needed but the binary.
//!
//! `text.rs` holds the words and `story.rs` the steps. The parts of the story: the lender's WCF service (`service.rs`), the
//! old client (`wcf_client.rs`), the small JSON front beside the service (`face.rs`) and the new clients (`modern.rs`). Both
//! ends of net.tcp share `records.rs`, `envelope.rs` and `contract.rs`.

mod amount;
mod building;
mod contract;
mod data;
mod envelope;
mod face;
#[cfg(test)]
mod face_tests;
mod json;
mod ledger;
mod modern;
mod records;
mod run;
mod screen;
mod service;
#[cfg(test)]
mod service_tests;
mod stage;
mod story;
mod text;
mod wcf_client;
mod xml;

pub(super) use run::run;
