//! SAS tokens, made here and not by the library under test.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use crate::{KEY, NAMESPACE};

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Percent-encodes as `encodeURIComponent` does.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A token under construction; `to_string` signs it. Hybrid page 6.1, 6.2.
#[derive(Clone, Debug)]
pub struct Token {
    audience: String,
    policy: String,
    key: String,
    expires: String,
}

impl Token {
    /// A token for `http://{namespace}/{path}`, signed by `RootManageSharedAccessKey`, good for an hour.
    pub fn for_path(path: &str) -> Self {
        Self::for_audience(&format!("http://{NAMESPACE}/{path}"))
    }

    /// A token for a URI, percent-encoded here.
    pub fn for_audience(uri: &str) -> Self {
        Self::for_encoded_audience(&encode(uri))
    }

    /// A token whose `sr` stands as given, for clients that encode differently.
    pub fn for_encoded_audience(audience: &str) -> Self {
        Self {
            audience: audience.to_owned(),
            policy: "RootManageSharedAccessKey".to_owned(),
            key: KEY.to_owned(),
            expires: (now() + 3600).to_string(),
        }
    }

    /// Signs as `policy`.
    pub fn policy(mut self, policy: &str) -> Self {
        policy.clone_into(&mut self.policy);
        self
    }

    /// Signs with `key`.
    pub fn key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    /// Ends `seconds` from now; negative numbers have passed.
    pub fn ends_in(mut self, seconds: i64) -> Self {
        self.expires = (now() + seconds).to_string();
        self
    }

    /// The whole token with this text as its `se`.
    pub fn ends_at(mut self, expires: &str) -> String {
        expires.clone_into(&mut self.expires);
        self.to_string()
    }

    /// The token for a query: `sb-hc-token=…`.
    pub fn query(&self) -> String {
        format!("sb-hc-token={}", encode(&self.to_string()))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).expect("HMAC takes any key");
        mac.update(format!("{}\n{}", self.audience, self.expires).as_bytes());
        let signature = encode(&STANDARD.encode(mac.finalize().into_bytes()));
        let (audience, expires, policy) = (&self.audience, &self.expires, &self.policy);
        write!(f, "SharedAccessSignature sr={audience}&sig={signature}&se={expires}&skn={policy}")
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_secs()).expect("the clock is right")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_worked_example_of_the_protocol_page() {
        // Hybrid Connections page, 6.2.
        let token = Token::for_audience("http://relay.example.net/plant7/").key("c2VjcmV0LXRlc3Qta2V5");
        let token = token.ends_at("1893456000");

        assert!(
            token.to_string().contains(&encode("PgqmcAhRLyvbJi+t+v4SznFjy+B/OFCBZpHAc5qEQ4o=")),
            "{token}"
        );
    }
}
