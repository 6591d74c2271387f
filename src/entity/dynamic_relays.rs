//! Whether a namespace lets listeners make relays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a listener that asks for a relay nobody declared. Relay page 4.8: such a relay lives as long as it has listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DynamicRelays {
    /// It is refused: every relay is declared.
    Off,
    /// It makes the relay. Senders always need a token, whatever the listener asks.
    #[default]
    On,
    /// It makes the relay, and may let senders in without a token.
    Anonymous,
}
