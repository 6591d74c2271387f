//! Completion scripts, manual pages and the configuration reference, all made from the definitions.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::failure::Failure;
use super::output::print_bytes;
use crate::config::reference;

/// `viaduct completions SHELL`.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "viaduct", &mut script);
    print_bytes(&script)
}

/// `viaduct man [DIR]`.
pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    if let Some(dir) = &args.dir {
        return clap_mangen::generate_to(Cli::command(), dir).map_err(|error| {
            Failure::new(format!("{}: {error}", dir.display()), "name a folder that can be written to")
        });
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).expect("writing to a vector cannot go wrong");
    print_bytes(&page)
}

/// The hidden `viaduct configuration-reference`.
pub(super) fn configuration_reference() -> Result<(), Failure> {
    print_bytes(reference::markdown().as_bytes())
}
