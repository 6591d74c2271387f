//! `NetTcpRelayBinding`: a listener, and senders that call it, each on a connection of its own. Relay page 4 and 6.

use crate::Gateway;

use super::control_link::ControlLink;
use super::nmf;
use super::recording::Recording;
use super::road::Road;
use super::substitute::find;
use super::talk::Talk;

/// `TcpRelayConnectionMode` of the binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All passes the relay.
    Relayed,
    /// Both sides look for a way around the relay and find none. No program was recorded that did: what they say of it is made here.
    Hybrid,
}

/// A listener that is up.
pub struct NetTcp<'a> {
    gateway: &'a Gateway,
    road: Road,
    mode: Mode,
    played: Played,
    link: ControlLink,
}

/// The streams that are played.
struct Played {
    recording: Recording,
    sender: &'static str,
    service: &'static str,
}

/// What a sender in hybrid mode says first: that this connection is for data, and which one it is. Then the listener says one byte.
const FOR_DATA: &[u8] = b"\x07\0\0\0relayed0123456789abcdef";

impl<'a> NetTcp<'a> {
    /// Registers the listener. What was recorded in WebSockets is played where it is the way, but for the hybrid mode, which has more to say
    /// than stands in the recorded frames.
    pub fn listen(gateway: &'a Gateway, road: Road, mode: Mode) -> Self {
        Self::listening(gateway, road, mode, road == Road::WebSocket && mode == Mode::Relayed)
    }

    /// A listener whose senders may take another way than it does itself.
    pub fn listen_for_all(gateway: &'a Gateway, road: Road) -> Self {
        Self::listening(gateway, road, Mode::Relayed, false)
    }

    fn listening(gateway: &'a Gateway, road: Road, mode: Mode, in_frames: bool) -> Self {
        let (folder, link, sender, service) = match in_frames {
            true => ("v2.4.2/ws-nettcp-v2.4.2", "002-443", "004-443", "005-443"),
            false => ("v2.7.5/e2e-nettcp", "001-5671", "003-9352", "004-9352"),
        };
        let recording = Recording::open(folder);
        let link = road.changed_link(gateway, &recording, link, |sent| {
            if mode == Mode::Hybrid {
                become_hybrid(sent);
            }
        });
        Self { gateway, road, mode, played: Played { recording, sender, service }, link }
    }

    /// A sender connects, a listener accepts, and all calls of the recorded pair pass, in both directions byte for byte, up to the end.
    pub fn exchange(&mut self) {
        self.exchange_with(self.road);
    }

    /// The same with a sender that comes another way.
    pub fn exchange_with(&mut self, way: Road) {
        let Played { recording, sender, service } = &self.played;
        let sender = way.sender(self.gateway, recording, sender);
        let mut service = self.road.service(self.gateway, &mut self.link, recording, service);
        let mut sender = self.road.expect_joined(sender, "RelayedConnectReply");
        if self.mode == Mode::Hybrid {
            passes(&mut sender, &mut service, FOR_DATA);
            passes(&mut service, &mut sender, &[1]);
        }
        let turns = |bytes: Vec<u8>| nmf::turns(&bytes).into_iter();
        let (there, mut back) =
            (turns(recording.sent("rendezvous")), turns(recording.received("rendezvous")));
        for said in there {
            passes(&mut sender, &mut service, &said);
            if let Some(answer) = back.next() {
                passes(&mut service, &mut sender, &answer);
            }
        }
        assert_eq!(back.next(), None, "the service said more than the sender asked");
        sender.finish();
        service.ends();
        service.finish();
        sender.ends();
    }
}

fn passes(from: &mut Talk, to: &mut Talk, bytes: &[u8]) {
    from.say(bytes);
    assert_eq!(to.receive_piece(bytes.len()), bytes, "what one side says is what the other hears");
}

/// Registers for `DirectConnection` (2.6) in both attaches. The name is a byte shorter; a `true` in front of it is written in the form that is a
/// byte longer, so that no size around them changes.
fn become_hybrid(sent: &mut [u8]) {
    const WAS: &[u8] = b"\x41\xa3\x1bcom.microsoft:listener-type\xa1\x11RelayedConnection";
    const IS: &[u8] = b"\x56\x01\xa3\x1bcom.microsoft:listener-type\xa1\x10DirectConnection";
    assert_eq!(WAS.len(), IS.len());
    for _ in 0..2 {
        let at = find(sent, WAS).expect("an attach of this type");
        sent[at..at + IS.len()].copy_from_slice(IS);
    }
}
