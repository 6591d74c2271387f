//! The answer to one question: may he?

use std::time::Duration;

use super::audience::{BareHost, covers};
use super::signer::is_signature_of;
use super::{AuthError, SasToken};
use crate::entity::{
    KeyName, Limits, Namespace, Policy, Relay, RelayPath, Right, Rights, Timeouts, UnixTime,
};

/// What may be set about the check of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenOptions {
    /// How far clocks may differ: a token is good until so long after its end. Default 300 s. Hybrid page 6.6.
    pub skew: Duration,
    /// Whether an audience without a scheme (`host/path`) is taken. The service refuses it. Default no. Hybrid page 6.4.
    pub accept_bare_audience: bool,
    /// The longest token in bytes. Default 8 KiB. Hybrid page 6.1.
    pub longest: usize,
}

impl Default for TokenOptions {
    fn default() -> Self {
        Self::new(&Limits::default(), &Timeouts::default())
    }
}

impl TokenOptions {
    /// What the gateway's settings say.
    pub fn new(limits: &Limits, timeouts: &Timeouts) -> Self {
        Self { skew: timeouts.token_skew, accept_bare_audience: false, longest: limits.token }
    }
}

/// Somebody who proved who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorized {
    /// The policy whose key he holds, as it is declared.
    pub key_name: KeyName,
    /// What that policy allows.
    pub rights: Rights,
    /// When his token ends; the skew comes on top.
    pub expires: UnixTime,
}

/// Checks a token for something that needs a right. Hybrid page 6.4 to 6.6.
///
/// `relay` is the relay that the *request* addresses: its policies count first, then the namespace's, and no others,
/// whatever path the token names. `path` is the full path of the request.
pub fn authorize(
    token: Option<&str>,
    need: Right,
    namespace: &Namespace,
    relay: Option<&Relay>,
    path: &RelayPath,
    now: UnixTime,
    options: &TokenOptions,
) -> Result<Authorized, AuthError> {
    let authorized = authenticate(token, namespace, relay, path, now, options)?;
    if !authorized.rights.contains(need) {
        return Err(AuthError::MissingRight { needed: need });
    }
    Ok(authorized)
}

/// Checks a sender of a relay: the right Send, or `None` where the relay takes anonymous senders. There a token is
/// not looked at, so that a wrong one is no error. Hybrid page 6.5.
pub fn authorize_sender(
    token: Option<&str>,
    namespace: &Namespace,
    relay: &Relay,
    path: &RelayPath,
    now: UnixTime,
    options: &TokenOptions,
) -> Result<Option<Authorized>, AuthError> {
    if !relay.requires_client_authorization {
        return Ok(None);
    }
    authorize(token, Right::Send, namespace, Some(relay), path, now, options).map(Some)
}

/// Checks a token for something that any right is good for. Parameters as for [`authorize`].
pub fn authenticate(
    token: Option<&str>,
    namespace: &Namespace,
    relay: Option<&Relay>,
    path: &RelayPath,
    now: UnixTime,
    options: &TokenOptions,
) -> Result<Authorized, AuthError> {
    let token = token.filter(|text| !text.trim().is_empty()).ok_or(AuthError::MissingToken)?;
    let token = SasToken::parse_within(token, options.longest).map_err(AuthError::MalformedToken)?;
    // The signature first: only what a key's holder wrote is worth an answer of its own.
    let policy = signer_of(&token, namespace, relay).ok_or(AuthError::InvalidSignature)?;
    if token.expires() < now.saturating_sub(options.skew) {
        return Err(AuthError::ExpiredToken { expired: token.expires() });
    }
    let bare = if options.accept_bare_audience { BareHost::Accepted } else { BareHost::Refused };
    if !covers(token.audience(), namespace, path, bare) {
        return Err(AuthError::InvalidAudience);
    }
    Ok(Authorized { key_name: policy.name.clone(), rights: policy.rights, expires: token.expires() })
}

/// The policy that made a token: the relay's of that name, else, also when its keys do not match, the namespace's.
fn signer_of<'a>(token: &SasToken, namespace: &'a Namespace, relay: Option<&'a Relay>) -> Option<&'a Policy> {
    let own = relay.map_or(&[][..], |relay| &relay.policies);
    let named = own.iter().chain(&namespace.policies).filter(|policy| token.is_signed_by(&policy.name));
    named.into_iter().find(|policy| is_signature_of(token, policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{TokenError, mint};
    use crate::entity::{EntityPath, HostName, NamespaceName, RelayKind};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn policy(name: &str, rights: Rights, keys: [&str; 2]) -> Policy {
        let [primary, secondary] = keys.map(|key| key.to_owned().into());
        Policy::new(KeyName::parse(name).unwrap(), rights, primary, Some(secondary)).unwrap()
    }

    /// Namespace policies `root` and `shared`, relay policies `shared` (listen) and `send`.
    fn world() -> (Namespace, Relay) {
        let mut relay = Relay::new(EntityPath::parse("plant7/press").unwrap(), RelayKind::Hybrid);
        relay.policies = vec![
            policy("shared", Rights::LISTEN, ["relay-shared-1", "relay-shared-2"]),
            policy("send", Rights::SEND, ["send-1", "send-2"]),
        ];
        let mut namespace = Namespace::new(NamespaceName::parse("contoso").unwrap());
        namespace.hosts = vec![HostName::parse("relay.example.net").unwrap()];
        namespace.policies = vec![
            policy("root", Rights::ALL, ["root-1", "root-2"]),
            policy("Shared", Rights::ALL, ["ns-shared-1", "ns-shared-2"]),
        ];
        namespace.insert(relay.clone());
        (namespace, relay)
    }

    fn token(path: &str, name: &str, key: &str, expires: UnixTime) -> String {
        let audience = format!("http://relay.example.net/{path}");
        mint(&audience, &KeyName::parse(name).unwrap(), &key.to_owned().into(), expires)
    }

    fn ask(token: &str, need: Right) -> Result<Authorized, AuthError> {
        let (namespace, relay) = world();
        let path = RelayPath::parse("/plant7/press/cell/4").unwrap();
        authorize(Some(token), need, &namespace, Some(&relay), &path, NOW, &TokenOptions::default())
    }

    fn good(path: &str, name: &str, key: &str) -> String {
        token(path, name, key, UnixTime(NOW.0 + 3600))
    }

    #[test]
    fn says_whose_key_it_was_what_it_allows_and_until_when() {
        let authorized = ask(&good("plant7/press", "SEND", "send-1"), Right::Send).unwrap();
        assert_eq!(authorized.key_name.as_str(), "send");
        assert!(authorized.rights.is_send_alone());
        assert_eq!(authorized.expires, UnixTime(NOW.0 + 3600));
    }

    #[test]
    fn both_keys_at_both_levels_count() {
        for (name, key) in [("send", "send-1"), ("send", "send-2"), ("root", "root-1"), ("root", "root-2")] {
            assert!(ask(&good("", name, key), Right::Send).is_ok(), "{name} {key}");
        }
    }

    #[test]
    fn the_relays_policy_comes_first_and_the_namespaces_when_its_keys_do_not_match() {
        let listen = ask(&good("", "shared", "relay-shared-2"), Right::Listen).unwrap();
        assert_eq!(listen.rights, Rights::LISTEN);
        let all = ask(&good("", "shared", "ns-shared-2"), Right::Manage).unwrap();
        assert_eq!((all.key_name.as_str(), all.rights), ("Shared", Rights::ALL));
        assert_eq!(ask(&good("", "shared", "send-1"), Right::Listen), Err(AuthError::InvalidSignature));
    }

    #[test]
    fn only_the_relay_that_is_addressed_lends_its_policies() {
        let (namespace, _) = world();
        let other = Relay::new(EntityPath::parse("plant7").unwrap(), RelayKind::Hybrid);
        // The token names the relay that knows the key; the request goes to another one.
        let token = good("", "send", "send-1");
        let path = RelayPath::parse("/plant7/other").unwrap();
        for relay in [Some(&other), None] {
            let answer =
                authorize(Some(&token), Right::Send, &namespace, relay, &path, NOW, &TokenOptions::default());
            assert_eq!(answer, Err(AuthError::InvalidSignature));
        }
    }

    #[test]
    fn unknown_name_and_wrong_key_are_told_alike() {
        assert_eq!(ask(&good("", "nobody", "root-1"), Right::Send), Err(AuthError::InvalidSignature));
        assert_eq!(ask(&good("", "root", "wrong"), Right::Send), Err(AuthError::InvalidSignature));
    }

    #[test]
    fn expires_after_the_skew() {
        let ended = |ago: i64| ask(&token("", "root", "root-1", UnixTime(NOW.0 - ago)), Right::Send);
        assert!(ended(299).is_ok());
        assert!(ended(300).is_ok());
        assert_eq!(ended(301), Err(AuthError::ExpiredToken { expired: UnixTime(NOW.0 - 301) }));
        // Less than a minute left is enough, and there is no upper bound.
        assert!(ended(-1).is_ok());
        assert!(ask(&token("", "root", "root-1", UnixTime(i64::MAX)), Right::Send).is_ok());
    }

    #[test]
    fn wrong_audience_is_refused_and_a_deeper_one_is_not() {
        assert!(ask(&good("plant7/press/cell", "send", "send-1"), Right::Send).is_ok());
        for path in ["plant7/pre", "plant8", "plant7/press/cell/4/5"] {
            assert_eq!(
                ask(&good(path, "send", "send-1"), Right::Send),
                Err(AuthError::InvalidAudience),
                "{path}"
            );
        }
    }

    #[test]
    fn missing_right_names_what_is_needed() {
        for (need, name, key) in [
            (Right::Listen, "send", "send-1"),
            (Right::Send, "shared", "relay-shared-1"),
            (Right::Manage, "send", "send-1"),
        ] {
            assert_eq!(ask(&good("", name, key), need), Err(AuthError::MissingRight { needed: need }));
        }
    }

    #[test]
    fn of_several_faults_the_earlier_check_speaks() {
        let ended = UnixTime(NOW.0 - 9999);
        assert_eq!(
            ask(&token("plant8", "root", "wrong", ended), Right::Send),
            Err(AuthError::InvalidSignature)
        );
        assert!(matches!(
            ask(&token("plant8", "send", "send-1", ended), Right::Listen),
            Err(AuthError::ExpiredToken { .. })
        ));
        assert_eq!(ask(&good("plant8", "send", "send-1"), Right::Listen), Err(AuthError::InvalidAudience));
    }

    #[test]
    fn no_token_and_a_blank_one_are_missing() {
        let (namespace, relay) = world();
        let path = RelayPath::parse("/plant7/press").unwrap();
        for token in [None, Some(""), Some("  ")] {
            let answer =
                authorize(token, Right::Send, &namespace, Some(&relay), &path, NOW, &TokenOptions::default());
            assert_eq!(answer, Err(AuthError::MissingToken));
        }
        assert_eq!(ask("nonsense", Right::Send), Err(AuthError::MalformedToken(TokenError::NotSas)));
    }

    #[test]
    fn longest_token_can_be_set() {
        let (namespace, relay) = world();
        let path = RelayPath::parse("/plant7/press").unwrap();
        let token = good("", "root", "root-1");
        let length = token.len();
        let ask = |longest| {
            let options = TokenOptions { longest, ..TokenOptions::default() };
            authorize(Some(&token), Right::Send, &namespace, Some(&relay), &path, NOW, &options)
        };
        assert!(ask(length).is_ok());
        let error = TokenError::TooLong { length, most: length - 1 };
        assert_eq!(ask(length - 1), Err(AuthError::MalformedToken(error)));
    }

    #[test]
    fn anonymous_relay_asks_nobody_and_a_wrong_token_is_no_error() {
        let (namespace, mut relay) = world();
        let path = RelayPath::parse("/plant7/press").unwrap();
        let options = TokenOptions::default();
        let token = good("", "send", "send-1");
        let ask = |relay: &Relay, token: Option<&str>| {
            authorize_sender(token, &namespace, relay, &path, NOW, &options)
        };
        assert_eq!(ask(&relay, None), Err(AuthError::MissingToken));
        assert!(ask(&relay, Some(&token)).unwrap().is_some());
        relay.requires_client_authorization = false;
        assert_eq!(ask(&relay, None), Ok(None));
        assert_eq!(ask(&relay, Some("nonsense")), Ok(None));
    }

    #[test]
    fn any_right_is_enough_to_be_known() {
        let (namespace, relay) = world();
        let path = RelayPath::parse("/plant7/press").unwrap();
        let token = good("", "shared", "relay-shared-1");
        let known =
            authenticate(Some(&token), &namespace, Some(&relay), &path, NOW, &TokenOptions::default());
        assert_eq!(known.unwrap().rights, Rights::LISTEN);
    }
}
