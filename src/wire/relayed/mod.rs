//! What the bindings of Microsoft.ServiceBus.dll and their relay say to each other, but for AMQP and the net.tcp framing.
//!
//! ```text
//! 9352, 9353    Preamble                                 "connect" URI TLS? | "probe" question
//! protocol C    length RelayedRequest  → length reply | length fault         then raw bytes, both ways
//! protocol B    OnewayRequest*         → reply | fault to all but a ping      sized envelopes of a session
//! to a listener OnewaySend { Invitation | a sender's message }
//! ```
//!
//! Messages are envelopes of SOAP 1.2 with WS-Addressing 1.0 in binary XML. Numbers in comments name sections of the protocol
//! page on WCF Relay.

mod base64_text;
mod error;
mod fault;
mod fields;
mod invitation;
mod length_prefix;
mod limits;
mod listen;
mod listener_type;
mod message;
mod names;
mod oneway;
mod oneway_send;
mod preamble;
mod probe;
mod read;
mod reencode;
mod reply;
mod request;
mod token;
mod upgrade;
pub mod web_stream;

pub use error::{CarriageError, MessageError};
pub use fault::{FAULTS, FaultReason, FaultRow, RelayFault};
pub use invitation::Invitation;
pub use length_prefix::{PREFIX, decode_message, message_prefix};
pub use limits::{MAX_DEMUX, MAX_DEPTH, MAX_MESSAGE, MAX_STRING, MAX_URI, control_limits, message_limits};
pub use listen::{ClientAuthentication, Discovery, ListenRequest, ServiceSettings, TransportProtection};
pub use listener_type::ListenerType;
pub use names::{CONNECT_NAMESPACE, FAULT_NAMESPACE, INVITATION_NAMESPACE, TRACKING_NAMESPACE};
pub use oneway::{
    ConnectRequest, OnewayMessage, OnewayPing, OnewayReader, OnewayRequest, Refused, read_text_message,
};
pub use oneway_send::{Delivered, OnewaySend};
pub use preamble::{Preamble, TlsMark};
pub use probe::{Probe, ipv4_number, ipv4_of};
pub use reply::{
    Answer, connect_reply, listen_reply, read_answer, redirect, relayed_accept_reply, relayed_connect_reply,
    send_reply,
};
pub use request::{RelayedAccept, RelayedConnect, RelayedRequest};
pub use token::{AccessToken, AccessTokenReader};
pub use upgrade::{LINK_FRAME, SAFE_FRAME, SubProtocol, WEBSOCKET_PATH, is_websocket_path, upgrade_headers};
