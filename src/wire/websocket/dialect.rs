//! How one leg speaks WebSocket.

/// Which end of the WebSocket we are, RFC 6455 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We accepted it: the peer's frames are masked, ours are not.
    Server,
    /// We opened it: our frames are masked, the peer's are not.
    Client,
}

/// What a close frame ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfClose {
    /// One direction; the other goes on until it is closed as well (hybrid page 3.5).
    OneWay,
    /// Both: the peer cannot go on after it (wcf-relay page 1.4).
    Whole,
}

/// What a peer can take in frames, and what its frames mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameDialect {
    /// Which end we are.
    pub role: Role,
    /// The most payload bytes of one data frame we send; at least 1.
    pub largest_frame: usize,
    /// Whether we may send pings.
    pub may_ping: bool,
    /// Whether a message we send may have more than one frame. Where not, each frame is a whole message.
    pub may_fragment: bool,
    /// Whether messages mean something. Where not, payloads are one stream of bytes: frames we send are whole binary messages, never empty.
    pub borders: bool,
    /// Bytes at the beginning of what we send that stand in a frame of their own; 0: they need not.
    pub first_alone: usize,
    /// What a close frame ends.
    pub half_close: HalfClose,
}

impl FrameDialect {
    /// A hybrid connection that a peer opened to us. Frames hold at most 64 KiB, or the Java client drops the connection (hybrid page 0, rule 5).
    pub const fn hybrid_server() -> Self {
        Self {
            role: Role::Server,
            largest_frame: 64 << 10,
            may_ping: true,
            may_fragment: true,
            borders: true,
            first_alone: 0,
            half_close: HalfClose::OneWay,
        }
    }

    /// A hybrid connection that we opened.
    pub const fn hybrid_client() -> Self {
        Self { role: Role::Client, ..Self::hybrid_server() }
    }

    /// A WebSocket that a client of WCF relays opened to us: a byte stream in frames that are whole messages of at most `largest_frame` bytes. Its
    /// reader ends the connection at a ping, a fragment or a close (wcf-relay page 1.4).
    pub const fn wcf_server(largest_frame: usize) -> Self {
        Self {
            role: Role::Server,
            largest_frame,
            may_ping: false,
            may_fragment: false,
            borders: false,
            first_alone: 0,
            half_close: HalfClose::Whole,
        }
    }

    /// The first byte we send stands alone: while a sender waits for the one byte by which a service takes its preamble, its reader fails at a frame
    /// that holds more (wcf-relay page 1.4).
    #[must_use]
    pub const fn with_first_byte_alone(self) -> Self {
        Self { first_alone: 1, ..self }
    }

    /// Bytes of a tunnelled stream carried by a hybrid connection: messages do not matter, so that frames are whole messages.
    #[must_use]
    pub const fn without_borders(self) -> Self {
        Self { borders: false, ..self }
    }
}
