use super::args::InitArgs;
use super::failure::Failure;
pub(super) fn run(_a: &InitArgs) -> Result<(), Failure> {
    Ok(())
}
