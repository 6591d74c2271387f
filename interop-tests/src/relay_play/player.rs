//! Plays a scenario, step by step, against a gateway of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::{Gateway, OTHER_KEY, Wire, wait_until};

use super::Recording;
use super::binary_xml::Element;
use super::control_link::{ControlLink, unwrapped};
use super::envelope;
use super::nmf;
use super::relayed::{self, Recorded};
use super::script::{Id, Scenario, Step, TokenKind, scenarios};
use super::substitute::{Tokens, put_id};
use super::talk::Talk;

/// The host of all recordings.
pub(super) const HOST: &str = "contoso.servicebus.windows.net";

/// A key that no policy has.
const WRONG_KEY: &str = "c29tZWJvZHkgZWxzZSdzIGtleSwgMzIgYnl0ZXMgbG9uZw==";

/// Plays the scenario of this name to its end.
///
/// # Panics
/// When the gateway does not lead it there; which step it was is printed.
pub fn play(name: &str) {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == name);
    let scenario = scenario.unwrap_or_else(|| panic!("no script is called {name}"));
    let mut player = Player::new(&scenario);
    for (number, step) in scenario.steps.iter().enumerate() {
        let _said = Said { scenario: &scenario, number, step };
        player.step(step);
    }
}

/// Says at which step a test failed.
struct Said<'a> {
    scenario: &'a Scenario,
    number: usize,
    step: &'a Step,
}

impl Drop for Said<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}, step {}: {:?}", self.scenario.name, self.number + 1, self.step);
        }
    }
}

struct Player {
    recording: Recording,
    gateway: Gateway,
    links: HashMap<String, ControlLink>,
    talks: HashMap<String, Talk>,
    /// What the last invitation said.
    invitation: Option<Invitation>,
    reloads: usize,
}

/// Where a listener is to dial, and the id it is to show.
struct Invitation {
    id: String,
    address: SocketAddr,
}

impl Player {
    fn new(scenario: &Scenario) -> Self {
        Self {
            recording: Recording::open(scenario.folder()),
            gateway: Gateway::start(scenario.config().host(HOST)),
            links: HashMap::new(),
            talks: HashMap::new(),
            invitation: None,
            reloads: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Link { stream, name, refused, tokens } => {
                self.link(stream, name, refused.as_deref(), tokens)
            }
            Step::Renew { link } => self.linked(link).renew(),
            Step::Connect { stream, name, tokens } => self.connect(stream, name, tokens),
            Step::Invited { link } => self.invited(link),
            Step::Accept { stream, name, id } => self.accept(stream, name, *id),
            Step::Joined { sender, service, stream } => self.joined(sender, service, stream),
            Step::StillJoined { sender, service } => self.still_joined(sender, service),
            Step::Faulted { who, code } => self.faulted(who, code),
            Step::Detached { link, condition } => self.linked(link).expect_detached(condition.as_deref()),
            Step::Stop { link } => self.linked(link).stop(),
            Step::HangUp { who } => self.hang_up(who),
            Step::Quiet { link, milliseconds } => {
                self.linked(link).expect_quiet(Duration::from_millis(*milliseconds));
            }
            Step::Drain => self.gateway.terminate(),
            Step::Restart => self.gateway.restart(),
            Step::Reload { from, to } => self.reload(from, to),
        }
    }

    fn link(&mut self, stream: &str, name: &str, refused: Option<&str>, kind: &TokenKind) {
        let (recording, stream) = self.of(stream);
        let mut sent = recording.sent(stream);
        tokens(kind).put_into(&mut sent);
        let wire = Wire::tls(self.gateway.door("amqps"), HOST, self.gateway.authority());
        let mut link = ControlLink::open(Talk::new(wire), &sent, &recording.received(stream));
        match refused {
            None => link.expect_online(),
            Some(condition) => link.expect_refused(condition),
        }
        self.links.insert(name.to_owned(), link);
    }

    fn connect(&mut self, stream: &str, name: &str, kind: &TokenKind) {
        let (recording, stream) = self.of(stream);
        let mut recorded = recording.sent(stream);
        if let Some(clear) = stream.strip_suffix("-aftertls") {
            // What was sent in clear, and what was sent inside TLS, in two files.
            recorded = [recording.sent(clear), recorded].concat();
        }
        tokens(kind).put_into(&mut recorded);
        let talk = Recorded::cut(&recorded).dial(&self.gateway, self.gateway.door("rendezvous"), HOST);
        self.talks.insert(name.to_owned(), talk);
    }

    fn invited(&mut self, link: &str) {
        let rendezvous = self.gateway.door("rendezvous");
        let (outer, recorded) = self.linked(link).delivery();
        let inner = unwrapped(&outer);
        if let Some(recorded) = &recorded {
            same_headers(recorded, &outer, &["RelayVia", "To"]);
            same_headers(&unwrapped(recorded), &inner, &["Action", "To"]);
        }
        assert_eq!(envelope::header(&outer, "Action").as_deref(), Some("OnewaySend"));
        assert_eq!(envelope::header(&outer, "RelatesTo"), None, "it would be taken for a reply");
        let connect =
            envelope::body(&inner).child("RelayedConnect").expect("an invitation to a relayed connection");
        let order = connect.elements().map(|part| MEMBERS.iter().position(|member| *member == part.name));
        assert!(
            order.is_sorted() && connect.elements().all(|part| MEMBERS.contains(&&*part.name)),
            "{connect:?}"
        );
        let text =
            |name: &str| connect.child(name).unwrap_or_else(|| panic!("no {name}: {connect:?}")).text();
        let ip: u32 = text("IpAddress").parse().expect("an IPv4 address as a number");
        let address = SocketAddr::new(ip.to_le_bytes().into(), text("IpPort").parse().expect("a port"));
        assert_eq!(address, rendezvous, "the listener is told where the rendezvous is");
        self.invitation = Some(Invitation { id: text("Id"), address });
    }

    fn accept(&mut self, stream: &str, name: &str, id: Id) {
        let (recording, stream) = self.of(stream);
        let mut recorded = Recorded::cut(&recording.sent(stream));
        let address = match id {
            Id::Invited => {
                let invitation = self.invitation.as_ref().expect("the listener was invited");
                put_id(&mut recorded.message, &invitation.id);
                invitation.address
            }
            Id::Unknown => self.gateway.door("rendezvous"),
        };
        recorded.dials(address);
        let talk = recorded.dial(&self.gateway, address, HOST);
        self.talks.insert(name.to_owned(), talk);
    }

    fn joined(&mut self, sender: &str, service: &str, stream: &str) {
        let (recording, stream) = self.of(stream);
        for (who, action) in [(service, "RelayedAcceptReply"), (sender, "RelayedConnectReply")] {
            let reply = relayed::reply(self.talking(who));
            assert_eq!(envelope::fault(&reply), None);
            assert_eq!(envelope::header(&reply, "Action").as_deref(), Some(action));
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

    fn still_joined(&mut self, sender: &str, service: &str) {
        self.passes(sender, service, b"there");
        self.passes(service, sender, b"and back");
    }

    fn passes(&mut self, from: &str, to: &str, bytes: &[u8]) {
        self.talking(from).say(bytes);
        let came = self.talking(to).receive(bytes.len());
        assert_eq!(came, bytes, "what {from} says is what {to} hears");
    }

    fn faulted(&mut self, who: &str, code: &str) {
        let talk = self.talking(who);
        let (told, words) = envelope::fault(&relayed::reply(talk)).expect("a fault");
        assert_eq!(told, code, "{words}");
        assert!(words.contains("TrackingId:"), "{words}");
        talk.ends();
    }

    fn hang_up(&mut self, who: &str) {
        if let Some(link) = self.links.remove(who) {
            return link.hang_up();
        }
        self.talking(who).finish();
    }

    fn reload(&mut self, from: &str, to: &str) {
        let file = self.gateway.directory().join("viaduct.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration");
        assert!(text.contains(from), "{from} is not in\n{text}");
        std::fs::write(&file, text.replace(from, to)).expect("the configuration is written");
        self.gateway.hang_up();
        self.reloads += 1;
        let reloads = self.reloads;
        let gateway = &self.gateway;
        wait_until("the reload", || gateway.log().matches("configuration reloaded").count() == reloads);
    }

    /// The recording and the stream that `stream` names: `004-9352`, or `v2.7.5/accept-fault-v2.7.5:004-9352`.
    fn of<'a>(&self, stream: &'a str) -> (Recording, &'a str) {
        match stream.split_once(':') {
            Some((folder, stream)) => (Recording::open(folder), stream),
            None => (self.recording.clone(), stream),
        }
    }

    fn linked(&mut self, name: &str) -> &mut ControlLink {
        self.links.get_mut(name).unwrap_or_else(|| panic!("no link is called {name}"))
    }

    fn talking(&mut self, name: &str) -> &mut Talk {
        self.talks.get_mut(name).unwrap_or_else(|| panic!("no connection is called {name}"))
    }
}

/// The parts of an invitation; the library reads them in this order and no other. Relay page 4.5.
const MEMBERS: &[&str] = &[
    "Id",
    "IpAddress",
    "IpPort",
    "HttpAddress",
    "HttpPort",
    "HttpsAddress",
    "HttpsPort",
    "InstanceDnsAddress",
];

/// The headers of these names say what they said in the recording.
fn same_headers(recorded: &Element, live: &Element, names: &[&str]) {
    for name in names {
        assert_eq!(envelope::header(live, name), envelope::header(recorded, name), "{name}");
    }
}

fn tokens(kind: &TokenKind) -> Tokens {
    debug_assert_ne!(WRONG_KEY, OTHER_KEY);
    match kind {
        TokenKind::Good => Tokens::good(),
        TokenKind::Recorded => Tokens::recorded(),
        TokenKind::WrongKey => Tokens::signed_with(WRONG_KEY),
        TokenKind::Ending(ends) => Tokens::ending_in(ends),
    }
}
