//! Tokens that others would make, and tokens that must be refused: `fixtures/sas`, made without our code.

// Clippy does not take the helpers of a test crate for tests.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde::Deserialize;
use viaduct::auth::{AuthError, Authorized, SasToken, TokenOptions, authorize};
use viaduct::entity::{
    EntityPath, HostName, Namespace, NamespaceName, Policy, Relay, RelayKind, RelayPath, Right, UnixTime,
};

#[derive(Deserialize)]
struct World {
    hosts: Vec<HostName>,
    relay: EntityPath,
    now: UnixTime,
    policies: Vec<LevelPolicy>,
}

#[derive(Deserialize)]
struct LevelPolicy {
    level: Level,
    #[serde(flatten)]
    policy: Policy,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Namespace,
    Relay,
}

#[derive(Deserialize)]
struct Clients {
    world: World,
    accepted: Vec<Accepted>,
    accepted_when_bare_is: Vec<Accepted>,
}

#[derive(Deserialize)]
struct Accepted {
    what: String,
    request: String,
    need: Right,
    token: String,
}

#[derive(Deserialize)]
struct Refusals {
    world: World,
    request: String,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    what: String,
    need: Right,
    token: Option<String>,
    words: String,
}

impl World {
    fn namespace(&self) -> Namespace {
        let of = |level| {
            let policies = self.policies.iter().filter(move |policy| policy.level == level);
            policies.map(|policy| policy.policy.clone()).collect::<Vec<_>>()
        };
        let mut relay = Relay::new(self.relay.clone(), RelayKind::Hybrid);
        relay.policies = of(Level::Relay);
        let mut namespace = Namespace::new(NamespaceName::parse("contoso").unwrap());
        namespace.hosts = self.hosts.clone();
        namespace.policies = of(Level::Namespace);
        namespace.insert(relay);
        namespace
    }

    fn ask(
        &self,
        token: Option<&str>,
        need: Right,
        request: &str,
        options: &TokenOptions,
    ) -> Result<Authorized, AuthError> {
        let namespace = self.namespace();
        let path = RelayPath::parse(request).unwrap();
        let relay = namespace.find(&path).map(AsRef::as_ref);
        authorize(token, need, &namespace, relay, &path, self.now, options)
    }
}

fn fixture<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let path = format!("{}/fixtures/sas/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

// Hybrid page 6.3, and the WCF clients of the WCF page 8.1.
#[test]
fn every_client_builds_a_token_that_is_accepted() {
    let clients: Clients = fixture("clients");
    for row in &clients.accepted {
        let answer = clients.world.ask(Some(&row.token), row.need, &row.request, &TokenOptions::default());
        assert!(answer.is_ok(), "{}: {answer:?}", row.what);
    }
    assert!(clients.accepted.len() > 30);
    let with = |text: &str| {
        clients
            .accepted
            .iter()
            .any(|row| row.token.split("&sig=").nth(1).is_some_and(|tail| tail.contains(text)))
    };
    assert!(with("+") && with("%2B") && with("%2b"), "a plus sign in each of its forms must be among them");
}

// Hybrid page 6.4, last sentence.
#[test]
fn an_audience_without_a_scheme_is_accepted_on_demand() {
    let clients: Clients = fixture("clients");
    let bare = TokenOptions { accept_bare_audience: true, ..TokenOptions::default() };
    assert!(!clients.accepted_when_bare_is.is_empty());
    for row in &clients.accepted_when_bare_is {
        let ask = |options| clients.world.ask(Some(&row.token), row.need, &row.request, options);
        assert!(ask(&bare).is_ok(), "{}", row.what);
        assert_eq!(ask(&TokenOptions::default()), Err(AuthError::InvalidAudience), "{}", row.what);
    }
}

// Hybrid page 6.6.
#[test]
fn every_fault_is_refused_in_its_own_words() {
    let refusals: Refusals = fixture("refusals");
    assert!(refusals.refused.len() > 20);
    for row in &refusals.refused {
        let token = row.token.as_deref();
        let answer = refusals.world.ask(token, row.need, &refusals.request, &TokenOptions::default());
        let refusal = answer.err().unwrap_or_else(|| panic!("accepted: {}", row.what));
        assert_eq!(refusal.to_string(), row.words, "{}", row.what);
    }
}

#[test]
fn no_accepted_token_survives_a_changed_signature() {
    let clients: Clients = fixture("clients");
    for row in &clients.accepted {
        let at = row.token.to_ascii_lowercase().find("sig=").unwrap() + 4;
        let other = if row.token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &row.token[..at], &row.token[at + 1..]);
        let answer = clients.world.ask(Some(&changed), row.need, &row.request, &TokenOptions::default());
        assert_eq!(answer, Err(AuthError::InvalidSignature), "{}", row.what);
    }
}

proptest! {
    /// What a token grants is what was signed: another byte anywhere changes nothing that counts, or all.
    #[test]
    fn a_changed_byte_is_refused_or_means_the_same(row in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
        let clients: Clients = fixture("clients");
        let row = row.get(&clients.accepted);
        let mut changed = row.token.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let ask = |token: &str| clients.world.ask(Some(token), row.need, &row.request, &TokenOptions::default());
        if let Ok(granted) = ask(&changed) {
            prop_assert_eq!(Ok(granted), ask(&row.token));
            let (one, two) = (SasToken::parse(&changed).unwrap(), SasToken::parse(&row.token).unwrap());
            prop_assert_eq!(one.audience(), two.audience());
            prop_assert_eq!(one.expires(), two.expires());
        }
    }
}
