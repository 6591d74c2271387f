//! `viaduct connect`: the routes of a file, until it is told to stop; `SIGHUP` reads the file again.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::args::{ConnectArgs, GlobalArgs};
use super::dialer::dialer;
use super::failure::{Failure, log_problems};
use super::output::print;
use crate::config::connect::ConnectConfig;
use crate::connector::{ListenerTiming, RouteState, Routes, StateDoor};
use crate::io::{Asked, Signals};

/// Runs it. Prints one line for each route and one for the state address.
pub(super) async fn run(args: &ConnectArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(format!("no signals: {error}"), "look at the operating system"))?;
    let mut routes = Routes::new(ListenerTiming::default());
    let config = ConnectConfig::load(&args.config)?;
    apply(&mut routes, &config, global).await?;
    let (states, shown) = watch::channel(routes.states());
    let stop = CancellationToken::new();
    if let Some(address) = config.state {
        let door = StateDoor::open(address, shown)
            .map_err(|error| Failure::new(format!("state: {error}"), "choose a free port on 127.0.0.1"))?;
        print(format!("state http://{}/", door.address()))?;
        tokio::spawn(door.serve(stop.clone()));
    }
    for state in routes.states() {
        print(line(&state))?;
    }
    loop {
        match signals.next().await {
            Asked::Stop => break,
            Asked::Reload => {
                reload(&mut routes, &args.config, global).await;
                states.send_replace(routes.states());
            }
        }
    }
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = routes.stop() => {}
        () = signals.stop() => tracing::warn!("ended before everything was done"),
    }
    stop.cancel();
    Ok(())
}

async fn apply(routes: &mut Routes, config: &ConnectConfig, global: &GlobalArgs) -> Result<(), Failure> {
    let (dialer, trust) = dialer(config.ca.as_deref().or(global.ca.as_deref()))?;
    let applied = routes.apply(config, &dialer, &trust).await;
    applied
        .map_err(|(route, error)| Failure::new(format!("route {route:?}: {error}"), "correct it in the file"))
}

/// Reads the file again. What is wrong with it is reported, and the routes go on as they were.
async fn reload(routes: &mut Routes, file: &Path, global: &GlobalArgs) {
    let config = match ConnectConfig::load(file) {
        Ok(config) => config,
        Err(error) => {
            log_problems(&error);
            return tracing::error!("the file was not taken over; the routes go on as they were");
        }
    };
    match apply(routes, &config, global).await {
        Ok(()) => tracing::info!(routes = routes.states().len(), "file read again"),
        Err(failure) => {
            tracing::error!(?failure, "the file was not taken over; the routes go on as they were")
        }
    }
}

fn line(state: &Arc<RouteState>) -> String {
    let report = state.report();
    format!("route {} {} -> {}", report.name, report.from, report.to)
}
