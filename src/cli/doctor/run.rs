//! The command: every check, its line, the exit status.

use super::args::{DoctorArgs, Wcf};
use super::certificate::{self, Exhibit, Viewer};
use super::clock;
use super::doors::Door;
use super::examine::{Examined, Patient};
use super::finding::{Check, Fault, Finding, Whose};
use super::key::{Question, now, wcf_websocket};
use super::key_verdict::{self, About};
use super::report::{line, merge};
use super::{args, name};
use crate::cli::args::GlobalArgs;
use crate::cli::dialer::dialer;
use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::connector::Dialer;
use crate::entity::{ConnectionString, Credential, EntityPath};

/// The sub-protocols that WCF programs ask for on 443: listeners, then connections.
const SUB_PROTOCOLS: [&str; 2] = ["wsrelayedamqp", "wsrelayedconnection"];

/// Runs it.
pub(in crate::cli) async fn run(args: &DoctorArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let mut connection = args.connection.resolve()?;
    let path = path(args, &connection)?;
    if let Some((_, port)) = args.ports.iter().find(|(door, _)| *door == Door::Https) {
        connection.port = Some(*port);
    }
    let (dialer, _) = dialer(global.ca.as_deref())?;
    let findings = merge(checks(args, &connection, path.as_ref(), dialer, global.ca.is_some()).await?);
    for finding in &findings {
        print(line(finding, args.format))?;
    }
    let failed = findings.iter().filter(|finding| finding.is_failure()).count();
    match failed {
        0 => Ok(()),
        _ => Err(Failure::new(
            format!("{failed} of {} checks failed", findings.len()),
            "begin with the first line that says so",
        )),
    }
}

/// The relay: of the command line, else of the connection string.
fn path(args: &DoctorArgs, connection: &ConnectionString) -> Result<Option<EntityPath>, Failure> {
    let Some(text) = &args.path else { return Ok(connection.entity_path.clone()) };
    let path = EntityPath::parse(text.trim_matches('/'))
        .map_err(|error| Failure::Usage(format!("{text}: {error}; write the path of a relay")))?;
    match &connection.entity_path {
        Some(own) if *own != path => {
            Err(Failure::Usage(format!("the connection string is for {own} alone, not for {path}")))
        }
        _ => Ok(Some(path)),
    }
}

async fn checks(
    args: &DoctorArgs,
    connection: &ConnectionString,
    path: Option<&EntityPath>,
    dialer: Dialer,
    ca: bool,
) -> Result<Vec<Finding>, Failure> {
    let host = connection.host.as_str().trim_matches(['[', ']']).to_owned();
    let doors = doors(args, connection.port_or_default());
    let wcf = args.wcf.is_some();
    let resolved = name::resolve(&host).await;
    let patient = Patient { host, addresses: resolved.addresses().to_vec(), dialer, wcf: args.wcf, doors };
    let proxy = patient.proxy();
    let hosts_file = name::in_hosts_file(&patient.host);
    let mut findings = vec![name::verdict(&patient.host, &resolved, hosts_file, proxy.as_deref(), wcf)];

    let examined = patient.examine().await;
    let clocks = examined.iter().find_map(|door| door.clocks);
    let viewer = Viewer {
        host: &patient.host,
        addresses: &patient.addresses,
        now: now(),
        clocks,
        wcf,
        proxy: proxy.as_deref(),
        ca,
    };
    findings.extend(examined.iter().flat_map(|door| door.findings.iter().cloned()));
    let mut certificates = Vec::new();
    for door in examined.iter().filter(|door| !door.chain.is_empty()) {
        certificates.extend(shown(door, &patient, &viewer));
    }
    let https_is_good = examined.iter().any(|door| door.door == Door::Https && !door.chain.is_empty())
        && !certificates.iter().any(|found| found.is_failure() && found.doors.contains(&Door::Https))
        && !findings.iter().any(|found| found.is_failure() && found.doors.contains(&Door::Https));
    findings.extend(certificates);

    let clock = if clocks.is_some() || https_is_good {
        clock::verdict(clocks)
    } else {
        Finding::skipped(Check::Clock, "no gateway answered on 443, whose clock could be compared")
    };
    let about = About {
        policy: match &connection.credential {
            Credential::Key { name, .. } => Some(name.as_str()),
            _ => None,
        },
        path: path.map(EntityPath::as_str),
        host: &patient.host,
        wcf,
        needed: args.role.map(args::Role::right),
        clock_is_wrong: clock.is_failure(),
    };
    findings.push(clock);
    if !https_is_good {
        let why = "not asked: a token is sent only over 443, to a gateway whose certificate is good";
        findings.push(Finding::skipped(Check::Key, why));
        return Ok(findings);
    }
    findings.extend(key(args, connection, &patient.dialer, &about).await);
    if let Some(wcf) = args.wcf {
        findings.extend(websockets(&patient, wcf).await);
    }
    Ok(findings)
}

/// The doors to look at, with their ports: 443, those of WCF if it is to be served, and whatever was named.
fn doors(args: &DoctorArgs, https: u16) -> Vec<(Door, u16)> {
    let named = |door: Door| args.ports.iter().find(|(named, _)| *named == door).map(|(_, port)| *port);
    Door::ALL
        .into_iter()
        .filter(|door| {
            *door == Door::Https || (args.wcf.is_some() && door.is_for_wcf_relay()) || named(*door).is_some()
        })
        .map(|door| {
            let default = if door == Door::Https { https } else { door.default_port() };
            (door, named(door).unwrap_or(default))
        })
        .collect()
}

fn shown(door: &Examined, patient: &Patient, viewer: &Viewer<'_>) -> Vec<Finding> {
    match Exhibit::new(door.door, &door.chain, patient.dialer.tls(), &patient.host, viewer.now) {
        Some(exhibit) => certificate::verdict(&exhibit, viewer),
        None => {
            let seen = "what was shown as a certificate is none";
            let advice = "look at the file of [tls] certificate";
            let fault = Fault::CertificateUnfit;
            vec![Finding::failed(Check::Certificate, fault, seen, Whose::Gateway, advice).at(door.door)]
        }
    }
}

async fn key(
    args: &DoctorArgs,
    connection: &ConnectionString,
    dialer: &Dialer,
    about: &About<'_>,
) -> Vec<Finding> {
    if matches!(connection.credential, Credential::None) && about.path.is_none() {
        return vec![Finding::skipped(
            Check::Key,
            "the connection string holds none, and no relay was named",
        )];
    }
    let answers = Question { dialer, connection, path: about.path }.ask(args.role).await;
    match (&connection.credential, &answers[..]) {
        (Credential::None, [(_, answer)]) => vec![key_verdict::anonymous(answer, about)],
        _ => key_verdict::verdict(&answers, about),
    }
}

async fn websockets(patient: &Patient, wcf: Wcf) -> Option<Finding> {
    let authority = patient.authority()?;
    for protocol in SUB_PROTOCOLS {
        let Err(why) = wcf_websocket(&patient.dialer, &authority, protocol).await else { continue };
        let seen = format!("{protocol} is not taken at /$servicebus/websocket: {why}");
        let advice = "see that nothing between speaks HTTP for the gateway, and that the gateway serves WCF (its amqps and \
                      rendezvous doors are open)";
        let (check, fault) = (Check::WebSocket, Fault::NoWebSocket);
        return Some(match wcf {
            Wcf::Https => Finding::failed(check, fault, seen, Whose::Gateway, advice),
            Wcf::All => Finding::warning(check, fault, seen, Whose::Gateway, advice),
        });
    }
    Some(Finding::ok(Check::WebSocket, format!("{} are taken on 443", SUB_PROTOCOLS.join(" and "))))
}
