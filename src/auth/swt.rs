//! Simple web tokens, as the access control service made them: wcf-relay page 8.1.

use std::collections::HashSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::TokenError;
pub use crate::entity::SwtIssuer;
use crate::entity::{Right, Rights, UnixTime};

/// The claim that names rights.
const ACTION: &str = "net.windows.servicebus.action";
/// The last pair: the signature of everything in front of its `&`.
pub(super) const SIGNATURE: &str = "HMACSHA256";

/// A token that was read, not yet one that was believed: pairs as in a form, in any order but for the signature.
///
/// `net.windows.servicebus.action=…&Audience=…&ExpiresOn=…&Issuer=…&HMACSHA256=…`. `Debug` shows no signature.
#[derive(Clone)]
pub struct SwtToken {
    signed: String,
    signature: Vec<u8>,
    issuer: String,
    audience: String,
    expires: UnixTime,
    actions: String,
}

impl SwtToken {
    /// Whether a text is to be read as such a token. A shared access signature is none, though it has pairs as well.
    pub fn is_one(text: &str) -> bool {
        text.rsplit_once('&')
            .is_some_and(|(_, last)| last.split_once('=').is_some_and(|(name, _)| name == SIGNATURE))
    }

    /// Reads a token of at most `most` bytes.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse_within(text: &str, most: usize) -> Result<Self, TokenError> {
        if text.len() > most {
            return Err(TokenError::TooLong { length: text.len(), most });
        }
        let missing = TokenError::Missing { name: SIGNATURE };
        let (signed, last) = text.rsplit_once('&').ok_or(missing)?;
        let signature =
            last.strip_prefix(SIGNATURE).and_then(|rest| rest.strip_prefix('=')).ok_or(missing)?;
        // What is no base64 was signed by nobody; that is no fault of form.
        let signature = decoded(signature)
            .and_then(|text| STANDARD.decode(text.replace(' ', "+")).ok())
            .unwrap_or_default();
        let (mut issuer, mut audience, mut expires, mut actions) = (None, None, None, None);
        let mut seen = HashSet::new();
        for pair in signed.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(TokenError::NotAPair)?;
            let name = decoded(name).ok_or(TokenError::NotAPair)?;
            let slot = match name.as_str() {
                "Issuer" => Some(&mut issuer),
                "Audience" => Some(&mut audience),
                "ExpiresOn" => Some(&mut expires),
                ACTION => Some(&mut actions),
                SIGNATURE => return Err(TokenError::NameTwice),
                _ => None,
            };
            if let Some(slot) = slot {
                *slot = Some(decoded(value).ok_or(TokenError::BadValue)?);
            }
            if !seen.insert(name) {
                return Err(TokenError::NameTwice);
            }
        }
        let expires = expires.ok_or(TokenError::Missing { name: "ExpiresOn" })?;
        if expires.is_empty() || !expires.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TokenError::BadValue);
        }
        Ok(Self {
            signed: signed.to_owned(),
            signature,
            issuer: issuer.ok_or(TokenError::Missing { name: "Issuer" })?,
            audience: audience.ok_or(TokenError::Missing { name: "Audience" })?,
            // Digits alone fail for one reason: there are too many of them.
            expires: UnixTime(expires.parse().unwrap_or(i64::MAX)),
            actions: actions.unwrap_or_default(),
        })
    }

    /// When it ends.
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What it is for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Whether this issuer wrote it.
    pub fn is_of(&self, issuer: &SwtIssuer) -> bool {
        let Some(tag) = tag(issuer, &self.signed) else { return false };
        self.issuer == issuer.issuer && bool::from(tag.ct_eq(&self.signature))
    }

    /// What it allows of what its issuer may allow; `None`: nothing.
    pub fn rights(&self, issuer: &SwtIssuer) -> Option<Rights> {
        let named = |right: Right| {
            let mut names = self.actions.split(',').map(str::trim);
            names.any(|name| name.eq_ignore_ascii_case(&right.to_string()))
        };
        let every = [Right::Listen, Right::Send, Right::Manage];
        let allowed = every
            .into_iter()
            // Manage means the other two as well.
            .filter(|right| issuer.rights.contains(*right) && (named(*right) || named(Right::Manage)));
        let allowed: Vec<Right> = allowed.collect();
        Rights::new(allowed).ok()
    }
}

impl fmt::Debug for SwtToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwtToken")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("expires", &self.expires)
            .field("actions", &self.actions)
            .finish_non_exhaustive()
    }
}

/// A token, as the access control service writes it. `None`: the key is no base64, or shorter than 32 bytes.
pub fn mint_swt(issuer: &SwtIssuer, audience: &str, expires: UnixTime) -> Option<String> {
    let rights: Vec<String> = issuer.rights.iter().map(|right| right.to_string()).collect();
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let signed = format!(
        "{ACTION}={}&Audience={}&ExpiresOn={}&Issuer={}",
        encoded(&rights.join(",")),
        encoded(audience),
        expires.0,
        encoded(&issuer.issuer)
    );
    let signature = STANDARD.encode(tag(issuer, &signed)?);
    Some(format!("{signed}&{SIGNATURE}={}", encoded(&signature)))
}

/// HMAC-SHA256, keyed with what the key's base64 stands for; a short key is none.
pub(super) fn tag(issuer: &SwtIssuer, signed: &str) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&issuer.key_bytes()?).ok()?;
    mac.update(signed.as_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// A name or value of a form.
pub(super) fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    Some(percent_decode_str(&text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::KeyName;

    fn issuer(rights: Rights) -> SwtIssuer {
        SwtIssuer {
            issuer: "https://contoso-sb.accesscontrol.windows.net/".into(),
            key: STANDARD.encode([7; 32]).into(),
            acts_as: KeyName::parse("acs").unwrap(),
            rights,
        }
    }

    fn parse(text: &str) -> Result<SwtToken, TokenError> {
        SwtToken::parse_within(text, 8 << 10)
    }

    // Signed with Python: base64(hmac-sha256(bytes([7]*32), everything before "&HMACSHA256=")).
    const SIGNED: &str = "net.windows.servicebus.action=Listen%2cSend&Audience=http%3a%2f%2fh%2fa%2f&ExpiresOn=1893456000&Issuer=https%3a%2f%2fcontoso-sb.accesscontrol.windows.net%2f&HMACSHA256=Nbat145Azj6%2FpRFg1D%2B0IflPUEYxGtISxLTWe%2FSicd4%3D";

    #[test]
    fn reads_and_believes_what_another_program_signed() {
        let token = parse(SIGNED).unwrap();
        assert!(SwtToken::is_one(SIGNED));
        assert_eq!((token.audience(), token.expires()), ("http://h/a/", UnixTime(1_893_456_000)));
        assert!(token.is_of(&issuer(Rights::ALL)));
        assert_eq!(token.rights(&issuer(Rights::ALL)), Rights::new([Right::Listen, Right::Send]).ok());
        assert_eq!(token.rights(&issuer(Rights::SEND)), Some(Rights::SEND));
        assert!(!token.is_of(&SwtIssuer { key: STANDARD.encode([8; 32]).into(), ..issuer(Rights::ALL) }));
        assert!(!token.is_of(&SwtIssuer { issuer: "x".into(), ..issuer(Rights::ALL) }));
        for key in ["", "*", "AAAA"] {
            assert!(!token.is_of(&SwtIssuer { key: key.to_owned().into(), ..issuer(Rights::ALL) }));
        }
        let changed = parse(&SIGNED.replace("Listen%2cSend", "Manage")).unwrap();
        assert!(!changed.is_of(&issuer(Rights::ALL)));
    }

    #[test]
    fn what_is_minted_is_believed() {
        for rights in [Rights::ALL, Rights::SEND, Rights::LISTEN] {
            let issuer = issuer(rights);
            let token = parse(&mint_swt(&issuer, "http://h/a b/", UnixTime(5)).unwrap()).unwrap();
            assert!(token.is_of(&issuer));
            assert_eq!(token.audience(), "http://h/a b/");
            assert_eq!(token.rights(&issuer), Some(rights));
        }
    }

    #[test]
    fn manage_allows_all_that_the_issuer_may_and_nothing_allows_nothing() {
        let rights = |actions: &str, most| {
            let text = format!("{ACTION}={actions}&Audience=a&ExpiresOn=1&Issuer=i&HMACSHA256=AA==");
            parse(&text).unwrap().rights(&issuer(most))
        };
        assert_eq!(rights("Manage", Rights::ALL), Some(Rights::ALL));
        assert_eq!(rights("manage", Rights::SEND), Some(Rights::SEND));
        assert_eq!(rights("Listen", Rights::SEND), None);
        assert_eq!(rights("", Rights::ALL), None);
        assert_eq!(rights("Sending", Rights::ALL), None);
    }

    #[test]
    fn refuses_what_is_no_token() {
        let missing = |name| TokenError::Missing { name };
        for (text, error) in [
            ("", missing(SIGNATURE)),
            ("Issuer=i&Audience=a&ExpiresOn=1", missing(SIGNATURE)),
            ("Issuer=i&Audience=a&HMACSHA256=AA==", missing("ExpiresOn")),
            ("Issuer=i&ExpiresOn=1&HMACSHA256=AA==", missing("Audience")),
            ("Audience=a&ExpiresOn=1&HMACSHA256=AA==", missing("Issuer")),
            ("Issuer=i&Audience=a&ExpiresOn=x&HMACSHA256=AA==", TokenError::BadValue),
            ("Issuer=i&Audience=a&ExpiresOn=&HMACSHA256=AA==", TokenError::BadValue),
            ("Issuer=%FF&Audience=a&ExpiresOn=1&HMACSHA256=AA==", TokenError::BadValue),
            ("Issuer=i&Issuer=i&Audience=a&ExpiresOn=1&HMACSHA256=AA==", TokenError::NameTwice),
            ("Issuer=i&HMACSHA256=x&Audience=a&ExpiresOn=1&HMACSHA256=AA==", TokenError::NameTwice),
            ("Issuer=i&x&Audience=a&ExpiresOn=1&HMACSHA256=AA==", TokenError::NotAPair),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text}");
        }
        assert_eq!(
            SwtToken::parse_within(SIGNED, 10).unwrap_err(),
            TokenError::TooLong { length: SIGNED.len(), most: 10 }
        );
        assert!(!format!("{:?}", parse(SIGNED).unwrap()).contains("signature"));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text);
            if let Ok(token) = parse(&format!("Issuer={text}&Audience={text}&ExpiresOn=1&{ACTION}={text}&HMACSHA256={text}")) {
                prop_assert!(!token.is_of(&issuer(Rights::ALL)));
            }
        }
    }
}
