//! The command line. `main.rs` calls [`main`]; each command has a file of its own.

mod args;
mod ca;
mod captured;
mod connect;
mod connection;
mod demo;
mod dialer;
mod doctor;
mod failure;
mod forward;
mod init;
mod init_config;
mod inspect;
mod listen;
mod manual;
mod output;
mod record;
mod recorded;
mod recorder_args;
mod recording;
mod replay;
mod run;
mod serve;
mod token;
mod xml;

pub use args::Cli;
pub use run::main;
