//! The lender's WCF service: a small host of `ICreditCheck` with a `NetTcpBinding`-like endpoint (duplex sessions, SOAP
//! 1.2 text, no security). It knows nothing of relays.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    contract::{Call, ContractError},
    envelope::{Body, Envelope, Fault, FaultCode},
    ledger::{self, Stamp},
    records::{Arrival, Records, RecordsError},
};
use crate::wire::framing::{Encoding, FaultUri, KnownEncoding, Mode, Record, RecordType, encode};

/// The path of its address.
pub(super) const PATH: &str = "/CreditCheck";

/// For a preamble; also for sending. Framing page 6.2.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// For the next message of a session. Framing page 6.2.
const IDLE: Duration = Duration::from_secs(600);
/// For the next preamble on a connection. Framing page 6.2.
const NEXT_SESSION: Duration = Duration::from_secs(120);

/// A running service. Dropping it stops it.
#[derive(Debug)]
pub(super) struct CreditService {
    address: SocketAddr,
    calls: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl CreditService {
    /// Listens on a free port of loopback.
    pub(super) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (calls, stop) = (Arc::<AtomicU64>::default(), CancellationToken::new());
        tokio::spawn(serve(listener, calls.clone(), stop.clone()));
        Ok(Self { address, calls, stop })
    }

    /// Its endpoint address, as a client's configuration holds it.
    pub(super) fn endpoint(&self) -> String {
        format!("net.tcp://localhost:{}{PATH}", self.address.port())
    }

    /// The socket it listens on.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many calls reached it.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Drop for CreditService {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(listener: TcpListener, calls: Arc<AtomicU64>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let port = listener.local_addr().map_or(0, |address| address.port());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // An accept that failed says nothing about the next one; the client sees its connection fail.
        let Ok((stream, _)) = accepted else { continue };
        let (calls, stop) = (calls.clone(), stop.clone());
        connections.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, port, &calls) => {}
            }
        });
    }
}

/// Sessions one after the other, as pooled clients want it (framing page 6.1).
async fn connection(stream: TcpStream, port: u16, calls: &AtomicU64) {
    let _ = stream.set_nodelay(true);
    let mut records = Records::new(stream);
    let mut patience = HANDSHAKE;
    loop {
        match session(&mut records, patience, port, calls).await {
            Ok(After::NextSession) => patience = NEXT_SESSION,
            Ok(After::Close) | Err(Broken::Silently) => return,
            Err(Broken::WithFault(fault)) => {
                let mut bytes = Vec::new();
                encode::fault(fault, &mut bytes);
                if records.send(&bytes, HANDSHAKE).await.is_ok() {
                    records.drain(Duration::from_secs(5)).await;
                }
                return;
            }
        }
    }
}

enum After {
    NextSession,
    Close,
}

/// How a session ends before its time.
enum Broken {
    WithFault(FaultUri),
    Silently,
}

impl From<RecordsError> for Broken {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Framing(error) => error.fault().map_or(Self::Silently, Self::WithFault),
            RecordsError::EnvelopeTooLarge { .. } => Self::WithFault(FaultUri::MaxMessageSizeExceeded),
            RecordsError::Lost(_) | RecordsError::Closed | RecordsError::Silent(_) => Self::Silently,
        }
    }
}

async fn session(
    records: &mut Records<TcpStream>,
    patience: Duration,
    port: u16,
    calls: &AtomicU64,
) -> Result<After, Broken> {
    if records.next(&[RecordType::Version], patience, |_| ()).await?.is_none() {
        return Ok(After::Close);
    }
    preamble(records).await?;
    send_record(records, &Record::PreambleAck).await?;
    loop {
        match records.arrival(&[RecordType::SizedEnvelope, RecordType::End], IDLE).await? {
            Arrival::Envelope(bytes) => {
                // A service whose encoder cannot read a message closes; there is no one it could answer to.
                let request = Envelope::decode(&bytes).map_err(|_| Broken::Silently)?;
                let reply = answer(&request, port, calls);
                records.send_envelope(&reply.encode(), HANDSHAKE).await?;
            }
            Arrival::End => {
                send_record(records, &Record::End).await?;
                return Ok(After::NextSession);
            }
            Arrival::Eof | Arrival::Fault(_) => return Ok(After::Close),
        }
    }
}

/// Mode, via, encoding and the end of the preamble; refused as .NET refuses them (framing page 5).
async fn preamble(records: &mut Records<TcpStream>) -> Result<(), Broken> {
    let closed = || Broken::Silently;
    let mode = records.next(&[RecordType::Mode], HANDSHAKE, |record| match record {
        Record::Mode(mode) => Some(mode),
        _ => None,
    });
    let mode = mode.await?.flatten().ok_or_else(closed)?;
    let via = records.next(&[RecordType::Via], HANDSHAKE, |record| match record {
        Record::Via(via) => via_path(via.expose()),
        _ => None,
    });
    let path = via.await?.flatten().ok_or_else(closed)?;
    let encoding =
        records.next(&[RecordType::KnownEncoding, RecordType::ExtensibleEncoding], HANDSHAKE, |record| {
            match record {
                Record::KnownEncoding(known) => Encoding::Known(known),
                Record::ExtensibleEncoding(text) => Encoding::Extensible(text.to_owned()),
                _ => Encoding::Extensible(String::new()),
            }
        });
    let encoding = encoding.await?.ok_or_else(closed)?;
    if !path.eq_ignore_ascii_case(PATH) {
        return Err(Broken::WithFault(FaultUri::EndpointNotFound));
    }
    if mode != Mode::Duplex {
        return Err(Broken::WithFault(FaultUri::UnsupportedMode));
    }
    if encoding != Encoding::Known(KnownEncoding::SOAP12_UTF8) {
        return Err(Broken::WithFault(FaultUri::ContentTypeInvalid));
    }
    let upgrade = records.next(&[RecordType::UpgradeRequest, RecordType::PreambleEnd], HANDSHAKE, |record| {
        matches!(record, Record::UpgradeRequest(_))
    });
    match upgrade.await? {
        Some(false) => Ok(()),
        Some(true) => Err(Broken::WithFault(FaultUri::UpgradeInvalid)),
        None => Err(Broken::Silently),
    }
}

/// The path of a `net.tcp` address. Host and port are not compared (framing page 6.4).
fn via_path(via: &str) -> Option<String> {
    let url = url::Url::parse(via).ok()?;
    (url.scheme() == "net.tcp").then(|| url.path().trim_end_matches('/').to_owned())
}

async fn send_record(records: &mut Records<TcpStream>, record: &Record<'_>) -> Result<(), RecordsError> {
    let mut bytes = Vec::new();
    encode::record(record, &mut bytes);
    records.send(&bytes, HANDSHAKE).await
}

/// The reply to one request: the dispatcher's checks, then the ledger's answer.
fn answer(request: &Envelope, port: u16, calls: &AtomicU64) -> Envelope {
    calls.fetch_add(1, Ordering::Relaxed);
    let relates_to = request.message_id.clone();
    let refuse = |code, reason: String| {
        let fault = Fault { code, reason, detail: None };
        Envelope::reply(fault.action(), relates_to.clone(), Body::Fault(fault))
    };
    if let Some(header) = &request.not_understood {
        return refuse(FaultCode::MustUnderstand, format!("the header {header} is not understood"));
    }
    if !request.to.as_deref().is_some_and(|to| is_mine(to, port)) {
        let to = request.to.as_deref().unwrap_or_default();
        return refuse(FaultCode::DestinationUnreachable, format!("no endpoint here has the address {to:?}"));
    }
    let Body::Element(body) = &request.body else {
        return refuse(FaultCode::Sender, "a fault is no request".into());
    };
    let call = match Call::from_xml(&request.action, body) {
        Ok(call) => call,
        Err(error @ ContractError::UnknownAction(_)) => {
            return refuse(FaultCode::ActionNotSupported, error.to_string());
        }
        Err(error) => return refuse(FaultCode::DeserializationFailed, error.to_string()),
    };
    let Some(stamp) = stamp() else {
        return refuse(FaultCode::Receiver, "the service cannot draw random numbers".into());
    };
    match ledger::answer(&call, stamp) {
        Ok(reply) => Envelope::reply(reply.action(), relates_to, Body::Element(reply.to_xml())),
        Err(declared) => {
            let fault = Fault {
                code: FaultCode::Sender,
                reason: declared.reason().to_owned(),
                detail: Some(declared.to_xml()),
            };
            Envelope::reply(declared.action(call.operation()), relates_to, Body::Fault(fault))
        }
    }
}

/// `AddressFilterMode.Exact`: scheme, port and path must be the endpoint's; the host is not compared (framing page 7.4).
fn is_mine(to: &str, port: u16) -> bool {
    let Ok(url) = url::Url::parse(to) else { return false };
    url.port() == Some(port) && via_path(to).is_some_and(|path| path.eq_ignore_ascii_case(PATH))
}

fn stamp() -> Option<Stamp> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let report_id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Some(Stamp { report_id, issued_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string() })
}

/// A fresh `urn:uuid:` for a message.
pub(super) fn message_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("urn:uuid:{}", uuid::Builder::from_random_bytes(bytes).into_uuid()))
}
