//! HTTP bindings: a listener that answers what clients ask in requests, one after the other. Relay page 7.

use crate::{Answer, Gateway, Token, Wire};

use super::control_link::ControlLink;
use super::http::Recorded;
use super::http_leg::{self, Asked};
use super::recording::Recording;
use super::road::{HOST, Road, https};
use super::substitute::{Tokens, find};
use super::talk::Talk;

/// How many requests go over one connection of the client, and over one with the listener, which then ends it: both as the library did.
const ON_ONE_CONNECTION: usize = 2;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct HttpBinding {
    /// The listener's registration: folder and stream are fixed, so is the path.
    registration: &'static str,
    path: &'static str,
    /// The client: folder and stream.
    client: (&'static str, &'static str),
    /// The connection on which the listener answers; nothing: it was recorded with other requests than the client's.
    answers: &'static str,
    /// What the client's words become, as it addresses another relay than it was recorded with.
    addressed: Option<(&'static str, &'static str)>,
    /// What of the recorded question is different here; `None`: the recorded question was another one.
    changed: Option<&'static [(&'static str, &'static str)]>,
}

impl HttpBinding {
    /// `BasicHttpRelayBinding`: the library's own client, and a listener that answers as it answered another one.
    pub const BASIC: Self = Self {
        registration: "v2.7.5/http-basic-https-register",
        path: "basic",
        client: ("v2.7.5/http-client-basic", "001-443"),
        answers: "v2.7.5/http-basic-reuse",
        addressed: None,
        changed: None,
    };
    /// The same, answered with a reply of 40 KB.
    pub const BASIC_AND_BIG: Self = Self { answers: "v2.7.5/http-basic-big-reply", ..Self::BASIC };
    /// `WebHttpRelayBinding`: a GET that is answered with JSON.
    pub const WEB: Self = Self {
        registration: "v2.7.5/http-web-register",
        path: "web",
        client: ("v2.7.5/http-web-get-json", "http"),
        answers: "v2.7.5/http-web-get-json",
        addressed: None,
        changed: Some(&[]),
    };
    /// `WS2007HttpRelayBinding`, the one that programs use in place of the abstract `WSHttpRelayBinding`: SOAP 1.2 with addresses. Its own
    /// registration was not recorded.
    pub const WS2007: Self = Self {
        registration: "v2.7.5/http-basic-https-register",
        path: "basic",
        client: ("v2.7.5/http-ws2007-echo", "http"),
        answers: "v2.7.5/http-ws2007-echo",
        addressed: Some(("/ws2007 ", "/basic ")),
        changed: Some(&[(
            "http://contoso.servicebus.windows.net/ws2007",
            "https://contoso.servicebus.windows.net/basic",
        )]),
    };
}

/// A listener that is up, and its client.
pub struct Requests<'a> {
    gateway: &'a Gateway,
    road: Road,
    binding: HttpBinding,
    link: ControlLink,
    /// The client's connection and the listener's, while they last.
    connections: Option<(Wire, Talk)>,
    asked: usize,
}

impl<'a> Requests<'a> {
    /// Registers the listener.
    pub fn listen(gateway: &'a Gateway, road: Road, binding: HttpBinding) -> Self {
        let link = road.link(gateway, &Recording::open(binding.registration), "001-5671");
        Self { gateway, road, binding, link, connections: None, asked: 0 }
    }

    /// The client asks and is answered. For its first request the listener is invited; the next one goes over the same connections.
    pub fn exchange(&mut self) {
        self.exchange_with(|_| ());
    }

    /// The same with a request of so many bytes more, which stand behind its envelope as white space.
    pub fn exchange_long(&mut self, more: usize) {
        self.exchange_with(|request| {
            request.body.extend(std::iter::repeat_n(b' ', more));
            let length = request.body.len().to_string();
            let header = request.headers.iter_mut().find(|(name, _)| name == "Content-Length");
            header.expect("a request with a body").1 = length;
        });
    }

    fn exchange_with(&mut self, change: impl Fn(&mut Recorded)) {
        let number = self.asked % ON_ONE_CONNECTION;
        self.asked += 1;
        let mut request = self.request(number);
        change(&mut request);
        let (mut client, service) = match self.connections.take() {
            Some((client, service)) => (client, Some(service)),
            None => (https(self.gateway), None),
        };
        request.send(&mut client);
        let answers = Recording::open(self.binding.answers);
        let mut service =
            service.unwrap_or_else(|| self.road.service(self.gateway, &mut self.link, &answers, "002-9352"));
        let said = self.answer(&mut service, &answers, number, &request);
        let answer = Answer::read(&mut client, request.method());
        self.check(&answer, &said);
        if self.asked.is_multiple_of(ON_ONE_CONNECTION) {
            service.finish();
        } else {
            self.connections = Some((client, service));
        }
    }

    /// The client's request of this number on its connection, or the only one that it was recorded with.
    fn request(&self, number: usize) -> Recorded {
        let (folder, stream) = self.binding.client;
        let mut sent = Recording::open(folder).sent(stream);
        Tokens::good().put_into(&mut sent);
        let requests = Recorded::all(&sent);
        let mut request = requests[number % requests.len()].clone();
        if let Some((from, to)) = self.binding.addressed {
            assert!(request.line.contains(from), "{}", request.line);
            request.line = request.line.replace(from, to);
        }
        // A client that was no program of the library showed none: its relay asked for none.
        request.show(Token::for_audience(&format!("http://{HOST}/{}/", self.binding.path)).to_string());
        request
    }

    /// The listener reads what the gateway asks, whole, and answers as its library did; what it said.
    fn answer(
        &self,
        service: &mut Talk,
        recording: &Recording,
        number: usize,
        request: &Recorded,
    ) -> Vec<u8> {
        let answers = http_leg::answers(&recording.received("rendezvous"));
        let (to_preamble, to_envelope) = &answers[number % answers.len()];
        let preamble = http_leg::read_preamble(service);
        service.say(to_preamble);
        let live = Asked { preamble, envelope: http_leg::read_envelope(service) };
        let recorded = Asked::recorded(&recording.sent("rendezvous")).next().expect("a question");
        assert_eq!(live.preamble[..5], recorded.preamble[..5], "version and mode");
        if let Some(changed) = self.binding.changed {
            let changed = changed.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
            if let Some(difference) = live.difference(&recorded, &changed.collect::<Vec<_>>()) {
                panic!("{difference}");
            }
        } else {
            assert_eq!(live.form(), recorded.form());
            // All of what the client sent but for its head, in which the gateway says the action.
            let body = &request.body[find(&request.body, b"<s:Body>").expect("a SOAP message")..];
            assert!(live.entity().ends_with(body), "{:?}", live.envelope);
        }
        service.say(to_envelope);
        to_envelope.clone()
    }

    /// The client gets what the recorded one got; where the listener answers as it answered another one, what it said.
    fn check(&self, answer: &Answer, said: &[u8]) {
        if self.binding.changed.is_none() {
            assert_eq!(answer.status, 200, "{answer:?}");
            let said = http_leg::answered(said);
            assert!(!said.is_empty() && said == answer.body, "{}", answer.text());
            return;
        }
        let (folder, stream) = self.binding.client;
        let recorded = Recorded::all(&Recording::open(folder).received(stream)).remove(0);
        assert_eq!(answer.status, recorded.status(), "{answer:?}");
        assert_eq!(answer.header("Content-Type"), recorded.header("Content-Type"));
        assert_eq!(answer.text(), String::from_utf8_lossy(&recorded.body));
    }
}
