//! The player: what it holds, and which step is played by what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::relay_play::Recording;
use crate::relay_play::binary_xml::Element;
use crate::relay_play::control_link::ControlLink;
use crate::relay_play::envelope;
use crate::relay_play::invitation::Invitation;
use crate::relay_play::oneway::OneWay;
pub(in crate::relay_play) use crate::relay_play::road::HOST;
use crate::relay_play::scenario::{Scenario, scenarios};
use crate::relay_play::script::{Step, TokenKind, Written};
use crate::relay_play::substitute::Tokens;
use crate::relay_play::talk::Talk;
use crate::{Gateway, Wire, wait_until};

use super::called::Behind;
use super::http::Client;

/// A key that no policy has.
pub(in crate::relay_play) const WRONG_KEY: &str = "c29tZWJvZHkgZWxzZSdzIGtleSwgMzIgYnl0ZXMgbG9uZw==";

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

/// A scenario as it stands.
pub(super) struct Player {
    pub(super) recording: Recording,
    pub(super) gateway: Gateway,
    pub(super) links: HashMap<String, ControlLink>,
    pub(super) talks: HashMap<String, Talk>,
    pub(super) sessions: HashMap<String, OneWay>,
    /// The last message that each sender of one-way messages sent.
    pub(super) said: HashMap<String, Element>,
    pub(super) invitation: Option<Invitation>,
    pub(super) clients: HashMap<String, Client>,
    /// Listeners' connections that have got their reply.
    pub(super) joined_services: HashSet<String>,
    /// A connector and its service.
    pub(super) behind: Option<Behind>,
    /// The path of the relay.
    pub(super) relay: String,
    /// Requests that the script writes, by their names.
    pub(super) requests: BTreeMap<String, Written>,
    reloads: usize,
}

impl Player {
    fn new(scenario: &Scenario) -> Self {
        Self {
            recording: Recording::open(scenario.folder()),
            gateway: Gateway::start(scenario.config().host(HOST)),
            links: HashMap::new(),
            talks: HashMap::new(),
            sessions: HashMap::new(),
            said: HashMap::new(),
            invitation: None,
            clients: HashMap::new(),
            joined_services: HashSet::new(),
            behind: None,
            relay: scenario.relay.clone(),
            requests: scenario.requests.clone(),
            reloads: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Link { stream, name, refused, tokens } => {
                self.link(stream, name, refused.as_deref(), tokens);
            }
            Step::LinkBegun { stream } => self.link_begun(stream),
            Step::Upgraded { stream } => self.upgraded(stream),
            Step::Renew { link } => self.linked(link).renew(),
            Step::Connect { stream, name, tokens } => self.connect(stream, name, tokens),
            Step::Invited { link } => self.invited(link),
            Step::Accept { stream, name, id } => self.accept(stream, name, *id),
            Step::Joined { sender, service, stream } => self.joined(sender, service, stream),
            Step::Connector => self.serve(),
            Step::Called { sender, stream } => self.called(sender, stream),
            Step::StillJoined { sender, service } => self.still_joined(sender, service),
            Step::Faulted { who, code } => self.faulted(who, code),
            Step::Detached { link, condition } => self.linked(link).expect_detached(condition.as_deref()),
            Step::Stop { link } => self.linked(link).stop(),
            Step::Ended { who } => self.talking(who).ends(),
            Step::HangUp { who } => self.hang_up(who),
            Step::Quiet { link, milliseconds } => {
                self.linked(link).expect_quiet(Duration::from_millis(*milliseconds));
            }
            Step::Probe { stream } => self.probe(stream),
            Step::OneWay { stream, name, tokens, faulted } => {
                self.one_way(stream, name, tokens, faulted.as_deref());
            }
            Step::Listen { stream, name } => self.listen(stream, name),
            Step::Send { sender } => self.send(sender),
            Step::Delivered { sender, link } => self.delivered(sender, link),
            Step::Acknowledged { sender } => self.acknowledged(sender),
            Step::SendFaulted { sender, code } => self.send_faulted(sender, code),
            Step::End { sender } => self.session(sender).end(),
            Step::Request(request) => self.request(request),
            Step::Served(served) => self.served(served),
            Step::Answered { client, stream } => self.http_answered(client, stream),
            Step::Succeeded { client, status, words } => self.http_succeeded(client, *status, words),
            Step::Failed { client, status, words } => self.http_failed(client, *status, words),
            Step::ConnectOverWebStream { create, up, down, stream, name } => {
                let web_stream = self.web_stream(create, up, down);
                self.connect_over(web_stream.into_wire(), stream, name);
            }
            Step::WebStreamProbe { create, up, down } => drop(self.web_stream(create, up, down)),
            Step::Drain => self.gateway.terminate(),
            Step::Restart => self.gateway.restart(),
            Step::Reload { from, to } => self.reload(from, to),
        }
    }

    fn hang_up(&mut self, who: &str) {
        if let Some(link) = self.links.remove(who) {
            return link.hang_up();
        }
        if let Some(mut session) = self.sessions.remove(who) {
            return session.hang_up();
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

    /// A connection to the door `https`, as the library opens one.
    pub(super) fn https(&self) -> Wire {
        Wire::tls(self.gateway.door("https"), HOST, self.gateway.authority())
    }

    /// The recording and the stream that `stream` names: `004-9352`, or `v2.7.5/accept-fault-v2.7.5:004-9352`.
    pub(super) fn of<'a>(&self, stream: &'a str) -> (Recording, &'a str) {
        match stream.split_once(':') {
            Some((folder, stream)) => (Recording::open(folder), stream),
            None => (self.recording.clone(), stream),
        }
    }

    pub(super) fn linked(&mut self, name: &str) -> &mut ControlLink {
        self.links.get_mut(name).unwrap_or_else(|| panic!("no link is called {name}"))
    }

    pub(super) fn talking(&mut self, name: &str) -> &mut Talk {
        self.talks.get_mut(name).unwrap_or_else(|| panic!("no connection is called {name}"))
    }

    pub(super) fn session(&mut self, name: &str) -> &mut OneWay {
        self.sessions.get_mut(name).unwrap_or_else(|| panic!("no session is called {name}"))
    }
}

/// How the tokens of a recording are signed again.
pub(super) fn tokens(kind: &TokenKind) -> Tokens {
    match kind {
        TokenKind::Good => Tokens::good(),
        TokenKind::Recorded => Tokens::recorded(),
        TokenKind::WrongKey => Tokens::signed_with(WRONG_KEY),
        TokenKind::Ending(ends) => Tokens::ending_in(ends),
    }
}

/// The headers of these names say what they said in the recording.
pub(super) fn same_headers(recorded: &Element, live: &Element, names: &[&str]) {
    for name in names {
        assert_eq!(envelope::header(live, name), envelope::header(recorded, name), "{name}");
    }
}
