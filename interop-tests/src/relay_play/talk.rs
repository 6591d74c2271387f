//! One connection as its two sides talk on it, whatever carries it.

use std::io;
use std::time::{Duration, Instant};

use crate::Wire;
use crate::connect::was_cut;

/// How long the gateway may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What carries a connection: TLS, a WebSocket, a web stream.
pub(super) trait Line: Send {
    /// Sends the bytes as the recorded peer sent them, in frames of its own if it has any.
    fn say(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Appends what came; 0 at the end.
    fn hear(&mut self, into: &mut Vec<u8>) -> io::Result<usize>;
    /// How long `hear` may take.
    fn set_patience(&self, time: Duration);
    /// Ends our direction, where the carrier has directions.
    fn finish(&mut self);
    /// Ends the connection at once, with a reset where the carrier has one.
    fn cut(self: Box<Self>) {}
    /// Whether the library reads what one frame holds, all of it or nothing.
    fn has_frames(&self) -> bool {
        false
    }
}

impl Line for Wire {
    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.try_send(bytes)
    }

    fn hear(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        if self.unread.is_empty() {
            self.fill()?;
        }
        let came = self.unread.len();
        into.append(&mut self.unread);
        Ok(came)
    }

    fn set_patience(&self, time: Duration) {
        Self::set_patience(self, time);
    }

    fn finish(&mut self) {
        Self::finish(self);
    }

    fn cut(self: Box<Self>) {
        self.abort();
    }
}

/// A connection, with what was heard on it and not yet used.
pub(super) struct Talk {
    line: Box<dyn Line>,
    heard: Vec<u8>,
}

impl Talk {
    pub(super) fn new(line: impl Line + 'static) -> Self {
        Self { line: Box::new(line), heard: Vec::new() }
    }

    /// Sends, and expects the gateway to take it.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.line.say(bytes).expect("the gateway takes what is sent");
    }

    /// Sends to a gateway that may have hung up by now.
    pub(super) fn say_to_whom_it_may_concern(&mut self, bytes: &[u8]) {
        match self.line.say(bytes) {
            Ok(()) => {}
            Err(error) => assert!(was_cut(&error), "{error}"),
        }
    }

    /// Exactly `length` bytes.
    pub(super) fn receive(&mut self, length: usize) -> Vec<u8> {
        while self.heard.len() < length {
            assert!(
                self.hear() > 0,
                "the connection ended after {:02x?}, {length} bytes were due",
                self.heard
            );
        }
        self.heard.drain(..length).collect()
    }

    /// Exactly `length` bytes, which a carrier with frames must send as one frame: the library asks for so many and takes no others.
    pub(super) fn receive_piece(&mut self, length: usize) -> Vec<u8> {
        if self.line.has_frames() {
            assert!(self.heard.is_empty(), "a frame holds more than was asked for: {:02x?}", self.heard);
            assert_eq!(self.hear(), length, "the frame is as long as what was asked for");
        }
        self.receive(length)
    }

    /// All that comes until the gateway ends its direction.
    pub(super) fn receive_to_end(&mut self) -> Vec<u8> {
        while self.hear() > 0 {}
        std::mem::take(&mut self.heard)
    }

    /// Expects that nothing more comes and the connection ends.
    pub(super) fn ends(&mut self) {
        let rest = self.receive_to_end();
        assert!(rest.is_empty(), "{} bytes stood before the end: {:02x?}", rest.len(), rest);
    }

    /// The next item, once `read` finds all of it at the beginning of what was heard; it says how long the item is.
    pub(super) fn next<T>(&mut self, read: impl Fn(&[u8]) -> Option<(T, usize)>) -> T {
        loop {
            if let Some((item, length)) = read(&self.heard) {
                self.heard.drain(..length);
                return item;
            }
            assert!(self.hear() > 0, "the connection ended; there was {:02x?}", self.heard);
        }
    }

    /// What came so far, at least one byte more than is there now; `false` at the end.
    pub(super) fn more(&mut self) -> bool {
        self.hear() > 0
    }

    /// What was heard and not yet used.
    pub(super) fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// Takes bytes that were looked at.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        self.heard.drain(..length).collect()
    }

    /// Listens until `until`; whether bytes came. An end is not expected.
    pub(super) fn listen_until(&mut self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        self.line.set_patience(left);
        let mut came = Vec::new();
        let outcome = self.line.hear(&mut came);
        self.line.set_patience(PATIENCE);
        self.heard.append(&mut came);
        match outcome {
            Ok(0) => panic!("the connection ended"),
            Ok(_) => true,
            Err(error) => {
                use io::ErrorKind::{TimedOut, WouldBlock};
                assert!(matches!(error.kind(), WouldBlock | TimedOut), "{error}");
                false
            }
        }
    }

    /// Ends the connection at once.
    pub(super) fn cut(self) {
        self.line.cut();
    }

    /// Ends our direction.
    pub(super) fn finish(&mut self) {
        self.line.finish();
    }

    fn hear(&mut self) -> usize {
        let mut came = Vec::new();
        match self.line.hear(&mut came) {
            Ok(_) => {}
            // A reset is an end.
            Err(error) if was_cut(&error) => return 0,
            Err(error) => panic!("nothing came: {error}; before it {:02x?}", self.heard),
        }
        let length = came.len();
        self.heard.append(&mut came);
        length
    }
}
