//! The token service for clients with a SharedSecret: an issuer's own assertion becomes a token for an address. Wcf-relay page 8.3.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::swt::{SIGNATURE, SwtIssuer, decoded, mint_swt, tag};
use crate::entity::{KeyName, ServiceAddress, UnixTime};

/// A token that was made.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: SecretString,
    /// How long it is good.
    pub life: Duration,
    /// What it counts as, for the log.
    pub acts_as: KeyName,
}

/// Why no token was made. Holds nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenServiceError {
    /// The body is no form.
    #[error("the request is no form")]
    NoForm,
    /// A field is not there, is there twice, or cannot be read.
    #[error("the field {name} is missing or cannot be read")]
    BadField {
        /// Its name.
        name: &'static str,
    },
    /// The assertion is of another kind.
    #[error("the assertion is no simple web token")]
    UnsupportedFormat,
    /// Nobody whose tokens are taken wrote the assertion, or it has expired.
    #[error("the assertion is of no known issuer")]
    NotBelieved,
}

/// Answers the body of `POST /WRAPv0.9/`: `wrap_scope`, `wrap_assertion_format` and `wrap_assertion`. The assertion is a simple web token that
/// names its issuer and is signed with that issuer's key; it needs no audience and no end. The token is the issuer's own, for `wrap_scope` and
/// `life` from `now`.
///
/// # Errors
/// [`TokenServiceError`].
pub fn issue(
    form: &str,
    issuers: &[SwtIssuer],
    life: Duration,
    now: UnixTime,
) -> Result<Issued, TokenServiceError> {
    let scope = field(form, "wrap_scope")?;
    let assertion = field(form, "wrap_assertion")?;
    if field(form, "wrap_assertion_format")? != "SWT" {
        return Err(TokenServiceError::UnsupportedFormat);
    }
    ServiceAddress::parse(&scope).map_err(|_| TokenServiceError::BadField { name: "wrap_scope" })?;
    let issuer = believed(&assertion, issuers, now)?;
    let expires = UnixTime(now.0.saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)));
    // Only a key that is too short makes none, and such a key believes nothing either.
    let token = mint_swt(issuer, &scope, expires).ok_or(TokenServiceError::NotBelieved)?;
    Ok(Issued { token: token.into(), life, acts_as: issuer.acts_as.clone() })
}

impl Issued {
    /// The body of the answer, `application/x-www-form-urlencoded`.
    pub fn body(&self) -> String {
        let token = utf8_percent_encode(self.token.expose_secret(), NON_ALPHANUMERIC);
        format!("wrap_access_token={token}&wrap_access_token_expires_in={}", self.life.as_secs())
    }
}

/// Who wrote an assertion.
fn believed<'a>(
    assertion: &str,
    issuers: &'a [SwtIssuer],
    now: UnixTime,
) -> Result<&'a SwtIssuer, TokenServiceError> {
    let unreadable = TokenServiceError::BadField { name: "wrap_assertion" };
    let (signed, last) = assertion.rsplit_once('&').ok_or(unreadable)?;
    let signature = last.strip_prefix(SIGNATURE).and_then(|rest| rest.strip_prefix('=')).ok_or(unreadable)?;
    let signature = decoded(signature).unwrap_or_default().replace(' ', "+");
    let signature = STANDARD.decode(signature).unwrap_or_default();
    let name = field(signed, "Issuer").map_err(|_| unreadable)?;
    if let Some(end) = optional(signed, "ExpiresOn").map_err(|_| unreadable)?
        && end.parse::<i64>().map_err(|_| unreadable)? < now.0
    {
        return Err(TokenServiceError::NotBelieved);
    }
    let wrote = |issuer: &&SwtIssuer| {
        issuer.issuer == name
            && tag(issuer, signed).is_some_and(|tag| bool::from(tag.ct_eq(signature.as_slice())))
    };
    issuers.iter().find(wrote).ok_or(TokenServiceError::NotBelieved)
}

fn field(form: &str, name: &'static str) -> Result<String, TokenServiceError> {
    optional(form, name)?.filter(|value| !value.is_empty()).ok_or(TokenServiceError::BadField { name })
}

/// The value of a field; one that is there twice cannot be read.
fn optional(form: &str, name: &'static str) -> Result<Option<String>, TokenServiceError> {
    let mut found = None;
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(TokenServiceError::NoForm)?;
        if decoded(key).as_deref() == Some(name) {
            let value = decoded(value).ok_or(TokenServiceError::BadField { name })?;
            if found.replace(value).is_some() {
                return Err(TokenServiceError::BadField { name });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::SwtToken;
    use crate::entity::Rights;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const LIFE: Duration = Duration::from_secs(1200);

    fn owner() -> SwtIssuer {
        SwtIssuer {
            issuer: "owner".into(),
            key: STANDARD.encode([7; 32]).into(),
            acts_as: KeyName::parse("owner").unwrap(),
            rights: Rights::ALL,
        }
    }

    // Signed with Python: base64(hmac-sha256(bytes([7]*32), "Issuer=owner")).
    const ASSERTION: &str =
        "Issuer%3downer%26HMACSHA256%3d5Gj%252BuD5GN6KUT1jBYKsDuJ99Ewl2bzeBTmlCijM%252BJIY%253D";

    fn form(assertion: &str) -> String {
        format!(
            "wrap_scope=http%3a%2f%2fns.example.net%2fa%2f&wrap_assertion_format=SWT&wrap_assertion={assertion}"
        )
    }

    fn ask(form: &str) -> Result<Issued, TokenServiceError> {
        issue(form, &[owner()], LIFE, NOW)
    }

    #[test]
    fn a_shared_secret_becomes_a_token_that_the_relay_takes() {
        let issued = ask(&form(ASSERTION)).unwrap();
        let token = SwtToken::parse_within(issued.token.expose_secret(), 8 << 10).unwrap();
        assert!(token.is_of(&owner()));
        assert_eq!((token.audience(), token.expires()), ("http://ns.example.net/a/", UnixTime(NOW.0 + 1200)));
        assert_eq!(token.rights(&owner()), Some(Rights::ALL));
        // The client takes what stands between `=` and `&`, and decodes it.
        let body = issued.body();
        let (first, last) = body.split_once('&').unwrap();
        let value = decoded(first.strip_prefix("wrap_access_token=").unwrap()).unwrap();
        assert_eq!(value, issued.token.expose_secret());
        assert_eq!(last, "wrap_access_token_expires_in=1200");
        assert!(!format!("{issued:?}").contains("HMAC"));
    }

    #[test]
    fn what_is_wrong_is_told_without_what_was_sent() {
        let field = |name| TokenServiceError::BadField { name };
        let good = form(ASSERTION);
        for (form, error) in [
            (String::new(), field("wrap_scope")),
            ("x".to_owned(), TokenServiceError::NoForm),
            (good.replace("SWT", "SAML"), TokenServiceError::UnsupportedFormat),
            (good.replace("http%3a%2f%2fns.example.net%2fa%2f", "a"), field("wrap_scope")),
            (format!("{good}&wrap_scope=b"), field("wrap_scope")),
            (form("Issuer%3downer"), field("wrap_assertion")),
            (good.replace("3downer", "3dOwner"), TokenServiceError::NotBelieved),
            (good.replace("HMACSHA256%3d", "HMACSHA256%3dA"), TokenServiceError::NotBelieved),
            (
                form("Issuer%3downer%26ExpiresOn%3d1799999999%26HMACSHA256%3dAA"),
                TokenServiceError::NotBelieved,
            ),
            (form("Issuer%3downer%26ExpiresOn%3dx%26HMACSHA256%3dAA"), field("wrap_assertion")),
        ] {
            assert_eq!(ask(&form).unwrap_err(), error, "{form}");
        }
        assert_eq!(issue(&good, &[], LIFE, NOW).unwrap_err(), TokenServiceError::NotBelieved);
    }
}
