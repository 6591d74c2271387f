//! Whose simple web tokens a namespace takes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{KeyName, Rights, secret};

/// Somebody whose tokens a namespace takes. Without one, and that is the default, it takes none. Relay page 8.1.
///
/// The store's form (serde) holds the key in clear; `Debug` does not print it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SwtIssuer {
    /// The value of `Issuer`, character by character.
    pub issuer: String,
    /// The key it signs with, 32 bytes or more in base64.
    #[serde(with = "secret")]
    pub key: SecretString,
    /// What its tokens count as in logs and lists.
    pub acts_as: KeyName,
    /// The most that its tokens may allow, whatever they say.
    pub rights: Rights,
}

impl SwtIssuer {
    /// Bytes of a key: as many as its signatures have.
    pub const SHORTEST_KEY: usize = 32;

    /// What its key stands for; `None`: the key is no base64, or too short to be one.
    pub fn key_bytes(&self) -> Option<Vec<u8>> {
        key_bytes(&self.key)
    }
}

/// Whether a text may be the key of an issuer. The words never hold it.
pub(super) fn check_issuer_key(key: &SecretString) -> Result<(), &'static str> {
    key_bytes(key).map(|_| ()).ok_or("the key is not base64 of at least 32 bytes")
}

fn key_bytes(key: &SecretString) -> Option<Vec<u8>> {
    STANDARD.decode(key.expose_secret()).ok().filter(|key| key.len() >= SwtIssuer::SHORTEST_KEY)
}

impl PartialEq for SwtIssuer {
    fn eq(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.acts_as.as_str() == other.acts_as.as_str()
            && self.rights == other.rights
            && secret::same(&self.key, &other.key)
    }
}

impl Eq for SwtIssuer {}
