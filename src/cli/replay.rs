//! `viaduct replay`: plays one side of a recording and says where the other one does something else.

use serde_json::json;

use super::args::GlobalArgs;
use super::dialer::dialer;
use super::failure::Failure;
use super::output::print;
use super::record::{addresses, connections, named, signals};
use super::recorder_args::{ReplayArgs, ReplayFormat, ReplaySide};
use crate::recorder::{FIRST_WITHIN, Peer, PlayError, PlaySettings, Tally, play, read_folder};

/// Runs it. Status 0 when everything is as recorded.
pub(super) async fn run(args: &ReplayArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let mut recordings = read_folder(&args.folder).map_err(|error| {
        Failure::new(error, "name a folder with NAME.c2s.bin and NAME.s2c.bin, as viaduct record makes it")
    })?;
    if let Some(via) = &args.via {
        recordings.iter_mut().for_each(|recording| recording.set_via(via));
    }
    let peer = peer(args, global).await?;
    if let Some(address) = peer.address() {
        let count = connections(recordings.len());
        let minutes = FIRST_WITHIN.as_secs() / 60;
        let line = match args.format {
            ReplayFormat::Text => {
                format!("playing the service at {address}: {count}, the first within {minutes} minutes")
            }
            ReplayFormat::Json => json!({ "listening": address.to_string() }).to_string(),
        };
        print(line)?;
    }
    let settings = PlaySettings { ignore_ids: args.ignore_ids, timeout: args.timeout };
    let mut signals = signals()?;
    let played = tokio::select! {
        played = play(recordings, peer, settings) => played,
        () = signals.stop() => return Err(Failure::new("stopped before the end", "let it play on")),
    };
    match played {
        Ok(tallies) => tallies.iter().try_for_each(|tally| equal(tally, args.format)),
        Err(error) => Err(differs(error, args.format)?),
    }
}

async fn peer(args: &ReplayArgs, global: &GlobalArgs) -> Result<Peer, Failure> {
    match (args.side, &args.to, &args.listen) {
        (ReplaySide::Client, Some(to), None) => {
            let (dialer, _) = dialer(global.ca.as_deref())?;
            Ok(Peer::Service { to: to.clone(), dialer })
        }
        (ReplaySide::Service, None, Some(listen)) => {
            let tls = match (&args.certificate, &args.key) {
                (Some(certificate), Some(key)) => Some(named(certificate, key)?),
                _ => None,
            };
            let address = addresses(listen).await?.into_iter().next();
            let address = address.ok_or_else(|| Failure::Usage(format!("{listen} is no address")))?;
            Peer::clients(address, tls)
                .map_err(|error| Failure::new(error, "close what is there, or choose another port"))
        }
        (ReplaySide::Client, ..) => {
            Err(Failure::Usage("--as client needs --to, where the service is".to_owned()))
        }
        (ReplaySide::Service, ..) => {
            Err(Failure::Usage("--as service needs --listen, where its clients come".to_owned()))
        }
    }
}

fn equal(tally: &Tally, format: ReplayFormat) -> Result<(), Failure> {
    let Tally { name, sent, received } = tally;
    print(match format {
        ReplayFormat::Text => format!("{name} as recorded: {sent} bytes sent, {received} came"),
        ReplayFormat::Json => {
            json!({ "stream": name, "equal": true, "sent": sent, "received": received }).to_string()
        }
    })
}

fn differs(error: PlayError, format: ReplayFormat) -> Result<Failure, Failure> {
    if let (PlayError::Differs(difference), ReplayFormat::Json) = (&error, format) {
        print(difference.json().to_string())?;
    }
    let advice = match &error {
        PlayError::Differs(_) => {
            "the peer is not what was recorded; viaduct inspect shows what surrounds the offset"
        }
        PlayError::Dial { .. } => "start the service, or correct --to",
        _ => "start the client, or give it more time with --timeout",
    };
    Ok(Failure::new(error, advice))
}
