//! Which way the bytes went.

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// What the initiator (client) sent.
    InitiatorToReceiver,
    /// What the receiver (service) sent.
    ReceiverToInitiator,
}

impl Direction {
    /// Both, in the order in which they are shown.
    pub const BOTH: [Self; 2] = [Self::InitiatorToReceiver, Self::ReceiverToInitiator];

    /// Its name in recordings and in `viaduct inspect`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InitiatorToReceiver => "i2r",
            Self::ReceiverToInitiator => "r2i",
        }
    }

    /// Its name in the files of a recording: `NAME.c2s.bin`, and `dir` of `NAME.events.jsonl`.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::InitiatorToReceiver => "c2s",
            Self::ReceiverToInitiator => "s2c",
        }
    }
}
