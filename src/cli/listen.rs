//! `viaduct listen`.

use super::args::{GlobalArgs, ListenArgs};
use super::failure::Failure;

/// Runs it until it ends or is told to.
pub(super) async fn run(_args: &ListenArgs, _global: &GlobalArgs) -> Result<(), Failure> {
    Err(Failure::new("this branch has no listen", "merge it"))
}
