//! `viaduct forward`: a local door whose connections go to a relay, until it is told to stop.

use tokio_util::sync::CancellationToken;

use super::args::{ForwardArgs, GlobalArgs};
use super::dialer::dialer;
use super::failure::{Failure, chain};
use super::listen::end;
use super::output::print;
use crate::config::connect::{Dial, ForwardRoute};
use crate::connector::{Door, ListenerTiming, forward_settings};
use crate::entity::RelayPath;
use crate::io::Signals;

/// Runs it. Prints one line for each local address, once it is open.
pub(super) async fn run(args: &ForwardArgs, global: &GlobalArgs) -> Result<(), Failure> {
    if args.local.is_port_sharing() && !args.allow_808 {
        return Err(Failure::Usage(format!(
            "{}: on Windows the Net.TCP Port Sharing Service owns port 808; choose another port (8808 is the default), \
             or say --allow-808 where nothing else listens there",
            args.local
        )));
    }
    let to = RelayPath::parse(&args.to)
        .map_err(|error| Failure::Usage(format!("{}: {error}; write the path of a relay", args.to)))?;
    let connection = args.connection.resolve()?;
    if let Some(own) = connection.entity_path.as_ref().filter(|own| !to.starts_with(own)) {
        return Err(Failure::Usage(format!("the connection string is for {own} alone, not for {}", args.to)));
    }
    let route = ForwardRoute {
        name: args.local.to_string(),
        local: args.local.clone(),
        to,
        connection,
        dial: Dial::clear(args.clear),
    };
    let (dialer, _) = dialer(global.ca.as_deref())?;
    let settings = forward_settings(&route, &dialer, ListenerTiming::default())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let relay = settings.endpoint.to_string();
    let door = Door::open(settings).await.map_err(|error| {
        Failure::new(chain(&error), "close what is there, choose another port, or give the process the right to it")
    })?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(format!("no signals: {error}"), "look at the operating system"))?;
    for address in door.addresses() {
        print(format!("open {address} -> {relay}"))?;
    }
    let stop = CancellationToken::new();
    let serving = tokio::spawn(door.serve(stop.clone(), CancellationToken::new()));
    signals.stop().await;
    end(stop, serving, &mut signals).await;
    Ok(())
}
