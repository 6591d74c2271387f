//! TLS of both sides, on rustls.

mod certificate;
mod client;
mod inside;
mod look;
mod server;
mod session;
mod stream;

pub use certificate::{Certificate, TlsError};
pub use client::ClientTls;
pub use look::{ChainFault, LookFault, Looked, Sni, is_for_host};
pub use server::{Alpn, ServerTls};
pub use stream::TlsStream;
