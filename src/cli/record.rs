//! `viaduct record`: a tee that writes what passes, until it is told to stop or a limit is reached.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::args::GlobalArgs;
use super::ca::PrivateCa;
use super::dialer::dialer;
use super::failure::Failure;
use super::output::print;
use super::recorder_args::RecordArgs;
use crate::config::LocalDoor;
use crate::inspect::scrub::Protocol;
use crate::io::{Alpn, Certificate, ServerTls, Signals};
use crate::recorder::{Facts, Journal, Target, Tee, TeeSettings, new_folder, write_facts};

/// Runs it. Prints where it listens, and at the end what there is.
pub(super) async fn run(args: &RecordArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let Some(protocol) = args.to.protocol() else {
        return Err(Failure::Usage(format!(
            "{}: what is spoken there decides what is taken out; write net.tcp://, http:// or https://",
            args.to
        )));
    };
    new_folder(&args.folder).map_err(|error| Failure::new(error, "name a folder that is new or empty"))?;
    let tls = if args.to.is_tls() { Some(tls(args)?) } else { None };
    let (dialer, _) = dialer(global.ca.as_deref())?;
    let settings = TeeSettings {
        listen: addresses(&args.listen).await?,
        to: args.to.clone(),
        dialer,
        tls: tls.as_ref().map(|(tls, _)| tls.clone()),
        max_connections: args.max_connections,
        max_bytes: args.max_bytes.map(|size| size.as_u64()),
    };
    let tee = Tee::open(settings).map_err(|error| {
        Failure::new(error, "close what is there, choose another port, or give the process the right to it")
    })?;
    let mut signals = signals()?;
    let stop = CancellationToken::new();
    let journal = Journal::start(args.folder.clone(), protocol, stop.clone())
        .map_err(|error| Failure::new(error, "raise the process's limits"))?;
    let listen: Vec<String> = tee.addresses().iter().map(ToString::to_string).collect();
    for address in &listen {
        print(format!("recording {address} -> {}", args.to))?;
    }
    if let Some((_, Some(trust))) = &tls {
        print(trust)?;
    }
    let facts = facts(protocol, args, listen.join(", "));
    let serving = tee.serve(journal.entries(), stop.clone());
    tokio::pin!(serving);
    let duration = async {
        match args.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = &mut serving => {}
        () = async { tokio::select! { () = signals.stop() => {}, () = duration => {} } } => {
            stop.cancel();
            serving.await;
        }
    }
    let unwritten = |error: &dyn std::fmt::Display| {
        Failure::new(
            format!("cannot write {error}"),
            "make room, and record again: what there is, is not whole",
        )
    };
    let recorded = journal.finish().await.map_err(|error| unwritten(&error))?;
    let folder = args.folder.clone();
    let count = recorded.len();
    let bytes: u64 = recorded.iter().map(|one| one.c2s + one.s2c).sum();
    let written = tokio::task::spawn_blocking(move || write_facts(&folder, &facts, &recorded)).await;
    match written {
        Ok(Ok(())) => {
            print(format!("recorded {}, {bytes} bytes, in {}", connections(count), args.folder.display()))
        }
        Ok(Err(error)) => Err(unwritten(&error)),
        Err(error) => Err(unwritten(&error)),
    }
}

pub(super) fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

pub(super) fn signals() -> Result<Signals, Failure> {
    Signals::new()
        .map_err(|error| Failure::new(format!("no signals: {error}"), "look at the operating system"))
}

/// Every address of a local door.
pub(super) async fn addresses(door: &LocalDoor) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host((door.host.as_str(), door.port)).await;
    let found = found.map_err(|error| {
        Failure::new(format!("{}: {error}", door.host), "name an address of this machine, such as 127.0.0.1")
    })?;
    // A port that the system chooses would be another one for each address.
    let most = if door.port == 0 { 1 } else { usize::MAX };
    Ok(found.take(most).collect())
}

fn facts(protocol: Protocol, args: &RecordArgs, listen: String) -> Facts {
    Facts {
        protocol,
        tls: args.to.is_tls(),
        listen,
        to: args.to.to_string(),
        began: jiff::Timestamp::now().to_string(),
    }
}

/// What clients are shown: the certificate that was named, or one made for this recording, and then how to trust it.
fn tls(args: &RecordArgs) -> Result<(ServerTls, Option<String>), Failure> {
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        return Ok((named(certificate, key)?, None));
    }
    let no_certificate = |error: &dyn std::fmt::Display| {
        Failure::new(format!("no certificate: {error}"), "name one with --certificate and --key")
    };
    let names = names(&args.listen, &args.to, &args.names);
    let ca = PrivateCa::new("viaduct record, for one recording").map_err(|error| no_certificate(&error))?;
    let server = ca.issue(&names).map_err(|error| no_certificate(&error))?;
    let file = args.folder.join("ca.pem");
    fs::write(&file, ca.certificate()).map_err(|error| {
        Failure::new(format!("{}: {error}", file.display()), "name a folder that can be written to")
    })?;
    let trust = format!(
        "clients have to trust {} (curl --cacert, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, VIADUCT_CA); it is good for {}",
        file.display(),
        names.join(", ")
    );
    let tls = server_tls(server.certificate.as_bytes(), server.key.as_bytes())
        .map_err(|error| no_certificate(&error))?;
    Ok((tls, Some(trust)))
}

/// TLS with a certificate from files.
pub(super) fn named(certificate: &Path, key: &Path) -> Result<ServerTls, Failure> {
    let read = |path: &Path| {
        fs::read(path)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display()), "name a PEM file"))
    };
    server_tls(&read(certificate)?, &read(key)?).map_err(|error| {
        Failure::new(format!("{}: {error}", certificate.display()), "name a PEM file and its key")
    })
}

fn server_tls(chain: &[u8], key: &[u8]) -> Result<ServerTls, crate::io::TlsError> {
    ServerTls::new(vec![Certificate::from_pem(Vec::new(), chain, key)?], Alpn::Http11)
}

/// Every name that clients may use for the tee: this machine's, what it listens on, what it stands for, and further ones.
fn names(listen: &LocalDoor, to: &Target, more: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let usual = ["localhost", "127.0.0.1", "::1", listen.host.as_str(), to.host()].map(str::to_owned);
    for name in usual.into_iter().chain(more.iter().cloned()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
