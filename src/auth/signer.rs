//! Making and checking signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::SasToken;
use crate::entity::{KeyName, Policy, UnixTime};

/// The signature of a token, in base64 that is not yet encoded. Hybrid page 6.2.
///
/// `audience_encoded` is `sr` exactly as it will stand in the token.
pub fn sign(audience_encoded: &str, key: &SecretString, expires: UnixTime) -> String {
    STANDARD.encode(tag(key, audience_encoded, &expires.0.to_string()))
}

/// A token for `audience` (a URL that is not encoded), signed with one of a policy's keys.
pub fn mint(audience: &str, key_name: &KeyName, key: &SecretString, expires: UnixTime) -> String {
    let sr = utf8_percent_encode(audience, NOT_UNRESERVED).to_string();
    let sig = sign(&sr, key, expires);
    let sig = utf8_percent_encode(&sig, NOT_UNRESERVED);
    let skn = utf8_percent_encode(key_name.as_str(), NOT_UNRESERVED);
    format!("SharedAccessSignature sr={sr}&sig={sig}&se={}&skn={skn}", expires.0)
}

/// Whether a key of this policy made the token's signature: primary, then secondary.
pub(super) fn is_signature_of(token: &SasToken, policy: &Policy) -> bool {
    let Some(signature) = &token.signature else { return false };
    // The text as it stands: clients differ in the case of hex digits and in what they encode. The service itself
    // decodes and encodes again in its own form, so that a client may have signed that one.
    let service_form = service_form(&token.audience);
    let mut fits = Choice::from(0);
    for key in policy.keys() {
        for sr in [&token.audience_raw, &service_form] {
            fits |= tag(key, sr, &token.expires_raw).ct_eq(signature);
        }
    }
    fits.into()
}

/// HMAC-SHA256 of `sr`, a line feed and `se`, keyed with the bytes of the key's text (which is not decoded).
fn tag(key: &SecretString, sr: &str, se: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(sr.as_bytes());
    mac.update(b"\n");
    mac.update(se.as_bytes());
    mac.finalize().into_bytes().into()
}

/// RFC 3986 2.3, in upper-case hex: the form every client reads.
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The form in which .NET encodes: upper-case hex, a blank as `+`, and these left as they are.
fn service_form(audience: &str) -> String {
    const NOT_SAFE: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'*')
        .remove(b'(')
        .remove(b')')
        .remove(b' ');
    utf8_percent_encode(audience, NOT_SAFE).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Rights;

    fn policy(primary: &str, secondary: Option<&str>) -> Policy {
        let secondary = secondary.map(|key| key.to_owned().into());
        Policy::new(KeyName::parse("n").unwrap(), Rights::SEND, primary.to_owned().into(), secondary).unwrap()
    }

    fn token(sr: &str, signed: &str, key: &str) -> SasToken {
        let sig = sign(signed, &key.to_owned().into(), UnixTime(1_893_456_000));
        SasToken::parse(&format!("SharedAccessSignature sr={sr}&sig={sig}&se=1893456000&skn=n")).unwrap()
    }

    // Hybrid page 6.2, the worked example.
    #[test]
    fn signs_as_the_worked_example_says() {
        let key = "c2VjcmV0LXRlc3Qta2V5".to_owned().into();
        let signature = sign("http%3A%2F%2Frelay.example.net%2Fplant7%2F", &key, UnixTime(1_893_456_000));
        assert_eq!(signature, "PgqmcAhRLyvbJi+t+v4SznFjy+B/OFCBZpHAc5qEQ4o=");
    }

    #[test]
    fn mints_a_token_that_fits_its_policy() {
        let text =
            mint("http://h/a b/", &KeyName::parse("n m").unwrap(), &"k".to_owned().into(), UnixTime(5));
        assert!(text.starts_with("SharedAccessSignature sr=http%3A%2F%2Fh%2Fa%20b%2F&sig="), "{text}");
        assert!(text.ends_with("&se=5&skn=n%20m"), "{text}");
        let token = SasToken::parse(&text).unwrap();
        assert!(is_signature_of(&token, &policy("k", None)));
        assert!(!is_signature_of(&token, &policy("K", None)));
    }

    #[test]
    fn both_keys_count() {
        let token = token("http%3a%2f%2fh", "http%3a%2f%2fh", "second");
        assert!(is_signature_of(&token, &policy("first", Some("second"))));
        assert!(is_signature_of(&token, &policy("second", Some("first"))));
        assert!(!is_signature_of(&token, &policy("first", None)));
    }

    #[test]
    fn raw_text_is_signed_and_the_form_of_the_service_is_a_fallback() {
        let policy = policy("k", None);
        // Lower-case hex as sent and as signed.
        assert!(is_signature_of(&token("http%3a%2f%2fh%2fa", "http%3a%2f%2fh%2fa", "k"), &policy));
        // Sent in lower case, signed as .NET writes it.
        assert!(is_signature_of(
            &token("http%3a%2f%2fh%2fa%20b(1)", "http%3A%2F%2Fh%2Fa+b(1)", "k"),
            &policy
        ));
        // Signed before encoding, which nobody does.
        assert!(!is_signature_of(&token("http%3a%2f%2fh%2fa", "http://h/a", "k"), &policy));
        // Another path.
        assert!(!is_signature_of(&token("http%3a%2f%2fh%2fa", "http%3a%2f%2fh%2fb", "k"), &policy));
    }

    #[test]
    fn end_is_signed_as_it_stands() {
        let policy = policy("k", None);
        let sig = STANDARD.encode(tag(&policy.primary_key, "h", "5.50"));
        let token = |se: &str| {
            SasToken::parse(&format!("SharedAccessSignature sr=h&sig={sig}&se={se}&skn=n")).unwrap()
        };
        assert!(is_signature_of(&token("5.50"), &policy));
        assert!(!is_signature_of(&token("5.5"), &policy));
        assert!(!is_signature_of(&token("5"), &policy));
    }
}
