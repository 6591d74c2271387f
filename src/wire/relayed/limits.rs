//! What a message of the relay may cost: the quotas of the client's readers, wcf-relay page 0.

use crate::wire::binxml::Limits;

/// Bytes of a message: of a handshake, of a ping, of what a one-way sender sends, of what a listener is sent.
pub const MAX_MESSAGE: usize = 65_536;

/// Bytes of one text in a control message, a token included.
pub const MAX_STRING: usize = 61_440;

/// Nested elements of a control message.
pub const MAX_DEPTH: u32 = 32;

/// Bytes of the first string on 9352 and 9353, which says what follows. Page 4.2.
pub const MAX_DEMUX: usize = 100;

/// Bytes of the URI behind it: what .NET takes of a Via.
pub const MAX_URI: usize = 2048;

/// The limits of a reader of control messages.
pub fn control_limits() -> Limits {
    Limits {
        depth: MAX_DEPTH,
        start_tag: MAX_MESSAGE,
        string_content: MAX_STRING,
        array: MAX_STRING,
        array_items: MAX_MESSAGE as u32,
        record: MAX_MESSAGE,
        ..Limits::default()
    }
}

/// The limits of a reader of what a program sends its service: the service's binding has its own.
pub fn message_limits() -> Limits {
    Limits {
        start_tag: MAX_MESSAGE,
        array_items: MAX_MESSAGE as u32,
        record: MAX_MESSAGE,
        ..Limits::default()
    }
}
