//! `viaduct serve`: a gateway, from its configuration to the end of its drain.

use super::{args::ServeArgs, failure::Failure, output::print};
use crate::{
    config::Config,
    gateway::Gateway,
    io::{Asked, Signals},
};

/// Runs until the gateway has drained.
pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config).map_err(Failure::Config)?;
    // Before the doors open: from then on a signal must find somebody.
    let mut signals =
        Signals::new().map_err(|error| Failure::new(format!("no signals: {error}"), "start it again"))?;
    let gateway = Gateway::start(config)
        .await
        .map_err(|error| Failure::new(error, "mend that and start again; docs/operations.md may help"))?;
    for (door, address) in gateway.doors() {
        print(format!("{door} {address}"))?;
    }
    loop {
        match signals.next().await {
            Asked::Stop => break,
            Asked::Reload => reload(&gateway, args).await,
        }
    }
    tracing::info!("draining");
    gateway.drain().await;
    Ok(())
}

/// A broken configuration is reported, and the old one stays.
async fn reload(gateway: &Gateway, args: &ServeArgs) {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return tracing::error!(%error, "not reloaded; the old configuration stays"),
    };
    match gateway.reload(config).await {
        Ok(()) => tracing::info!("reloaded"),
        Err(error) => tracing::error!(%error, "not reloaded; the old configuration stays"),
    }
}
