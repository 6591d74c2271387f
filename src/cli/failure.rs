//! How a command says that it did not work: one line, what is wrong and what to do.

use std::fmt;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::args::Cli;
use super::output::print_error;
use crate::config::ConfigError;

/// Why a command did not work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line was wrong: status 2.
    Usage(String),
    /// It did not work: status 1 and one line.
    Failed {
        /// What is wrong, lower case, without full stop.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The configuration is wrong: status 1, a line for each error and one that counts them.
    Config(ConfigError),
}

impl Failure {
    /// `viaduct: what; advice`.
    pub(crate) fn new(what: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self::Failed { what: what.to_string(), advice: advice.into() }
    }

    /// Says it on standard error.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::Usage(text) => {
                let error = Cli::command().error(ErrorKind::ValueValidation, text);
                let _ = error.print();
                return ExitCode::from(2);
            }
            Self::Config(error) => {
                let count = error.problems.len();
                if count > 1 {
                    error.to_string().lines().for_each(print_error);
                    print_error(&format!(
                        "viaduct: {} has {count} errors; correct the lines named above",
                        error.file
                    ));
                } else {
                    print_error(&format!("viaduct: {}; correct it", one_line(&error.to_string())));
                }
            }
            Self::Failed { what, advice } => {
                print_error(&format!("viaduct: {}; {}", one_line(&what), one_line(&advice)));
            }
        }
        ExitCode::FAILURE
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// An error and its sources, each after a colon.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Logs every error of a file that was read again: nobody sees standard error of a process that runs.
pub(super) fn log_problems(error: &ConfigError) {
    for problem in &error.problems {
        tracing::error!(file = error.file, line = problem.line, path = problem.path, "{}", problem.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_names_each_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot bind")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("address in use"));
        assert_eq!(chain(&error), "cannot bind: address in use");
    }

    #[test]
    fn a_failure_is_one_line() {
        assert_eq!(one_line("a\n  b"), "a b");
    }
}
