//! Those who are there before somebody asks, and what they may hear of it.

use std::any::Any;
use std::time::Duration;

use interop_tests::relay_play::refused::{ListeningPeer, Question, RELAY};
use interop_tests::{Gateway, Listener, WebSocket, accept_address};

use crate::peer::{HYBRID, Heard, Peer};
use crate::situation::Situation;

/// Who is there; they go with the value.
pub(crate) struct Company {
    listener: Somebody,
    _waiting: Option<Box<dyn Any>>,
}

/// A listener, by its protocol.
enum Somebody {
    Nobody,
    Wcf(ListeningPeer),
    Hybrid(Listener),
}

impl Company {
    pub(crate) fn none() -> Self {
        Self { listener: Somebody::Nobody, _waiting: None }
    }

    /// A listener of the kind that the relay is.
    pub(crate) fn listener(gateway: &Gateway, peer: &Peer) -> Self {
        let listener = if peer.kind == HYBRID {
            Somebody::Hybrid(Listener::open(gateway, peer.path))
        } else {
            Somebody::Wcf(ListeningPeer::registered_as(gateway, peer.listener, &Question::default()))
        };
        Self { listener, ..Self::none() }
    }

    /// A listener that made the relay and wants senders to come by TLS, which the one that asks does not: it says so in a property that
    /// nobody reads here.
    pub(crate) fn with_other_terms(gateway: &Gateway) -> Self {
        let question = Question::changed(b"transport-security-required", b"transport-security-unheard_");
        Self { listener: Somebody::Wcf(ListeningPeer::registered(gateway, &question)), ..Self::none() }
    }

    /// A connector that says which shapes it takes.
    pub(crate) fn connector(gateway: &Gateway, peer: &Peer) -> Self {
        Self { listener: Somebody::Hybrid(connector(gateway, peer.path, peer.other_shape)), ..Self::none() }
    }

    /// A connector that takes everything and rejects who comes.
    pub(crate) fn who_rejects(gateway: &Gateway) -> Self {
        let mut listener = connector(gateway, RELAY, "stream,exchange");
        std::thread::spawn(move || {
            let address = accept_address(&listener.next("accept"));
            let rejection = format!("{address}&sb-hc-statusCode=403&sb-hc-statusDescription=not%20today");
            let answer = listener.try_dial(&rejection, &[]).err();
            assert_eq!(answer.map(|answer| answer.status), Some(410), "a rejection that was taken");
        });
        Self::none()
    }

    /// A listener of the kind that the relay is, gone as soon as it is invited.
    pub(crate) fn who_leaves(gateway: &Gateway, peer: &Peer) -> Self {
        let mut listener = Self::listener(gateway, peer).listener;
        let heard = peer.heard;
        std::thread::spawn(move || {
            listener.hear(heard);
            match listener {
                Somebody::Wcf(peer) => peer.hang_up(),
                Somebody::Hybrid(listener) => listener.control.abort(),
                Somebody::Nobody => {}
            }
        });
        Self::none()
    }

    /// And somebody who asked the same already and waits.
    pub(crate) fn and_who_waits(mut self, peer: &Peer, waiting: Box<dyn Any>) -> Self {
        self.listener.hear(peer.heard);
        Self { _waiting: Some(waiting), ..self }
    }

    /// What the listener heard holds no token, and no invitation where the question ended at the door.
    pub(crate) fn heard_nothing_of_it(&mut self, situation: Situation) {
        match &mut self.listener {
            Somebody::Nobody => {}
            Somebody::Wcf(peer) => {
                let heard = String::from_utf8_lossy(&peer.heard_so_far()).into_owned();
                assert!(!heard.contains("SharedAccessSignature") && !heard.contains("sig="), "{heard}");
                assert!(!(situation.ends_at_the_door() && peer.was_sent_something()), "{heard}");
            }
            Somebody::Hybrid(listener) => {
                let quiet = listener.control.wire().is_quiet_for(Duration::from_millis(100));
                assert!(quiet || !situation.ends_at_the_door(), "the listener heard of it");
            }
        }
    }
}

impl Somebody {
    /// Waits until it hears of somebody who asks.
    fn hear(&mut self, heard: Heard) {
        match (self, heard) {
            (_, Heard::Nothing) | (Self::Nobody, _) => {}
            (Self::Wcf(peer), Heard::Invitation) => drop(peer.invited()),
            (Self::Wcf(peer), Heard::Message) => peer.given(),
            (Self::Hybrid(listener), _) => drop(listener.control.text()),
        }
    }
}

/// A listener as `viaduct listen` is one.
fn connector(gateway: &Gateway, path: &str, shapes: &str) -> Listener {
    let target = format!("/$hc/{path}?sb-hc-action=listen&sb-hc-viaduct-shapes={shapes}");
    let token = gateway.listen_token(path);
    let opened = WebSocket::try_open(gateway.connect(), &target, &[("ServiceBusAuthorization", &token)]);
    Listener::over(opened.unwrap_or_else(|answer| panic!("{answer:?}")), gateway)
}
