//! A shared access policy: a name, two keys, some rights.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{KeyName, Rights, secret};

/// A shared access policy of a namespace or of one relay. Hybrid page 6.5.
///
/// The store's form (serde) holds the keys in clear; `Debug` prints none. A key is a text of 1 to 256 characters;
/// it is used as it stands, although it usually is base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// Its name, `skn` in tokens.
    pub name: KeyName,
    /// What its keys allow.
    pub rights: Rights,
    /// The key that connection strings hold.
    #[serde(with = "secret")]
    pub primary_key: SecretString,
    /// A second key that is as good as the first, so that keys can be changed without an interruption.
    #[serde(with = "secret::optional", default, skip_serializing_if = "Option::is_none")]
    pub secondary_key: Option<SecretString>,
}

impl Policy {
    /// The most characters a key may have. Hybrid page 6.1.
    pub const LONGEST_KEY: usize = 256;

    /// A policy whose keys were checked.
    pub fn new(
        name: KeyName,
        rights: Rights,
        primary_key: SecretString,
        secondary_key: Option<SecretString>,
    ) -> Result<Self, PolicyError> {
        let policy = Self { name, rights, primary_key, secondary_key };
        policy.keys().try_for_each(check_key)?;
        Ok(policy)
    }

    /// The primary key, then the secondary one if there is one.
    pub fn keys(&self) -> impl Iterator<Item = &SecretString> {
        [Some(&self.primary_key), self.secondary_key.as_ref()].into_iter().flatten()
    }
}

impl PartialEq for Policy {
    /// Names that differ in case alone make different policies here: this is for telling whether anything changed.
    fn eq(&self, other: &Self) -> bool {
        let keys = match (&self.secondary_key, &other.secondary_key) {
            (Some(one), Some(two)) => secret::same(one, two),
            (None, None) => true,
            _ => false,
        };
        self.name.as_str() == other.name.as_str()
            && self.rights == other.rights
            && secret::same(&self.primary_key, &other.primary_key)
            && keys
    }
}

impl Eq for Policy {}

/// The text of a key made from 32 random bytes: their base64, 44 characters. Hybrid page 6.5.
pub fn key_text(random: &[u8; 32]) -> SecretString {
    SecretString::from(STANDARD.encode(random))
}

/// Whether a text may be a key.
pub(super) fn check_key(key: &SecretString) -> Result<(), PolicyError> {
    let text = key.expose_secret();
    let length = text.chars().count();
    if length == 0 {
        return Err(PolicyError::EmptyKey);
    }
    if length > Policy::LONGEST_KEY {
        return Err(PolicyError::KeyTooLong { length, most: Policy::LONGEST_KEY });
    }
    // A `;` or a blank at an end would not survive a connection string.
    if text.chars().any(|c| c.is_control() || c == ';') || text.trim() != text {
        return Err(PolicyError::BadKey);
    }
    Ok(())
}

/// Whether these policies may stand together on one namespace or one relay.
pub fn check_policies(policies: &[Policy], most: u32) -> Result<(), PolicyError> {
    if policies.len() > most as usize {
        return Err(PolicyError::TooMany { count: policies.len(), most });
    }
    for (index, policy) in policies.iter().enumerate() {
        if policies[..index].iter().any(|earlier| earlier.name == policy.name) {
            return Err(PolicyError::NameTwice { name: policy.name.clone() });
        }
        policy.keys().try_for_each(check_key)?;
    }
    Ok(())
}

/// Why a policy, or a list of them, is refused. Never holds a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A key without a character.
    #[error("the key is empty")]
    EmptyKey,
    /// A key that is too long to be one.
    #[error("the key has {length} characters, at most {most} are allowed")]
    KeyTooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        most: usize,
    },
    /// A key that no connection string could hold.
    #[error("the key holds a semicolon, a control character, or a blank at one end")]
    BadKey,
    /// More policies than one namespace or relay may have.
    #[error("{count} policies, at most {most} are allowed")]
    TooMany {
        /// Policies found.
        count: usize,
        /// Policies allowed.
        most: u32,
    },
    /// Two policies of one name at the same level.
    #[error("policy {name} is there twice")]
    NameTwice {
        /// The name both have, but for its case.
        name: KeyName,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, key: &str) -> Policy {
        Policy::new(KeyName::parse(name).unwrap(), Rights::SEND, key.to_owned().into(), None).unwrap()
    }

    #[test]
    fn key_text_is_44_characters_of_base64() {
        let key = key_text(&[0xff; 32]);
        assert_eq!(key.expose_secret(), "//////////////////////////////////////////8=");
        assert_eq!(key.expose_secret().len(), 44);
    }

    #[test]
    fn debug_prints_no_key_and_the_store_form_holds_it() {
        let mut policy = policy("send", "first-key");
        policy.secondary_key = Some("second-key".to_owned().into());
        let debug = format!("{policy:?}");
        assert!(!debug.contains("first-key") && !debug.contains("second-key"), "{debug}");
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(
            json,
            r#"{"name":"send","rights":["Send"],"primary_key":"first-key","secondary_key":"second-key"}"#
        );
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    }

    #[test]
    fn every_part_counts_when_two_are_compared() {
        let one = policy("send", "key");
        assert_ne!(one, policy("Send", "key"));
        assert_ne!(one, policy("send", "other"));
        let mut two = one.clone();
        two.secondary_key = Some("key".to_owned().into());
        assert_ne!(one, two);
        two.secondary_key = None;
        assert_eq!(one, two);
    }

    #[test]
    fn refuses_keys_that_no_connection_string_can_hold() {
        for (key, error) in [
            ("", PolicyError::EmptyKey),
            ("a;b", PolicyError::BadKey),
            ("a\n", PolicyError::BadKey),
            (" a", PolicyError::BadKey),
            (&"k".repeat(257), PolicyError::KeyTooLong { length: 257, most: 256 }),
        ] {
            let made = Policy::new(KeyName::parse("p").unwrap(), Rights::SEND, key.to_owned().into(), None);
            assert_eq!(made, Err(error));
        }
    }

    #[test]
    fn a_level_has_so_many_policies_and_no_name_twice() {
        let twelve: Vec<_> = (0..12).map(|n| policy(&format!("p{n}"), "key")).collect();
        assert_eq!(check_policies(&twelve, 12), Ok(()));
        assert_eq!(check_policies(&twelve, 11), Err(PolicyError::TooMany { count: 12, most: 11 }));
        let twice = [policy("send", "a"), policy("SEND", "b")];
        assert_eq!(
            check_policies(&twice, 12),
            Err(PolicyError::NameTwice { name: KeyName::parse("send").unwrap() })
        );
    }
}
