//! `viaduct connect`.

use super::args::{ConnectArgs, GlobalArgs};
use super::failure::Failure;

/// Runs it until it ends or is told to.
pub(super) async fn run(_args: &ConnectArgs, _global: &GlobalArgs) -> Result<(), Failure> {
    Err(Failure::new("this branch has no connect", "merge it"))
}
