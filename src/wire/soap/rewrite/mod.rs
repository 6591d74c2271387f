//! To rewritten on its way to a service whose port or path differ from what its clients know. Framing page 7.4.
//!
//! Where To stands depends on the encoding: an entry of the session's string table, once for the whole session (Microsoft's
//! way); text in each envelope (Mono's way, and encoding 7); text XML. Everything else of an envelope stays as it is, byte for
//! byte, and a To that is signed is never touched.

mod answer;
mod binary;
mod coding;
mod error;
mod head;
mod initiator;
mod recode;
mod route;
mod session;
mod table;
mod text;

pub use binary::rewrite_binary;
pub use coding::Coding;
pub use error::RewriteError;
pub use head::MAX_HEAD;
pub use initiator::{InitiatorRewriter, MAX_SESSION_ENVELOPE, Refused, Rewritten};
pub use route::ToRoute;
pub use session::SessionRewriter;
pub use text::{TextRewriter, rewrite_text};
