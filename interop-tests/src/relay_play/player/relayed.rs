//! Relayed connections: a sender asks, a listener accepts, both are joined.

use crate::Wire;
use crate::relay_play::envelope;
use crate::relay_play::nmf;
use crate::relay_play::relayed::{self, Recorded};
use crate::relay_play::script::{Id, TokenKind};
use crate::relay_play::substitute::put_id;
use crate::relay_play::talk::Talk;
use crate::relay_play::web_stream::{self, WebStream};
use crate::relay_play::websocket;

use super::play::{HOST, Player, tokens};

impl Player {
    pub(super) fn connect(&mut self, stream: &str, name: &str, kind: &TokenKind) {
        let (recording, stream) = self.of(stream);
        let mut sent = recording.sent(stream);
        if let Some(clear) = stream.strip_suffix("-aftertls") {
            // What was sent in clear, and what was sent inside TLS, in two files.
            sent = [recording.sent(clear), sent].concat();
        }
        tokens(kind).put_into(&mut sent);
        let talk = if stream.contains("-443") {
            self.over_websocket(&sent)
        } else {
            Recorded::cut(&sent).dial(&self.gateway, HOST)
        };
        self.talks.insert(name.to_owned(), talk);
    }

    pub(super) fn accept(&mut self, stream: &str, name: &str, id: Id) {
        let (recording, stream) = self.of(stream);
        let mut sent = recording.sent(stream);
        if let Id::Invited = id {
            put_id(&mut sent, &self.invitation.as_ref().expect("the listener was invited").id);
        }
        let talk = if stream.contains("-443") {
            let told = self.invitation.as_ref().is_some_and(|invitation| invitation.websocket);
            assert!(told, "the listener was told where to dial for a WebSocket");
            self.over_websocket(&sent)
        } else {
            let mut recorded = Recorded::cut(&sent);
            if let Some(at) = self.invitation.as_ref().and_then(|invitation| invitation.rendezvous) {
                recorded.dials(at);
            }
            recorded.dial(&self.gateway, HOST)
        };
        self.talks.insert(name.to_owned(), talk);
    }

    /// On a WebSocket length and message follow at once.
    fn over_websocket(&self, sent: &[u8]) -> Talk {
        let recorded = websocket::Recorded::read(sent);
        let payload = recorded.payload();
        let (message, _) = relayed::counted(&payload);
        let mut talk = Talk::new(recorded.upgrade(self.https()));
        relayed::say_message(&mut talk, message);
        talk
    }

    pub(super) fn web_stream(&self, create: &str, up: &str, down: &str) -> WebStream {
        let sent = |stream: &str| self.recording.sent(stream);
        web_stream::Recorded { create: sent(create), up: sent(up), down: sent(down) }.open(&self.gateway)
    }

    /// In a web stream there is no preamble: a byte for TLS, then the message.
    pub(super) fn connect_over(&mut self, mut wire: Wire, stream: &str, name: &str) {
        let (recording, stream) = self.of(stream);
        let mut sent = recording.sent(stream);
        tokens(&TokenKind::Good).put_into(&mut sent);
        wire.send(&[1]);
        let mut talk = Talk::new(wire.into_tls(HOST, self.gateway.authority()));
        relayed::say_message(&mut talk, &Recorded::cut(&sent).message);
        self.talks.insert(name.to_owned(), talk);
    }

    pub(super) fn joined(&mut self, sender: &str, service: &str, stream: &str) {
        let (recording, stream) = self.of(stream);
        for (who, action) in [(service, "RelayedAcceptReply"), (sender, "RelayedConnectReply")] {
            self.answered(who, action);
        }
        let (there, back) = (nmf::turns(&recording.sent(stream)), nmf::turns(&recording.received(stream)));
        let mut back = back.into_iter();
        for said in there {
            self.passes(sender, service, &said);
            if let Some(answer) = back.next() {
                self.passes(service, sender, &answer);
            }
        }
        assert_eq!(back.next(), None, "the service said more than the sender asked");
    }

    /// This side is told that it is joined.
    pub(super) fn answered(&mut self, who: &str, action: &str) {
        relayed::expect_reply(self.talking(who), action);
    }

    pub(super) fn still_joined(&mut self, sender: &str, service: &str) {
        self.passes(sender, service, b"there");
        self.passes(service, sender, b"and back");
    }

    fn passes(&mut self, from: &str, to: &str, bytes: &[u8]) {
        self.talking(from).say(bytes);
        let came = self.talking(to).receive_piece(bytes.len());
        assert_eq!(came, bytes, "what {from} says is what {to} hears");
    }

    pub(super) fn faulted(&mut self, who: &str, code: &str) {
        let talk = self.talking(who);
        let (told, words) = envelope::fault(&relayed::reply(talk)).expect("a fault");
        assert_eq!(told, code, "{words}");
        assert!(words.contains("TrackingId:"), "{words}");
        talk.ends();
    }
}
