//! `viaduct demo`.

use super::args::DemoArgs;
use super::failure::Failure;

/// Runs it until it ends or is told to.
pub(super) async fn run(_args: &DemoArgs) -> Result<(), Failure> {
    Err(Failure::new("this branch has no demo", "merge it"))
}
