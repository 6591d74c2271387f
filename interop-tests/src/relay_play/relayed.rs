//! Relayed connections: preamble, TLS, one message each way, then bytes. Relay page 4.2 to 4.6.

use std::net::{IpAddr, SocketAddr};

use crate::{Gateway, Wire};

use super::binary_xml::{self, Element};
use super::envelope;
use super::talk::Talk;

/// What one side of a relayed connection sent on 9352, cut into its parts.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The address in the preamble.
    uri: String,
    /// Whether TLS follows.
    pub(super) tls: bool,
    /// The message, without its length.
    pub(super) message: Vec<u8>,
}

const CONNECT: &[u8] = b"\x07\0\0\0connect";

impl Recorded {
    /// Cuts a recorded direction.
    pub(super) fn cut(bytes: &[u8]) -> Self {
        let rest = bytes.strip_prefix(CONNECT).expect("the preamble says connect");
        let (uri, rest) = counted(rest);
        let (tls, rest) = rest.split_first().expect("a byte says whether TLS follows");
        // What follows the answer stands in a file of its own, too.
        let (message, _) = counted(rest);
        Self {
            uri: String::from_utf8(uri.to_vec()).expect("an address"),
            tls: *tls == 1,
            message: message.to_vec(),
        }
    }

    /// Puts the address of the live run into the preamble. Listeners of 2.x write where they dial, 1.6 as the number that it was told; all
    /// others write the service's address.
    pub(super) fn dials(&mut self, address: SocketAddr) {
        let (host, _) = self.uri.trim_start_matches("sb://").split_once(':').unwrap_or_default();
        if let (Ok(_), IpAddr::V4(ip)) = (host.parse::<u32>(), address.ip()) {
            self.uri = format!("sb://{}:{}/", u32::from_le_bytes(ip.octets()), address.port());
        } else if host.parse::<IpAddr>().is_ok() {
            self.uri = format!("sb://{address}/");
        }
    }

    /// Dials and says all that comes before the answer, in the pieces in which the library writes it.
    pub(super) fn dial(&self, gateway: &Gateway, host: &str) -> Talk {
        self.dial_inside(gateway.door("rendezvous"), |wire| wire.into_tls(host, gateway.authority()))
    }

    /// The same; `secure` is called where TLS follows.
    pub(super) fn dial_inside(&self, address: SocketAddr, secure: impl FnOnce(Wire) -> Wire) -> Talk {
        let mut wire = Wire::tcp(address);
        wire.send(CONNECT);
        wire.send(&u32::try_from(self.uri.len()).expect("a short address").to_le_bytes());
        wire.send(self.uri.as_bytes());
        wire.send(&[u8::from(self.tls)]);
        let wire = if self.tls { secure(wire) } else { wire };
        let mut talk = Talk::new(wire);
        say_message(&mut talk, &self.message);
        talk
    }
}

/// Says a message and its length, in two writes as the library does.
pub(super) fn say_message(talk: &mut Talk, message: &[u8]) {
    talk.say(&u32::try_from(message.len()).expect("a short message").to_le_bytes());
    talk.say(message);
}

/// The gateway's one message.
pub(super) fn reply(talk: &mut Talk) -> Element {
    let length = u32::from_le_bytes(talk.receive_piece(4).try_into().expect("four bytes"));
    assert!((1..=65_536).contains(&length), "the library refuses a message of {length} bytes");
    binary_xml::read(&talk.receive_piece(length as usize), &[])
}

/// The gateway's one message says that this side is joined.
pub(super) fn expect_reply(talk: &mut Talk, action: &str) {
    let reply = reply(talk);
    assert_eq!(envelope::fault(&reply), None);
    assert_eq!(envelope::header(&reply, "Action").as_deref(), Some(action));
}

/// A length and so many bytes, and what follows them.
pub(super) fn counted(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_first_chunk().expect("a length");
    rest.split_at(u32::from_le_bytes(*length) as usize)
}
