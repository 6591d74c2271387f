//! The old WCF client: a proxy for `ICreditCheck` over net.tcp, with the service's address and a way to it (the via).

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use super::{
    contract::{Call, ContractError, DeclaredFault, Reply},
    envelope::{Body, Envelope, EnvelopeError, Fault},
    records::{Arrival, Records, RecordsError},
};
use crate::wire::framing::{FaultUri, KnownEncoding, Mode, Record, RecordType, Version, encode};

/// `SendTimeout` of WCF's bindings.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open channel.
#[derive(Debug)]
pub(super) struct WcfClient {
    records: Records<TcpStream>,
    /// The service's own address, for the To header.
    address: String,
}

/// Why a call brought no reply. The first variant is the service's own answer, the others are not.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("the service answered with its fault {}", .0.name())]
    Declared(DeclaredFault),
    #[error("the service answered with a fault: {}", .0.reason)]
    Fault(Box<Fault>),
    #[error("refused: {0}")]
    Refused(String),
    #[error("nobody answers at {address}: {reason}")]
    Unreachable { address: SocketAddr, reason: String },
    #[error(transparent)]
    Connection(#[from] RecordsError),
    #[error("the reply cannot be read: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the reply does not fit the contract: {0}")]
    Contract(#[from] ContractError),
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl WcfClient {
    /// Connects to `socket` and asks for a session with the endpoint `via`; `address` is the service's own address.
    pub(super) async fn open(socket: SocketAddr, via: &str, address: &str) -> Result<Self, CallError> {
        let unreachable = |reason: String| CallError::Unreachable { address: socket, reason };
        let connect = timeout(PATIENCE, TcpStream::connect(socket)).await;
        let stream = connect.map_err(|_| unreachable("no answer".into()))?;
        let stream = stream.map_err(|error| unreachable(error.to_string()))?;
        let _ = stream.set_nodelay(true);
        let mut records = Records::new(stream);

        let mut bytes = Vec::new();
        encode::record(&Record::Version(Version { major: 1, minor: 0 }), &mut bytes);
        encode::record(&Record::Mode(Mode::Duplex), &mut bytes);
        encode::via(via, &mut bytes);
        encode::record(&Record::KnownEncoding(KnownEncoding::SOAP12_UTF8), &mut bytes);
        encode::record(&Record::PreambleEnd, &mut bytes);
        records.send(&bytes, PATIENCE).await?;

        let answer =
            records.next(&[RecordType::PreambleAck, RecordType::Fault], PATIENCE, |record| match record {
                Record::Fault(uri) => Err(refusal(uri)),
                _ => Ok(()),
            });
        answer.await?.ok_or(RecordsError::Closed)??;
        Ok(Self { records, address: address.to_owned() })
    }

    /// One call and its reply.
    pub(super) async fn call(&mut self, call: &Call) -> Result<Reply, CallError> {
        let id = super::service::message_id().map_err(CallError::Random)?;
        let request = Envelope::request(call.action(), id.clone(), self.address.clone(), call.to_xml());
        self.records.send_envelope(&request.encode(), PATIENCE).await?;
        loop {
            let expected = &[RecordType::SizedEnvelope, RecordType::End, RecordType::Fault];
            let reply = match self.records.arrival(expected, PATIENCE).await? {
                Arrival::Envelope(bytes) => Envelope::decode(&bytes)?,
                Arrival::Fault(uri) => return Err(refusal(&uri)),
                Arrival::End | Arrival::Eof => return Err(RecordsError::Closed.into()),
            };
            // Correlation is by MessageID alone (framing page 7.3): an answer to something else is not ours.
            if reply.relates_to.as_deref() != Some(id.as_str()) {
                continue;
            }
            return match reply.body {
                Body::Element(body) => Ok(Reply::from_xml(call, &body)?),
                Body::Fault(fault) => Err(match fault.detail.as_ref().and_then(DeclaredFault::from_xml) {
                    Some(declared) => CallError::Declared(declared),
                    None => CallError::Fault(Box::new(fault)),
                }),
            };
        }
    }

    /// Ends the session in order: End, then the service's End.
    pub(super) async fn close(mut self) -> Result<(), CallError> {
        let mut bytes = Vec::new();
        encode::record(&Record::End, &mut bytes);
        self.records.send(&bytes, PATIENCE).await?;
        match self.records.arrival(&[RecordType::End], PATIENCE).await? {
            Arrival::End => Ok(()),
            _ => Err(RecordsError::Closed.into()),
        }
    }
}

fn refusal(uri: &str) -> CallError {
    CallError::Refused(match FaultUri::from_uri(uri) {
        Some(fault) => fault.name().to_owned(),
        None => uri.to_owned(),
    })
}
