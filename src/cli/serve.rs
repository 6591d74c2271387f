use super::args::ServeArgs;
use super::failure::Failure;
pub(super) async fn run(_a: &ServeArgs) -> Result<(), Failure> {
    Ok(())
}
