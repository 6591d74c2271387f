//! Sockets, TLS, splices; everything that only Unix has.
//!
//! A connection is a [`Stream`]; once its handshake is done it becomes a [`Leg`], and [`join`] copies between two legs until both are done.

mod leg;
mod listen;
mod prefixed;
mod signals;
mod stream;
mod tls;

pub use leg::{Dialect, Leg};
pub use listen::{Accepted, ServeOptions, bind, serve};
pub use prefixed::Prefixed;
pub use signals::{Asked, Signals};
pub use stream::Stream;
pub use tls::{Alpn, Certificate, ClientTls, ServerTls, TlsError, TlsStream};

pub use crate::wire::websocket::{FrameDialect, HalfClose, Role};
