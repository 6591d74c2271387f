//! The name of a policy.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NameError;

/// The name of a shared access policy, `skn` in a token: 1 to 256 characters, no control character, no `;` (it
/// would end a pair of the connection string). Compared without regard to ASCII case. Hybrid page 6.1, 6.5.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct KeyName(String);

impl KeyName {
    /// The most characters a name may have. Hybrid page 6.1.
    pub const LONGEST: usize = 256;

    /// Reads a name as it stands in a configuration or a connection string.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let length = text.chars().count();
        if length > Self::LONGEST {
            return Err(NameError::TooLong { length, most: Self::LONGEST });
        }
        if let Some(found) = text.chars().find(|c| c.is_control() || *c == ';') {
            return Err(NameError::BadCharacter { found });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name`, taken from a token, means this policy.
    pub fn matches(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for KeyName {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for KeyName {}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for KeyName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for KeyName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count() {
        let name = KeyName::parse("RootManageSharedAccessKey").unwrap();
        assert!(name.matches("rootmanagesharedaccesskey"));
        assert_eq!(name, KeyName::parse("ROOTManageSharedAccessKey").unwrap());
        assert!(!name.matches("Root"));
    }

    #[test]
    fn refuses_what_a_connection_string_cannot_hold() {
        assert_eq!(KeyName::parse(""), Err(NameError::Empty));
        assert_eq!(KeyName::parse("a;b"), Err(NameError::BadCharacter { found: ';' }));
        assert_eq!(KeyName::parse("a\nb"), Err(NameError::BadCharacter { found: '\n' }));
        assert!(KeyName::parse(&"ü".repeat(256)).is_ok());
        assert_eq!(KeyName::parse(&"ü".repeat(257)), Err(NameError::TooLong { length: 257, most: 256 }));
    }
}
