//! A recorded connection as something that can be played again: what one side sends, what it waits for, and what a difference means.
//!
//! ```text
//! Recording ─┬─► Script: send, wait, end          (in the order of the events; without them in turns)
//!            ├─► Ids: what differs from run to run
//!            └─► Comparison ─► Difference: where, what was expected, what came, what it means
//! ```

mod comparison;
mod difference;
mod events;
mod ids;
mod messages;
mod recording;
mod script;
mod shown;
mod turns;
mod via;

pub use comparison::Comparison;
pub use difference::{Difference, Found};
pub use events::{Event, EventsError, Happened, parse_events};
pub use ids::Ids;
pub use recording::Recording;
pub use script::{Script, Side, Step};
pub use shown::{Framing, framing};
