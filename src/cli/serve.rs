//! `viaduct serve`: runs a gateway until it is told to stop.

use std::path::Path;

use super::args::ServeArgs;
use super::failure::{Failure, chain, log_problems};
use super::output::print;
use crate::config::{Config, Store};
use crate::gateway::{Gateway, StartError};
use crate::io::{Asked, Signals};

/// Runs it. Prints one line for each open door, `https 0.0.0.0:443`, once all of them are.
pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    make_folder(&config)?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(format!("no signals: {error}"), "look at the operating system"))?;
    let gateway = tokio::select! {
        started = start(config) => started?,
        () = signals.stop() => return Ok(()),
    };
    for (door, address) in gateway.doors() {
        print(format!("{door} {address}"))?;
    }
    loop {
        match signals.next().await {
            Asked::Stop => break,
            Asked::Reload => reload(&gateway, &args.config).await,
        }
    }
    tracing::info!("draining; a second signal ends at once");
    tokio::select! {
        () = gateway.drain() => tracing::info!("drained"),
        () = signals.stop() => tracing::warn!("ended before everything was drained"),
    }
    Ok(())
}

/// The folder of the embedded store; the store itself expects it to be there.
fn make_folder(config: &Config) -> Result<(), Failure> {
    let Store::Embedded { folder } = &config.store else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(
            format!("gateway.data_dir {}: {error}", folder.display()),
            "name a folder that can be written to",
        )
    })
}

async fn start(config: Config) -> Result<Gateway, Failure> {
    if config.gateway.admin_token.is_none() && !config.doors.admin.is_empty() {
        tracing::warn!("no admin token: the admin door answers nothing but health");
    }
    Gateway::start(config).await.map_err(|error| match &error {
        StartError::Door { door, error } => Failure::new(
            format!("door {door} cannot be opened at {error}"),
            "close what is there, choose another port under [doors], or give the process the right to it",
        ),
        StartError::Tls(_) => Failure::new(chain(&error), "correct [tls]"),
        StartError::Store(_) => Failure::new(chain(&error), "look at gateway.data_dir"),
        StartError::Name => Failure::new(&error, "correct it"),
    })
}

/// Reads the configuration again. What is wrong with it is reported, and the gateway goes on with what it had.
async fn reload(gateway: &Gateway, file: &Path) {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            log_problems(&error);
            tracing::error!("configuration not reloaded; the gateway goes on with the one it had");
            return;
        }
    };
    match gateway.reload(config).await {
        Ok(()) => tracing::info!("configuration reloaded"),
        Err(error) => {
            tracing::error!(
                error = chain(&error),
                "configuration not reloaded; the gateway goes on with the one it had"
            );
        }
    }
}
