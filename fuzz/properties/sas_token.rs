//! What proves who somebody is, and what it is for: tokens, connection strings, paths. Hybrid page 6 and 1.

use std::sync::LazyLock;

use secrecy::{ExposeSecret, SecretString};
use viaduct::auth::{SasToken, SwtIssuer, SwtToken, TokenOptions, authorize, mint, mint_swt};
use viaduct::entity::{
    ConnectionString, Credential, EntityPath, HostName, KeyName, Namespace, NamespaceName, RelayPath, Right,
    Rights, UnixTime,
};

use super::options::options;

/// A token of 8 KiB and its parts, a few times over.
pub const MEMORY: usize = 1 << 20;

/// Options: what the rest is, and when it is.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, now], rest) = options(input);
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match kind % 5 {
        4 => simple_web_token(text),
        0 => token(text, now),
        1 => connection_string(text),
        2 => path(text),
        _ => names(text),
    }
}

static NAMESPACE: LazyLock<Namespace> = LazyLock::new(|| {
    let mut namespace = Namespace::new(NamespaceName::parse("contoso").expect("a name"));
    namespace.hosts = vec![HostName::parse("relay.example.net").expect("a host")];
    namespace
});

fn token(text: &str, now: u8) {
    // Nobody has a key here, so nothing is believed, whatever it says.
    let path = RelayPath::parse("/plant7/press").expect("a path");
    let options = TokenOptions::default();
    let now = UnixTime(i64::from(now) << 24);
    let refused = authorize(Some(text), Right::Send, &NAMESPACE, None, &path, now, &options);
    assert!(refused.is_err_and(|error| !error.to_string().is_empty()));
    assert!(SasToken::parse_within(text, text.len().saturating_sub(1)).is_err() || text.is_empty());
    let Ok(token) = SasToken::parse(text) else { return };
    assert!(text.len() <= SasToken::LONGEST);
    assert_eq!(SasToken::parse(&format!(" {text} ")).ok().as_ref(), Some(&token));
    // One for the same, made here, says the same.
    let Ok(name) = KeyName::parse("listen") else { return };
    let minted = mint(token.audience(), &name, &SecretString::from("secret"), token.expires());
    if let Ok(again) = SasToken::parse_within(&minted, usize::MAX) {
        assert_eq!((again.audience(), again.expires()), (token.audience(), token.expires()));
        assert!(again.is_signed_by(&name));
        let signature = minted.split("&sig=").nth(1).and_then(|rest| rest.split('&').next());
        assert!(signature.is_some_and(|signature| !format!("{again:?}").contains(signature)));
    } else {
        panic!("{minted}");
    }
}

/// A token of an access control service.
fn simple_web_token(text: &str) {
    let issuer = SwtIssuer {
        issuer: "https://sts.example.net/".to_owned(),
        key: SecretString::from("c2VjcmV0LXRlc3Qta2V5LXNlY3JldC10ZXN0LWtleS0="),
        acts_as: KeyName::parse("sts").expect("a name"),
        rights: Rights::new([Right::Send]).expect("rights"),
    };
    let Ok(token) = SwtToken::parse_within(text, SasToken::LONGEST) else { return };
    assert!(SwtToken::is_one(text));
    assert!(!token.is_of(&issuer), "nobody has its key here");
    assert!(token.rights(&issuer).is_none_or(|rights| !rights.contains(Right::Manage)));
    let minted = mint_swt(&issuer, token.audience(), token.expires()).expect("a key of 32 bytes");
    let again = SwtToken::parse_within(&minted, usize::MAX).expect("what is minted can be read");
    assert!(again.is_of(&issuer));
    assert_eq!((again.audience(), again.expires()), (token.audience(), token.expires()));
}

fn connection_string(text: &str) {
    let string = match ConnectionString::parse(text) {
        Ok(string) => string,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let written = string.to_string();
    let again = ConnectionString::parse(&written).expect("what is written can be read");
    assert_eq!(again.to_string(), written);
    assert_eq!((&again.host, again.port_or_default()), (&string.host, string.port_or_default()));
    assert_eq!(again.entity_path, string.entity_path);
    assert_eq!(
        HostName::parse_authority(&string.authority()).ok().map(|(host, _)| host),
        Some(string.host.clone())
    );
    let shown = format!("{string:?}");
    let secrets = |credential: &Credential| match credential {
        Credential::Key { key, .. } => Some(key.expose_secret().to_owned()),
        Credential::Token(token) => Some(token.expose_secret().to_owned()),
        Credential::None => None,
    };
    assert_eq!(secrets(&string.credential), secrets(&again.credential));
    // A short one may stand in anything.
    if let Some(secret) = secrets(&string.credential).filter(|secret| secret.len() > 12) {
        let name = match &string.credential {
            Credential::Key { name, .. } => name.as_str(),
            Credential::Token(_) | Credential::None => "",
        };
        let parts = [string.host.as_str(), string.entity_path.as_ref().map_or("", EntityPath::as_str), name];
        assert!(!shown.contains(&secret) || parts.iter().any(|part| part.contains(&secret)));
    }
}

fn path(text: &str) {
    let _ = RelayPath::split_hc(text).map(|rest| assert!(text.ends_with(rest)));
    let path = match RelayPath::parse(text) {
        Ok(path) => path,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(path.raw().starts_with('/') && path.decoded().starts_with('/'));
    assert!(path.raw().trim_start_matches('/') == text.trim_start_matches('/'));
    assert_eq!(path.segments().count(), path.raw_segments().count());
    for segment in path.segments() {
        assert!(
            !matches!(segment, "." | "..")
                && !segment.contains(['/', '\\'])
                && !segment.contains(char::is_control)
        );
    }
    let again = RelayPath::parse(path.raw()).expect("a path is one");
    assert_eq!((again.raw(), again.decoded()), (path.raw(), path.decoded()));
    // Whoever decodes what is passed on sees no other place.
    if let Ok(decoded) = RelayPath::parse(path.decoded()) {
        assert_eq!(decoded.segments().count(), path.segments().count());
    }
    // Each relay above it has it below.
    let segments: Vec<&str> = path.segments().collect();
    for end in 1..=segments.len() {
        let Ok(relay) = EntityPath::parse(&segments[..end].join("/")) else { continue };
        assert!(path.starts_with(&relay));
        let (raw, decoded) = (path.raw_suffix(&relay), path.decoded_suffix(&relay));
        assert!(raw.is_some_and(|raw| path.raw().ends_with(raw)));
        assert!(decoded.is_some_and(|decoded| path.decoded().ends_with(decoded)));
    }
}

fn names(text: &str) {
    if let Ok(host) = HostName::parse(text) {
        assert_eq!(HostName::parse(host.as_str()).ok().as_ref(), Some(&host));
    }
    if let Ok((host, port)) = HostName::parse_authority(text) {
        let written = port.map_or(host.to_string(), |port| format!("{host}:{port}"));
        assert_eq!(HostName::parse_authority(&written).ok(), Some((host, port)));
    }
    if let Ok(path) = EntityPath::parse(text) {
        assert_eq!(EntityPath::parse(path.as_str()).ok().as_ref(), Some(&path));
        assert!(path.segments().all(|segment| !segment.is_empty()));
        let folded = EntityPath::parse(&path.folded());
        assert!(folded.is_ok_and(|folded| folded.folded() == path.folded()));
    }
    if let Ok(name) = KeyName::parse(text) {
        assert!(name.matches(name.as_str()));
        assert_eq!(KeyName::parse(name.as_str()).ok().as_ref(), Some(&name));
    }
    let _ = NamespaceName::parse(text);
}
