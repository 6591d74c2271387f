//! What a policy allows.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One right. Hybrid page 6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Right {
    /// To connect as a listener, and to renew its token.
    Listen,
    /// To connect as a sender, or to send a request.
    Send,
    /// To create, change and delete entities.
    Manage,
}

impl Right {
    const EVERY: [Self; 3] = [Self::Listen, Self::Send, Self::Manage];

    const fn bit(self) -> u8 {
        match self {
            Self::Listen => 1,
            Self::Send => 2,
            Self::Manage => 4,
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listen => "Listen",
            Self::Send => "Send",
            Self::Manage => "Manage",
        })
    }
}

/// A set of rights, never empty; one that holds Manage holds the other two as well. Hybrid page 6.5.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Right>", into = "Vec<Right>")]
pub struct Rights(u8);

impl Rights {
    /// Listen, Send and Manage: what `RootManageSharedAccessKey` has.
    pub const ALL: Self = Self(7);
    /// Listen alone.
    pub const LISTEN: Self = Self(Right::Listen.bit());
    /// Send alone.
    pub const SEND: Self = Self(Right::Send.bit());

    /// Collects rights; one named twice counts once.
    pub fn new(rights: impl IntoIterator<Item = Right>) -> Result<Self, RightsError> {
        let set = rights.into_iter().fold(0, |set, right| set | right.bit());
        match Self(set) {
            Self(0) => Err(RightsError::Empty),
            rights if rights.contains(Right::Manage) && rights != Self::ALL => Err(RightsError::ManageAlone),
            rights => Ok(rights),
        }
    }

    /// Whether `right` is among them.
    pub const fn contains(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether Send is the only one: what a token that travels in a Via must come from.
    pub fn is_send_alone(self) -> bool {
        self == Self::SEND
    }

    /// The rights in the order Listen, Send, Manage.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::EVERY.into_iter().filter(move |right| self.contains(*right))
    }
}

impl fmt::Display for Rights {
    /// `Listen, Send`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, right) in self.iter().enumerate() {
            write!(f, "{}{right}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl TryFrom<Vec<Right>> for Rights {
    type Error = RightsError;
    fn try_from(rights: Vec<Right>) -> Result<Self, RightsError> {
        Self::new(rights)
    }
}

impl From<Rights> for Vec<Right> {
    fn from(rights: Rights) -> Self {
        rights.iter().collect()
    }
}

/// Why a set of rights is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RightsError {
    /// No right at all.
    #[error("no right is named: one or more of Listen, Send, Manage")]
    Empty,
    /// Manage without Listen or without Send.
    #[error("Manage needs Listen and Send as well")]
    ManageAlone,
}

#[cfg(test)]
mod tests {
    use super::Right::{Listen, Manage, Send};
    use super::*;

    #[test]
    fn manage_needs_the_other_two() {
        assert_eq!(Rights::new([Manage]), Err(RightsError::ManageAlone));
        assert_eq!(Rights::new([Manage, Send]), Err(RightsError::ManageAlone));
        assert_eq!(Rights::new([Manage, Send, Listen]), Ok(Rights::ALL));
        assert_eq!(Rights::new([]), Err(RightsError::Empty));
    }

    #[test]
    fn send_alone_is_told_apart() {
        assert!(Rights::new([Send, Send]).unwrap().is_send_alone());
        assert!(!Rights::new([Send, Listen]).unwrap().is_send_alone());
        assert!(!Rights::ALL.is_send_alone());
        assert!(!Rights::LISTEN.is_send_alone());
    }

    #[test]
    fn is_written_as_a_list_of_names() {
        let json = serde_json::to_string(&Rights::ALL).unwrap();
        assert_eq!(json, r#"["Listen","Send","Manage"]"#);
        assert_eq!(serde_json::from_str::<Rights>(&json).unwrap(), Rights::ALL);
        assert!(serde_json::from_str::<Rights>(r#"["Manage"]"#).is_err());
        assert_eq!(Rights::ALL.to_string(), "Listen, Send, Manage");
    }
}
