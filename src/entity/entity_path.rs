//! The path under which a relay is declared.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NameError;

/// The path of a declared relay: 1 to 260 characters of `[A-Za-z0-9._/-]`, no slash at either end, no empty, `.`
/// or `..` segment. Hybrid page 1.
///
/// Compared, ordered and hashed without regard to case; [`fmt::Display`] keeps the spelling it was declared with.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct EntityPath(String);

impl EntityPath {
    /// The most characters a path may have. Management page 2.5.
    pub const LONGEST: usize = 260;

    /// Reads a path as an operator writes it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
        if let Some(found) = text.chars().find(|c| !allowed(*c)) {
            return Err(NameError::BadCharacter { found });
        }
        if text.len() > Self::LONGEST {
            return Err(NameError::TooLong { length: text.len(), most: Self::LONGEST });
        }
        for segment in text.split('/') {
            match segment {
                "" => return Err(NameError::EmptySegment),
                "." | ".." => return Err(NameError::DotSegment),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as it was declared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its segments, at least one, none empty.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The form under which tables keep it, the same for every spelling: lower case.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    fn folded_bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for EntityPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for EntityPath {}

impl Hash for EntityPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded_bytes().for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
    }
}

impl Ord for EntityPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded_bytes().cmp(other.folded_bytes())
    }
}

impl PartialOrd for EntityPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EntityPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for EntityPath {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EntityPath {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<EntityPath> for String {
    fn from(path: EntityPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_paths_from_the_field() {
        for text in
            ["hyco", "microsoft.hybridcompute/machines/0a1b/12/v2", "a_b-c.d/..e/f..", &"a".repeat(260)]
        {
            assert_eq!(EntityPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn spelling_is_kept_and_case_does_not_count() {
        let one = EntityPath::parse("Credit-Check/V2").unwrap();
        let two = EntityPath::parse("credit-check/v2").unwrap();
        assert_eq!(one, two);
        assert_eq!(one.cmp(&two), Ordering::Equal);
        assert!(HashSet::from([one.clone()]).contains(&two));
        assert_eq!(one.to_string(), "Credit-Check/V2");
    }

    #[test]
    fn refuses_what_is_no_path() {
        for (text, error) in [
            ("", NameError::Empty),
            ("/a", NameError::EmptySegment),
            ("a/", NameError::EmptySegment),
            ("a//b", NameError::EmptySegment),
            ("a/./b", NameError::DotSegment),
            ("..", NameError::DotSegment),
            ("$hc/a", NameError::BadCharacter { found: '$' }),
            ("a b", NameError::BadCharacter { found: ' ' }),
            ("a%2fb", NameError::BadCharacter { found: '%' }),
            ("straße", NameError::BadCharacter { found: 'ß' }),
        ] {
            assert_eq!(EntityPath::parse(text), Err(error), "{text}");
        }
        let long = "a".repeat(261);
        assert_eq!(EntityPath::parse(&long), Err(NameError::TooLong { length: 261, most: 260 }));
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,300}") {
            let _ = EntityPath::parse(&text);
        }
    }
}
