use super::args::TokenArgs;
use super::failure::Failure;
pub(super) fn run(_a: &TokenArgs) -> Result<(), Failure> {
    Ok(())
}
