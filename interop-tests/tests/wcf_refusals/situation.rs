//! The situations in which a peer is refused: how the gateway runs, who is there before, and what is wrong with the question.

use interop_tests::relay_play::refused::{HOST, Question, RelayedPeer, Shown};
use interop_tests::{Config, Gateway, KEY, Request, Wire, wait_until};

use crate::company::Company;
use crate::peer::{HYBRID, Peer, Right};

/// One situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// The token is signed with a key that no policy has.
    WrongKey,
    /// The token ended, less than an hour ago.
    EndedLately,
    /// The token ended an hour ago and more.
    EndedLongAgo,
    /// The token gives the other right alone.
    WrongRight,
    NoToken,
    MalformedToken,
    /// The token is for another path.
    OtherAudience,
    /// Nobody listens.
    NoListener,
    /// There is no such relay, and listeners may make none.
    UnknownRelay,
    /// There is no such relay yet, and a listener may make it.
    NotMadeYet,
    /// The relay is switched off.
    Disabled,
    /// The host in the address belongs to nobody.
    UnknownHost,
    /// The relay has as many listeners as it may.
    ListenersOfTheRelay,
    /// The namespace has as many connections as it may.
    ConnectionsOfTheNamespace,
    /// As many senders wait for the relay as may.
    SendersThatWait,
    /// The only listener has as many invitations as it may.
    InvitationsOfTheListener,
    /// The relay is of another kind, and nobody is there.
    OtherKind,
    /// The relay is a hybrid connection.
    HybridRelay,
    /// Listeners who made the relay asked for something else.
    OtherTerms,
    /// What lies below belongs to somebody else.
    OtherOwner,
    /// A listener is there and takes none of this.
    OtherShape,
    /// A listener is invited and does not come.
    NotAccepted,
    /// The listener leaves when it is invited.
    ListenerLeaves,
    /// The listener says no.
    Rejected,
    /// The relay wants TLS, and the sender comes without.
    InClear,
    /// The gateway is told to stop.
    Draining,
    /// The gateway cannot tell listeners where to dial.
    NowhereToDial,
}

impl Situation {
    /// A gateway in which it can come about. Unless it is about something else, the relay is declared.
    pub(crate) fn gateway(self, peer: &Peer) -> Gateway {
        let mut config = Config::new()
            .host(HOST)
            .door("rendezvous", "127.0.0.1:0")
            .door("oneway", "127.0.0.1:0")
            .limit("failed_handshakes_per_minute", "0")
            .timeout("listener_refusal", "50ms")
            .timeout("accept", if self == Self::NotAccepted { "1s" } else { "15s" })
            .timeout("oneway", if self == Self::NotAccepted { "1s" } else { "15s" })
            .timeout("response", if self == Self::NotAccepted { "1s" } else { "15s" })
            .timeout("drain", "20s");
        // Listeners are told where to dial by the address at which they came, if it is one of IPv4.
        let loopback = if self == Self::NowhereToDial { "[::1]:0" } else { "127.0.0.1:0" };
        for door in ["amqps", "oneway_tls"] {
            config = config.door(door, loopback);
        }
        config = match self {
            Self::UnknownRelay => config.namespace("dynamic_relays = \"off\""),
            Self::ListenersOfTheRelay => config.limit("listeners_per_relay", "1"),
            Self::ConnectionsOfTheNamespace => config.limit("connections_per_namespace", "1"),
            Self::SendersThatWait => config.limit("pending_per_relay", "1"),
            Self::InvitationsOfTheListener => config.limit("pending_per_listener", "1"),
            _ => config,
        };
        Gateway::start(match self {
            Self::UnknownRelay | Self::NotMadeYet | Self::OtherTerms => config,
            Self::OtherOwner => {
                let path = peer.path;
                config.relay(&format!("path = \"{path}/below\"\n{}{}", peer.kind, policy("other", "Send")))
            }
            _ => config.relay(&self.relay(peer)),
        })
    }

    /// The lines of the declared relay.
    fn relay(self, peer: &Peer) -> String {
        let kind = match self {
            Self::OtherKind => peer.other_kind,
            Self::HybridRelay => HYBRID,
            _ => peer.kind,
        };
        let path = peer.path;
        let mut lines = format!("path = \"{path}\"\n{kind}");
        match self {
            Self::Disabled => lines.push_str("enabled = false\n"),
            Self::InClear => lines.push_str("requires_transport_security = true\n"),
            Self::WrongRight => {
                // The policies by which peers sign come with less at this relay.
                let other = if peer.right == Right::Send { "Listen" } else { "Send" };
                for name in ["RootManageSharedAccessKey", "send", "listen"] {
                    lines.push_str(&policy(name, other));
                }
            }
            _ => {}
        }
        lines
    }

    /// Who is there before: senders are refused although somebody listens, unless it is about that.
    pub(crate) fn company(self, peer: &Peer, gateway: &Gateway) -> Company {
        match (self, peer.right) {
            (
                Self::NoListener
                | Self::UnknownRelay
                | Self::NotMadeYet
                | Self::Disabled
                | Self::OtherKind
                | Self::Draining,
                _,
            ) => Company::none(),
            (Self::OtherShape, _) => Company::connector(gateway, peer),
            (Self::Rejected, _) => Company::who_rejects(gateway),
            (Self::ListenerLeaves, _) => Company::who_leaves(gateway, peer),
            (Self::ConnectionsOfTheNamespace | Self::SendersThatWait | Self::InvitationsOfTheListener, _) => {
                Company::listener(gateway, peer).and_who_waits(peer, (peer.wait)(gateway))
            }
            (Self::ListenersOfTheRelay, _) => Company::listener(gateway, peer),
            (Self::OtherTerms, _) => Company::with_other_terms(gateway),
            (_, Right::Listen) => Company::none(),
            (_, Right::Send) => Company::listener(gateway, peer),
        }
    }

    /// What happens last before the question; the value holds it on.
    pub(crate) fn begin(self, gateway: &Gateway) -> Option<Wire> {
        (self == Self::Draining).then(|| drain(gateway))
    }

    /// What is wrong with the question.
    pub(crate) fn question(self) -> Question {
        match self {
            Self::WrongKey => Question::with(Shown::WrongKey),
            Self::EndedLately => Question::with(Shown::EndedLately),
            Self::EndedLongAgo => Question::with(Shown::EndedLongAgo),
            Self::NoToken => Question::with(Shown::None),
            Self::MalformedToken => Question::with(Shown::Malformed),
            Self::OtherAudience => Question::with(Shown::OtherAudience),
            Self::UnknownHost => Question { unknown_host: true, ..Question::default() },
            Self::InClear => Question { in_clear: true, ..Question::default() },
            _ => Question::default(),
        }
    }

    /// Whether a listener that is there hears nothing at all of the question.
    pub(crate) fn ends_at_the_door(self) -> bool {
        !matches!(
            self,
            Self::ConnectionsOfTheNamespace
                | Self::SendersThatWait
                | Self::InvitationsOfTheListener
                | Self::NotAccepted
        )
    }
}

/// Has the gateway drain. It does not end while somebody whose request is under way, the value, is there.
pub(crate) fn drain(gateway: &Gateway) -> Wire {
    let under_way = RelayedPeer::begin(gateway);
    gateway.terminate();
    let ready = || Request::get("/readyz").on(&mut Wire::tcp(gateway.door("metrics"))).status;
    wait_until("the drain to begin", || ready() == 503);
    under_way
}

fn policy(name: &str, right: &str) -> String {
    format!(
        "\n[[namespaces.relays.policies]]\nname = \"{name}\"\nrights = [\"{right}\"]\nprimary_key = \"{KEY}\"\n"
    )
}
