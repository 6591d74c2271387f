//! A web stream from the 201 to its end.

use std::time::{Duration, Instant};

use super::endpoints::Way;
use super::error::WebStreamError;
use super::frames::{FrameDecoder, KEEP_ALIVE, StreamChunk, encode_frames};
use super::request::StreamRole;

/// What the client writes to check the way, and gets back in one frame.
const ECHO: [u8; 4] = [1, 2, 3, 4];

/// How often it does.
const ECHOES: u8 = 2;

/// How long a web stream waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebStreamTimes {
    /// From the 201 until both halves are there. The client gives up each request after 30 s.
    pub attach: Duration,
    /// For each of the two echoes. The client waits 30 s for its answer.
    pub verification: Duration,
    /// Silence on the way down after which a sign of life is sent. At most 25 s: the client complains after 30 s.
    pub keep_alive: Duration,
}

impl Default for WebStreamTimes {
    fn default() -> Self {
        Self {
            attach: Duration::from_secs(30),
            verification: Duration::from_secs(30),
            keep_alive: Duration::from_secs(20),
        }
    }
}

/// The two halves of one stream, and what they have to say to each other before it is one.
///
/// [`Self::handle_attach`] and [`Self::handle_up`] take what came, [`Self::handle_timeout`] is due at
/// [`Self::poll_timeout`], and [`Self::take_down`] yields what has to go down.
#[derive(Debug)]
pub struct WebStream {
    role: StreamRole,
    times: WebStreamTimes,
    up: bool,
    down: bool,
    /// Echoes yet to come.
    echoes: u8,
    /// The bytes of an echo so far.
    echo: usize,
    decoder: FrameDecoder,
    /// Bytes for the way down; until there is one, at most the echoes.
    pending: Vec<u8>,
    /// When it is too late for what is awaited; `None`: nothing is.
    deadline: Option<Instant>,
    /// When something was last sent down.
    sent: Instant,
}

impl WebStream {
    /// A stream was made. `verify`: its address is of the scheme `http`, so that its client will check the way.
    pub fn new(role: StreamRole, verify: bool, now: Instant, times: WebStreamTimes) -> Self {
        Self {
            role,
            times,
            up: false,
            down: false,
            echoes: if verify { ECHOES } else { 0 },
            echo: 0,
            decoder: FrameDecoder::new(),
            pending: Vec::new(),
            deadline: Some(now + times.attach),
            sent: now,
        }
    }

    /// One half came. The client sends the one up first.
    ///
    /// # Errors
    /// [`WebStreamError::OtherRole`] and [`WebStreamError::AttachedTwice`]; the stream goes on without that request.
    pub fn handle_attach(&mut self, way: Way, role: StreamRole, now: Instant) -> Result<(), WebStreamError> {
        if role != self.role {
            return Err(WebStreamError::OtherRole);
        }
        let half = match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        };
        if std::mem::replace(half, true) {
            return Err(WebStreamError::AttachedTwice);
        }
        if self.up && self.down {
            self.deadline = (self.echoes > 0).then(|| now + self.times.verification);
            self.sent = now;
        }
        Ok(())
    }

    /// Takes bytes of the half up, its chunked coding undone, and appends to `payload` those of the role's own protocol.
    ///
    /// # Errors
    /// [`WebStreamError::BadEcho`]; the stream is over.
    pub fn handle_up(
        &mut self,
        bytes: &[u8],
        now: Instant,
        payload: &mut Vec<u8>,
    ) -> Result<(), WebStreamError> {
        let mut input = bytes;
        while let Some((chunk, rest)) = self.decoder.next(input) {
            if let StreamChunk::Payload(bytes) = chunk {
                let taken = self.verify(bytes, now)?;
                payload.extend_from_slice(&bytes[taken..]);
            }
            input = rest;
        }
        Ok(())
    }

    /// Takes what belongs to the check of the way; the client may have put its bytes into any frames.
    fn verify(&mut self, bytes: &[u8], now: Instant) -> Result<usize, WebStreamError> {
        let mut taken = 0;
        while self.echoes > 0
            && let Some(byte) = bytes.get(taken)
        {
            if *byte != ECHO[self.echo] {
                return Err(WebStreamError::BadEcho);
            }
            taken += 1;
            self.echo += 1;
            if self.echo == ECHO.len() {
                self.echo = 0;
                self.echoes -= 1;
                encode_frames(&ECHO, &mut self.pending);
                if self.up && self.down {
                    self.deadline = (self.echoes > 0).then(|| now + self.times.verification);
                }
            }
        }
        Ok(taken)
    }

    /// Frames a payload for the way down. Only for a stream that [`Self::is_open`].
    pub fn handle_down(&mut self, payload: &[u8]) {
        encode_frames(payload, &mut self.pending);
    }

    /// Appends what has to go down now.
    pub fn take_down(&mut self, now: Instant, out: &mut Vec<u8>) {
        if self.down && !self.pending.is_empty() {
            out.append(&mut self.pending);
            self.sent = now;
        }
    }

    /// Whether both halves are there and the way is checked: the role's own protocol goes both ways.
    pub fn is_open(&self) -> bool {
        self.up && self.down && self.echoes == 0
    }

    /// What it carries.
    pub fn role(&self) -> StreamRole {
        self.role
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Instant {
        self.deadline.unwrap_or(self.sent + self.times.keep_alive)
    }

    /// Time has passed.
    ///
    /// # Errors
    /// [`WebStreamError::TimedOut`]; the stream is over.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), WebStreamError> {
        if now < self.poll_timeout() {
            return Ok(());
        }
        if self.deadline.is_some() {
            return Err(WebStreamError::TimedOut);
        }
        if self.pending.is_empty() {
            self.pending.extend_from_slice(&KEEP_ALIVE);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: StreamRole = StreamRole::Connection;

    fn second(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn start(verify: bool) -> (WebStream, Instant) {
        let now = Instant::now();
        (WebStream::new(ROLE, verify, now, WebStreamTimes::default()), now)
    }

    fn down(stream: &mut WebStream, now: Instant) -> Vec<u8> {
        let mut out = Vec::new();
        stream.take_down(now, &mut out);
        out
    }

    #[test]
    fn over_http_the_way_is_checked_twice_and_over_https_not_at_all() {
        let (mut stream, now) = start(true);
        let mut payload = Vec::new();
        stream.handle_attach(Way::Up, ROLE, now).unwrap();
        // The first echo may be here before the way down is.
        stream.handle_up(&[4, 0, 1, 2, 3, 4], now, &mut payload).unwrap();
        assert!(down(&mut stream, now).is_empty());
        stream.handle_attach(Way::Down, ROLE, now).unwrap();
        assert_eq!(down(&mut stream, now), [4, 0, 1, 2, 3, 4]);
        assert!(!stream.is_open());
        // In any frames, with signs of life between, and with what follows in the same read.
        stream.handle_up(&[0, 0, 1, 0, 1, 4, 0, 2, 3, 4, 9], now, &mut payload).unwrap();
        assert_eq!(down(&mut stream, now), [4, 0, 1, 2, 3, 4]);
        assert!(stream.is_open());
        assert_eq!(payload, [9]);

        let (mut stream, now) = start(false);
        stream.handle_attach(Way::Up, ROLE, now).unwrap();
        stream.handle_attach(Way::Down, ROLE, now).unwrap();
        assert!(stream.is_open());
        stream.handle_up(&[4, 0, 1, 2, 3, 4], now, &mut payload).unwrap();
        assert_eq!(payload, [9, 1, 2, 3, 4]);
        assert!(down(&mut stream, now).is_empty());
        stream.handle_down(b"ab");
        assert_eq!(down(&mut stream, now), [2, 0, b'a', b'b']);
    }

    #[test]
    fn other_bytes_than_the_echo_end_it() {
        for bytes in [[4, 0, 1, 2, 3, 5], [4, 0, 0, 2, 3, 4]] {
            let (mut stream, now) = start(true);
            assert_eq!(stream.handle_up(&bytes, now, &mut Vec::new()), Err(WebStreamError::BadEcho));
        }
    }

    #[test]
    fn halves_come_once_and_in_their_role() {
        let (mut stream, now) = start(false);
        assert_eq!(stream.handle_attach(Way::Up, StreamRole::Oneway, now), Err(WebStreamError::OtherRole));
        stream.handle_attach(Way::Up, ROLE, now).unwrap();
        assert_eq!(stream.handle_attach(Way::Up, ROLE, now), Err(WebStreamError::AttachedTwice));
        assert!(!stream.is_open());
        assert_eq!(stream.role(), ROLE);
    }

    #[test]
    fn waits_for_halves_and_echoes_and_then_says_that_it_lives() {
        let (mut stream, start) = start(true);
        assert_eq!(stream.poll_timeout(), start + second(30));
        assert_eq!(stream.handle_timeout(start + second(29)), Ok(()));
        stream.handle_attach(Way::Up, ROLE, start + second(10)).unwrap();
        assert_eq!(stream.poll_timeout(), start + second(30));
        stream.handle_attach(Way::Down, ROLE, start + second(20)).unwrap();
        assert_eq!(stream.poll_timeout(), start + second(50));
        let mut payload = Vec::new();
        stream.handle_up(&[4, 0, 1, 2, 3, 4], start + second(40), &mut payload).unwrap();
        assert_eq!(stream.poll_timeout(), start + second(70));
        stream.handle_up(&[4, 0, 1, 2, 3, 4], start + second(60), &mut payload).unwrap();
        down(&mut stream, start + second(60));
        assert_eq!(stream.poll_timeout(), start + second(80));
        stream.handle_timeout(start + second(80)).unwrap();
        assert_eq!(down(&mut stream, start + second(80)), KEEP_ALIVE);
        assert_eq!(stream.poll_timeout(), start + second(100));
    }

    #[test]
    fn a_stream_that_is_not_complete_in_time_ends() {
        let (mut stream, now) = start(true);
        stream.handle_attach(Way::Up, ROLE, now).unwrap();
        assert_eq!(stream.handle_timeout(now + second(30)), Err(WebStreamError::TimedOut));
        let (mut stream, now) = start(true);
        stream.handle_attach(Way::Up, ROLE, now).unwrap();
        stream.handle_attach(Way::Down, ROLE, now).unwrap();
        assert_eq!(stream.handle_timeout(now + second(30)), Err(WebStreamError::TimedOut));
    }
}
