//! HTTP senders, and the leg on which a listener answers them.

use crate::relay_play::http::Recorded;
use crate::relay_play::http_leg::{self, Asked};
use crate::relay_play::script::{Question, Request, Scheme, Served, TokenKind};
use crate::relay_play::xml_text;
use crate::{Answer, Token, Wire};

use super::play::{HOST, Player, WRONG_KEY, tokens};

/// A client and how often it has asked.
pub(super) struct Client {
    wire: Wire,
    asked: usize,
    /// The method of its last request.
    method: String,
}

impl Player {
    /// Sends a request, on a connection of its own for the client's first.
    pub(super) fn request(&mut self, step: &Request) {
        let name = &step.name;
        if !self.clients.contains_key(name) {
            let wire = match step.over {
                Scheme::Https => self.https(),
                Scheme::Http => Wire::tcp(self.gateway.door("http")),
            };
            self.clients.insert(name.clone(), Client { wire, asked: 0, method: String::new() });
        }
        let request = self.next_request(step);
        let client = self.client(name);
        client.asked += 1;
        request.method().clone_into(&mut client.method);
        request.send(&mut client.wire);
    }

    /// The client's next request, as it was recorded or as the script writes it.
    fn next_request(&self, step: &Request) -> Recorded {
        let mut request = match (&step.stream, &step.written) {
            (Some(stream), None) => {
                let (recording, stream) = self.of(stream);
                let mut sent = recording.sent(stream);
                tokens(&step.tokens).put_into(&mut sent);
                let number = self.clients[&step.name].asked;
                Recorded::all(&sent).into_iter().nth(number).expect("another recorded request")
            }
            (None, Some(written)) => {
                let written = &self.requests[written];
                Recorded::written(&written.head, &written.body())
            }
            _ => panic!("a request is recorded or written"),
        };
        for (from, to) in &step.changed {
            assert!(request.line.contains(from.as_str()), "{from} is not in {}", request.line);
            request.line = request.line.replace(from.as_str(), to);
        }
        if let Some(token) = token(&step.tokens, &self.relay) {
            request.show(token);
        }
        request
    }

    /// The listener is joined with the gateway, reads what it asks, and answers as its library did.
    pub(super) fn served(&mut self, step: &Served) {
        let service = &step.service;
        if self.joined_services.insert(service.clone()) {
            self.answered(service, "RelayedAcceptReply");
        }
        let (recording, stream) = self.of(&step.stream);
        let answers = http_leg::answers(&recording.received(stream));
        let (to_preamble, to_envelope) = &answers[step.answer];
        let talk = self.talking(service);
        let preamble = http_leg::read_preamble(talk);
        talk.say(to_preamble);
        if to_envelope.is_empty() && step.asked == Question::SomethingElse {
            return;
        }
        let envelope = http_leg::read_envelope(talk);
        if step.asked == Question::AsRecorded {
            let recorded = Asked::recorded(&recording.sent(stream)).nth(step.answer).expect("a question");
            let live = Asked { preamble, envelope };
            if let Some(difference) = live.difference(&recorded, &step.changed) {
                panic!("{difference}");
            }
            assert_eq!(live.preamble[..5], recorded.preamble[..5], "version and mode");
        }
        talk.say(to_envelope);
    }

    /// The client gets what the recorded one got.
    pub(super) fn http_answered(&mut self, name: &str, stream: &str) {
        let (recording, stream) = self.of(stream);
        let number = self.clients[name].asked - 1;
        let recorded =
            Recorded::all(&recording.received(stream)).into_iter().nth(number).expect("another answer");
        let live = self.answer(name);
        assert_eq!(live.status, recorded.status(), "{live:?}");
        for (header, value) in &recorded.headers {
            // How an answer is framed is between the gateway and its client.
            if !["Content-Length", "Connection"].contains(&&**header) {
                assert_eq!(&live.all(header).join(","), value, "{header}");
            }
        }
        let is_json = recorded.header("Content-Type").is_some_and(|of| of.starts_with("application/json"));
        if is_json {
            let json = |bytes: &[u8]| -> serde_json::Value { serde_json::from_slice(bytes).expect("JSON") };
            assert_eq!(json(&live.body), json(&recorded.body));
        } else {
            assert_eq!(String::from_utf8_lossy(&live.body), String::from_utf8_lossy(&recorded.body));
        }
    }

    pub(super) fn http_succeeded(&mut self, name: &str, status: u16, words: &str) {
        let answer = self.answer(name);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    }

    /// The client is told of a failure: by a SOAP fault with these words, or in plain XML.
    pub(super) fn http_failed(&mut self, name: &str, status: u16, words: &str) {
        let answer = self.answer(name);
        assert_eq!(answer.status, status, "{}", answer.text());
        let told = xml_text::read(&answer.body);
        assert!(["Envelope", "Error"].contains(&&*told.name), "{told:?}");
        assert!(answer.text().contains(words), "{}", answer.text());
        assert!(answer.text().contains("TrackingId:"), "{}", answer.text());
    }

    fn answer(&mut self, name: &str) -> Answer {
        let client = self.client(name);
        Answer::read(&mut client.wire, &client.method)
    }

    fn client(&mut self, name: &str) -> &mut Client {
        self.clients.get_mut(name).unwrap_or_else(|| panic!("no client is called {name}"))
    }
}

/// A token for a request that was recorded without one, as the recorded relay asked for none.
fn token(kind: &TokenKind, path: &str) -> Option<String> {
    let token = Token::for_audience(&format!("http://{HOST}/{path}/"));
    match kind {
        TokenKind::Good => Some(token.to_string()),
        TokenKind::WrongKey => Some(token.key(WRONG_KEY).to_string()),
        TokenKind::Recorded => None,
        TokenKind::Ending(ends) => Some(token.ends_in(ends[0]).to_string()),
    }
}
