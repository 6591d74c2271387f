//! TLS of both sides, on rustls.

mod certificate;
mod client;
mod inside;
mod server;
mod session;
mod stream;

pub use certificate::{Certificate, TlsError};
pub use client::ClientTls;
pub use server::{Alpn, ServerTls};
pub use stream::TlsStream;
