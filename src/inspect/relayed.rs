//! Relayed connections of WCF Relay: what is said on port 9352 before sender and listener are joined (WCF relay page 4.2 and 4.3), and the
//! framing sessions that then go through.

use std::io;

use serde_json::json;

use super::contents::contents;
use super::direction::Direction;
use super::ending::Ending;
use super::entry::{Entry, View};
use super::envelope::Envelopes;
use super::feed::Feed;
use super::form::Form;
use super::framing::FramingWalk;
use super::opaque;
use super::payload::Payload;
use super::row::{Row, cut};
use super::said::Said;
use super::walk::Walk;
use crate::wire::framing::Mode;
use crate::wire::soap::{HeaderReader, Place, SoapLimits};

/// One direction of a relayed connection.
pub(super) struct RelayedWalk {
    direction: Direction,
    view: View,
    state: State,
    ending: Option<Ending>,
}

enum State {
    /// The first of its lengths tells whether there is a preamble, or, on other carriers, the message at once.
    Begin,
    Uri,
    Layer,
    Message,
    /// Sender and listener are joined.
    Joined(Box<dyn Walk>),
    /// What is not read.
    Rest,
}

/// Bytes with their length in front, and where they begin; or, where there are none, perhaps a last entry.
type Counted<'f> = Result<(u64, &'f [u8]), Option<Entry>>;

/// The largest string and the largest message, WCF relay page 4.2 and 4.3.
const STRING: usize = 4096;
const MESSAGE: usize = 64 << 10;

/// Whether a connection begins so: with `connect` or `probe` behind its length, or with the length of a binary envelope.
pub(super) fn begins(first: &[u8]) -> bool {
    first.starts_with(b"\x07\0\0\0connect") || first.starts_with(b"\x05\0\0\0probe") || is_message(first)
}

/// A length below 64 KiB and an element that is no lone prefix: where an envelope begins in binary XML.
pub(super) fn is_message(first: &[u8]) -> bool {
    matches!(first, [low, high, 0, 0, 0x40..=0x43 | 0x56, ..] if *low > 8 || *high > 0)
}

impl RelayedWalk {
    pub(super) fn new(direction: Direction, view: View) -> Self {
        let state = match direction {
            Direction::InitiatorToReceiver => State::Begin,
            Direction::ReceiverToInitiator => State::Message,
        };
        Self { direction, view, state, ending: None }
    }

    /// Bytes behind their length, `max` at most, and where they begin; `None` where they do not all come, or are too many.
    fn counted<'f>(&mut self, feed: &'f mut Feed<'_>, max: usize) -> io::Result<Counted<'f>> {
        let start = feed.offset();
        let Some(len) = feed.at_least(4)?.first_chunk::<4>().map(|len| i32::from_le_bytes(*len)) else {
            return Ok(Err(self.cut(feed, start)));
        };
        let Some(len) = usize::try_from(len).ok().filter(|len| *len > 0 && *len <= max) else {
            let text = format!("a length of {len}, which must be 1 to {max}");
            self.ending = Some(Ending::error("relayed-length", text, start));
            return Ok(Err(None));
        };
        if feed.at_least(4 + len)?.len() < 4 + len {
            return Ok(Err(self.cut(feed, start)));
        }
        Ok(Ok((start, &feed.bytes()[..4 + len])))
    }

    /// The direction ends at, or in, what should come next.
    fn cut(&mut self, feed: &Feed<'_>, start: u64) -> Option<Entry> {
        if feed.gap() > 0 {
            self.ending = Some(Ending::gap(start));
            return Some(opaque::lost(feed, self.view));
        }
        self.ending = Some(match feed.bytes() {
            [] => Ending::clean("before the next message of the relay"),
            _ => Ending::error("eof", "the connection ends inside a message of the relay", start),
        });
        None
    }

    /// A string of the preamble.
    fn string(&mut self, feed: &mut Feed<'_>, kind: &str, next: State) -> io::Result<Option<Entry>> {
        let (start, bytes) = match self.counted(feed, STRING)? {
            Ok(found) => found,
            Err(last) => return Ok(last),
        };
        let (text, len) = (String::from_utf8_lossy(&bytes[4..]).into_owned(), bytes.len());
        let meaning = match (kind, text.as_str()) {
            ("relayed-type", "connect") => "a relayed connection".to_owned(),
            ("relayed-type", "probe") => "a probe of hybrid connections of NetTcp".to_owned(),
            _ => format!("the relay: {}", cut(&text)),
        };
        let rows = self.row(start, &bytes[..4], format!("{} bytes, {meaning}", len - 4));
        feed.take(len);
        self.state = if text == "probe" { State::Rest } else { next };
        Ok(Some(Entry::new(start, json!([kind, text]), rows)))
    }

    fn layer(&mut self, feed: &mut Feed<'_>) -> io::Result<Option<Entry>> {
        let start = feed.offset();
        let Some(&flag) = feed.at_least(1)?.first() else { return Ok(self.cut(feed, start)) };
        let text = if flag == 1 { "TLS follows" } else { "no TLS follows" };
        let rows = self.row(start, &[flag], text.to_owned());
        feed.take(1);
        // Recordings may have been made inside of the TLS.
        self.state = match feed.at_least(3)? {
            [0x16, 3, ..] => State::Rest,
            _ => State::Message,
        };
        Ok(Some(Entry::new(start, json!(["relayed-tls", flag == 1]), rows)))
    }

    fn message(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>> {
        let view = self.view;
        let (start, bytes) = match self.counted(feed, MESSAGE)? {
            Ok(found) => found,
            Err(last) => return Ok(last),
        };
        let mut payload = Payload::default();
        payload.part(start, &bytes[..4]);
        payload.push(&bytes[4..]);
        let mut envelopes = Envelopes::new(Some(Form::Binary), false);
        if self.direction == Direction::InitiatorToReceiver {
            said.listener = action(&mut envelopes, &payload).is_some_and(|action| action == ACCEPT);
        }
        let (details, inner) = contents(&payload, &mut envelopes, view, None);
        let len = bytes.len();
        let mut rows = self.row(start, &bytes[..4], format!("message of the relay, {} bytes", len - 4));
        if view == View::Text {
            rows.extend(inner);
            if said.listener && self.direction == Direction::InitiatorToReceiver {
                rows.push(Row::note(
                    "it is the listener that connects here: in the sessions that follow it is the receiver",
                ));
            }
        }
        feed.take(len);
        let walk = match (self.direction, said.listener) {
            (Direction::InitiatorToReceiver, false) | (Direction::ReceiverToInitiator, true) => {
                FramingWalk::initiator(view)
            }
            _ => FramingWalk::receiver(said, Mode::Duplex, view),
        };
        self.state = match feed.at_least(3)? {
            [0x16, 3, ..] => State::Rest,
            // A fault of the relay may be followed by another answer.
            more if self.direction == Direction::ReceiverToInitiator && is_message(more) => State::Message,
            _ => State::Joined(Box::new(walk)),
        };
        Ok(Some(Entry { details, ..Entry::new(start, json!(["relayed-message", len - 4]), rows) }))
    }

    fn row(&self, offset: u64, bytes: &[u8], text: String) -> Vec<Row> {
        if self.view == View::Text { vec![Row::new(offset, bytes, text)] } else { Vec::new() }
    }
}

impl Walk for RelayedWalk {
    fn next(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>> {
        if self.ending.is_some() {
            return Ok(None);
        }
        match &mut self.state {
            State::Begin if is_message(feed.at_least(5)?) => self.message(feed, said),
            State::Begin => self.string(feed, "relayed-type", State::Uri),
            State::Uri => self.string(feed, "relayed-uri", State::Layer),
            State::Layer => self.layer(feed),
            State::Message => self.message(feed, said),
            State::Joined(walk) => walk.next(feed, said),
            State::Rest => {
                if feed.at_least(1)?.is_empty() && feed.gap() == 0 {
                    self.ending = Some(Ending::clean("nothing more was sent"));
                    return Ok(None);
                }
                self.ending = Some(Ending::open("in what is not read"));
                opaque::entry(feed, self.view).map(Some)
            }
        }
    }

    fn ending(&self) -> Option<&Ending> {
        match &self.state {
            State::Joined(walk) => walk.ending(),
            _ => self.ending.as_ref(),
        }
    }
}

/// What a listener asks for, WCF relay page 4.6.
const ACCEPT: &str = "RelayedAccept";

fn action(envelopes: &mut Envelopes, payload: &Payload) -> Option<String> {
    let opened = envelopes.open(payload).ok()?;
    let mut reader = Some(HeaderReader::new(SoapLimits::default()));
    let mut action = None;
    let _ = envelopes.read(&opened, &mut |_| {}, &mut |event, _| {
        match reader.as_mut().map(|reader| reader.event(event)) {
            Some(Ok(Place::Body)) => {
                let headers = reader.take().and_then(HeaderReader::into_headers);
                action = headers.and_then(|headers| headers.action).map(|action| action.text);
            }
            Some(Err(_)) => reader = None,
            _ => {}
        }
        Ok(())
    });
    action
}
