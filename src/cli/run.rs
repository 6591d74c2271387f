//! From the arguments to the command and its exit status.

use std::process::ExitCode;

use clap::Parser;

use super::args::{Cli, Command, GlobalArgs, LogFormat};
use super::failure::Failure;
use super::{
    connect, demo, doctor, forward, init, inspect, listen, manual, record, replay, serve, token, xml,
};
use crate::telemetry;

/// Runs the command of this process's arguments. Status: 0 good, 1 it did not work, 2 the command line was wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(Cli { global, command }: Cli) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Xml(args) => xml::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::ConfigurationReference => manual::configuration_reference(),
        Command::Serve(args) => block_on(&global, "info", serve::run(&args)),
        Command::Listen(args) => block_on(&global, "info", listen::run(&args, &global)),
        Command::Record(args) => block_on(&global, "warn", record::run(&args, &global)),
        Command::Replay(args) => block_on(&global, "warn", replay::run(&args, &global)),
        Command::Forward(args) => block_on(&global, "info", forward::run(&args, &global)),
        Command::Connect(args) => block_on(&global, "info", connect::run(&args, &global)),
        // The doctor says what it found itself.
        Command::Doctor(args) => block_on(&global, "error", doctor::run(&args, &global)),
        // The demo tells its story itself.
        Command::Demo(args) => block_on(&global, "warn", demo::run(&args)),
    }
}

/// Starts logging and a runtime and runs a command that waits.
fn block_on(
    global: &GlobalArgs,
    level: &str,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let format = match global.log_format {
        LogFormat::Text => telemetry::LogFormat::Text,
        LogFormat::Json => telemetry::LogFormat::Json,
    };
    let filter = global.log.as_deref().unwrap_or(level);
    telemetry::start_logging(format, Some(filter)).map_err(|error| Failure::Usage(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}"), "raise the process's limits"))?;
    let result = runtime.block_on(command);
    // What still runs belongs to nobody; blocking pieces (name look-ups) must not hold the exit up.
    runtime.shutdown_background();
    result
}
