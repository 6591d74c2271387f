//! `viaduct demo`: the credit-check story on loopback, nothing needed but the binary.

use super::{args::DemoArgs, failure::Failure};

/// Runs the story.
pub(super) async fn run(_args: &DemoArgs) -> Result<(), Failure> {
    Err(Failure::new("the story is not told yet", "come back soon"))
}
