//! WebSocket frames, RFC 6455: heads, masks, close payloads, and the splice of one leg's frames into another's.
//!
//! Nothing here assembles a message or checks UTF-8 of relayed text (hybrid page 3.5). No extension is ever negotiated, so the RSV bits are 0.

mod close;
mod control;
mod dialect;
mod head;
mod mask;
mod reframer;

pub use close::Close;
pub use control::push_control;
pub use dialect::{FrameDialect, HalfClose, Role};
pub use head::{FrameError, FrameHead, OpCode};
pub use mask::{MaskKeys, apply_mask, rotate_mask};
pub use reframer::{Event, HEADROOM, Pause, Reframer, Step};
