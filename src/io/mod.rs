//! Sockets, TLS, splices; everything that only Unix has.
//!
//! A connection is a [`Stream`]; once its handshake is done it becomes a [`Leg`], and [`join()`] copies between two legs until both are done.

mod finish;
mod frames;
mod join;
mod kept;
mod leg;
mod listen;
mod prefixed;
mod private_file;
mod sending;
mod signals;
mod stream;
mod tls;

pub use finish::finish;
pub use frames::{FrameBytes, FrameReader, FrameStream, FrameStreamError, FrameWriter, Kind, Message, Piece};
pub use join::{EndReason, Join, JoinCounters, JoinEnd, JoinOptions, Side, join};
pub use leg::{Dialect, Leg};
pub use listen::{Accepted, ServeOptions, bind, serve};
pub use prefixed::Prefixed;
pub use private_file::{private_file, private_temporary_folder};
pub use sending::Sending;
pub use signals::{Asked, Signals};
pub use stream::{Carried, Stream};
pub use tls::{
    Alpn, Certificate, ChainFault, ClientTls, LookFault, Looked, ServerTls, Sni, TlsError, TlsStream,
    is_for_host,
};

pub use crate::wire::websocket::{FrameDialect, HalfClose, Role};
