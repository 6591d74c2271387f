//! `viaduct listen`: a listener in front of a service, until it is told to stop.

use tokio_util::sync::CancellationToken;

use super::args::{GlobalArgs, ListenArgs};
use super::dialer::dialer;
use super::failure::Failure;
use super::output::print;
use crate::config::ListenTarget;
use crate::config::connect::{Dial, ListenRoute};
use crate::connector::{ListenerTiming, Phase, listener_settings, run_listener};
use crate::entity::EntityPath;
use crate::io::Signals;

/// Runs it. Prints one line when it is online for the first time; the log tells what happens after that.
pub(super) async fn run(args: &ListenArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let path = args.path.trim_matches('/');
    let path = EntityPath::parse(path)
        .map_err(|error| Failure::Usage(format!("{}: {error}; write the path of a relay", args.path)))?;
    if args.any_to && !matches!(args.to, ListenTarget::NetTcp { .. }) {
        return Err(Failure::Usage("--any-to is for net.tcp services".to_owned()));
    }
    let connection = args.connection.resolve()?;
    if let Some(own) = connection.entity_path.as_ref().filter(|own| **own != path) {
        return Err(Failure::Usage(format!("the connection string is for {own} alone, not for {path}")));
    }
    let route = ListenRoute {
        name: path.to_string(),
        path,
        to: args.to.clone(),
        connection,
        dial: Dial::clear(args.dial.clear),
        gateways: args.dial.gateways.clone(),
        shapes: args.to.shapes().to_vec(),
        any_to: args.any_to,
    };
    let (dialer, _) = dialer(global.ca.as_deref())?;
    let settings = listener_settings(&route, &dialer, ListenerTiming::default())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(format!("no signals: {error}"), "look at the operating system"))?;
    let online = format!("listening {} -> {}", settings.endpoint, settings.target);
    let state = settings.state.clone();
    let stop = CancellationToken::new();
    let listener = tokio::spawn(run_listener(settings, stop.clone()));
    tokio::select! {
        () = state.wait_for(Phase::Online) => {
            print(online)?;
            signals.stop().await;
        }
        () = signals.stop() => {}
    }
    end(stop, listener, &mut signals).await;
    Ok(())
}

/// Tells a task to stop and waits for it, or for a second signal.
pub(super) async fn end(stop: CancellationToken, task: tokio::task::JoinHandle<()>, signals: &mut Signals) {
    tracing::info!("stopping; a second signal ends at once");
    stop.cancel();
    tokio::select! {
        _ = task => {}
        () = signals.stop() => tracing::warn!("ended before everything was done"),
    }
}
