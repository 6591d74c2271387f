//! Identifiers. Each is a type of its own, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Makes a 128-bit identifier whose text is a GUID.
macro_rules! guid {
    ($(#[$doc:meta])* $name:ident, debug: $debug:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The identifier of these 128 bits; the caller draws them.
            pub const fn new(bits: u128) -> Self {
                Self(bits)
            }

            /// Its 128 bits.
            pub const fn to_bits(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_u128(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let show: fn(&Self, &mut fmt::Formatter<'_>) -> fmt::Result = $debug;
                show(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(|uuid| Self(uuid.as_u128())).map_err(|_| IdError::NotAGuid)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

guid! {
    /// One meeting: one sender's wait for a listener. Unique over all gateways.
    MeetingId, debug: |id, f| write!(f, "MeetingId({id})")
}
guid! {
    /// One connected listener, for as long as its control channel lives. Unique over all gateways.
    ListenerId, debug: |id, f| write!(f, "ListenerId({id})")
}
guid! {
    /// The secret by which a listener is known when it dials for one meeting: 128 random bits (design, section 5).
    /// `Display` shows it, for the accept address alone; `Debug` does not, so that no log can.
    RendezvousId, debug: |_, f| f.write_str("RendezvousId(…)")
}

/// The name of one gateway of a cluster: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GatewayId(String);

impl GatewayId {
    /// Checks the name; its spelling is kept.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IdError::NotAGatewayName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GatewayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for GatewayId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<GatewayId> for String {
    fn from(id: GatewayId) -> Self {
        id.0
    }
}

/// Text that is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// 32 hexadecimal digits, with or without hyphens, were expected.
    #[error("not a GUID")]
    NotAGuid,
    /// 1 to 255 visible ASCII characters were expected.
    #[error("a gateway's name is 1 to 255 visible ASCII characters")]
    NotAGatewayName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_a_guid_and_read_back() {
        let id = MeetingId::new(0x5b9b0c1e_54c4_4cf1_8b7e_8a3c7f6c0a11);
        assert_eq!(id.to_string(), "5b9b0c1e-54c4-4cf1-8b7e-8a3c7f6c0a11");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("plant7".parse::<MeetingId>(), Err(IdError::NotAGuid));
    }

    #[test]
    fn the_secret_of_a_rendezvous_is_not_in_its_debug_text() {
        assert_eq!(format!("{:?}", RendezvousId::new(7)), "RendezvousId(…)");
    }

    #[test]
    fn ids_pass_through_serde_as_text() {
        let json = serde_json::to_string(&ListenerId::new(1)).unwrap();
        assert_eq!(json, "\"00000000-0000-0000-0000-000000000001\"");
        assert_eq!(serde_json::from_str::<ListenerId>(&json).unwrap(), ListenerId::new(1));
    }

    #[test]
    fn a_gateway_name_is_visible_ascii_of_bounded_length() {
        assert_eq!(GatewayId::parse("g0").unwrap().as_str(), "g0");
        for bad in ["", "two words", "naïve", &"g".repeat(256)] {
            assert_eq!(GatewayId::parse(bad), Err(IdError::NotAGatewayName), "{bad:?}");
        }
        assert!(serde_json::from_str::<GatewayId>("\"two words\"").is_err());
    }
}
