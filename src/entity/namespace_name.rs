//! The name of a namespace.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NameError;

/// The name of a namespace: 1 to 50 characters of `[a-z0-9-]`, no hyphen at either end, since it is a label of a
/// host name. Capital letters are taken and folded. Management page 2.5 (which asks for six or more).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct NamespaceName(String);

impl NamespaceName {
    /// The most characters a name may have. Management page 2.5.
    pub const LONGEST: usize = 50;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(NameError::BadCharacter { found });
        }
        if text.len() > Self::LONGEST {
            return Err(NameError::TooLong { length: text.len(), most: Self::LONGEST });
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(NameError::HyphenAtEdge);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for NamespaceName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for NamespaceName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<NamespaceName> for String {
    fn from(name: NamespaceName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_label_of_a_host_name() {
        assert_eq!(NamespaceName::parse("Contoso-7").unwrap().as_str(), "contoso-7");
        assert_eq!(NamespaceName::parse(""), Err(NameError::Empty));
        assert_eq!(NamespaceName::parse("a.b"), Err(NameError::BadCharacter { found: '.' }));
        assert_eq!(NamespaceName::parse("-a"), Err(NameError::HyphenAtEdge));
        assert!(NamespaceName::parse(&"a".repeat(50)).is_ok());
        assert_eq!(NamespaceName::parse(&"a".repeat(51)), Err(NameError::TooLong { length: 51, most: 50 }));
    }
}
