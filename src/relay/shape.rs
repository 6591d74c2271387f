//! The three shapes into which a door turns its protocol (design, section 1).

use serde::{Deserialize, Serialize};

use crate::entity::WcfType;

/// What passes between a sender and a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Ordered bytes or messages both ways, each side closed by itself.
    Stream,
    /// One request, one response, bodies of any length.
    Exchange,
    /// One message, acknowledged by the gateway.
    OneWay,
}

/// The shapes a listener can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shapes {
    /// It accepts connections.
    pub stream: bool,
    /// It answers requests.
    pub exchange: bool,
    /// It takes one-way messages.
    pub one_way: bool,
}

impl Shapes {
    /// A listener of a hybrid connection. It never says which of the two it can do, so both are offered to it.
    pub const HYBRID: Self = Self { stream: true, exchange: true, one_way: false };

    /// A listener of WCF Relay: what its type takes. Relay page 2.6.
    pub fn of_wcf(wcf_type: WcfType) -> Self {
        let none = Self::default();
        match wcf_type {
            WcfType::NetTcp => Self { stream: true, ..none },
            WcfType::NetOneway | WcfType::NetEvent => Self { one_way: true, ..none },
            WcfType::Http => Self { exchange: true, ..none },
        }
    }

    /// Whether `shape` is among them.
    pub fn has(self, shape: Shape) -> bool {
        match shape {
            Shape::Stream => self.stream,
            Shape::Exchange => self.exchange,
            Shape::OneWay => self.one_way,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hybrid_listener_takes_streams_and_exchanges_only() {
        assert!(Shapes::HYBRID.has(Shape::Stream));
        assert!(Shapes::HYBRID.has(Shape::Exchange));
        assert!(!Shapes::HYBRID.has(Shape::OneWay));
    }
}
