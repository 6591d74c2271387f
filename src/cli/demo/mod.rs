//! `viaduct demo`: the credit-check story on loopback, nothing needed but the binary.

mod amount;
mod contract;
mod envelope;
mod ledger;
mod screen;
mod text;
mod xml;
