//! `viaduct forward`.

use super::args::{ForwardArgs, GlobalArgs};
use super::failure::Failure;

/// Runs it until it ends or is told to.
pub(super) async fn run(_args: &ForwardArgs, _global: &GlobalArgs) -> Result<(), Failure> {
    Err(Failure::new("this branch has no forward", "merge it"))
}
