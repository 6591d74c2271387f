//! `viaduct demo`: the credit-check story on loopback, nothing needed but the binary.

mod amount;
mod contract;
mod envelope;
mod ledger;
mod records;
mod screen;
mod service;
#[cfg(test)]
mod service_tests;
mod text;
mod wcf_client;
mod xml;

pub(super) async fn run(_args: &super::args::DemoArgs) -> Result<(), super::failure::Failure> { Ok(()) }
