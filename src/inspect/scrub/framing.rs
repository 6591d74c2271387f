//! One direction of net.tcp framing: which bytes are a Via, a fault, an envelope, [MC-NMF] 2.2.

use super::envelope::{Envelope, Form};
use super::int31::{Int31, Size};
use super::scanner::Scanner;
use crate::wire::framing::{KnownEncoding, Mode, RecordType};

/// Walks the records of one direction as they come. Their order is not judged: what is wrong was on the wire all the same.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    mode: Option<u8>,
    /// The content type that is being read.
    content_type: Vec<u8>,
    envelope: Envelope,
    strings: Scanner,
    run: Scanner,
}

/// What one direction says about the other.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// The content type of the session's envelopes.
    content_type: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Record,
    /// So many bytes, then another record.
    Skip(u8),
    Mode,
    KnownEncoding,
    /// The size of what this record holds.
    Size(RecordType, Int31),
    /// So many bytes of it.
    Content(RecordType, u32),
    /// A security layer: nothing in it can be read, and nothing is looked for.
    Opaque,
    /// No framing, or what may be of any length: bytes as they come.
    Run,
}

/// Content types and names are at most 256 bytes, framing page 1.2; of what is longer the beginning is enough.
const LONGEST_CONTENT_TYPE: usize = 256;

impl Framing {
    pub(super) fn new() -> Self {
        Self {
            state: State::Record,
            mode: None,
            content_type: Vec::new(),
            envelope: Envelope::new(),
            strings: Scanner::of_strings(),
            run: Scanner::new(),
        }
    }

    /// Takes secrets out of the next bytes of the direction.
    pub(super) fn scrub(&mut self, mut bytes: &mut [u8], terms: &mut Terms) {
        while let [first, ..] = bytes {
            let byte = *first;
            let used = match self.state {
                State::Content(kind, left) => {
                    let size = bytes.len().min(left as usize);
                    self.content(kind, &mut bytes[..size]);
                    match left - size as u32 {
                        0 => self.state = self.after(kind, terms),
                        left => self.state = State::Content(kind, left),
                    }
                    size
                }
                State::Run => {
                    self.run.scan(bytes);
                    return;
                }
                State::Opaque => return,
                state => {
                    self.state = self.byte(state, byte, terms);
                    1
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    fn byte(&mut self, state: State, byte: u8, terms: &mut Terms) -> State {
        match state {
            State::Skip(1) => State::Record,
            State::Skip(left) => State::Skip(left - 1),
            State::Mode => {
                self.mode = Some(byte);
                State::Record
            }
            State::KnownEncoding => {
                terms.content_type = KnownEncoding(byte).content_type().map(str::to_owned);
                self.after_encoding()
            }
            State::Size(kind, number) => match number.push(byte) {
                Size::More(number) => State::Size(kind, number),
                Size::Is(0) => State::Record,
                Size::Is(size) => {
                    self.begin(kind, terms);
                    State::Content(kind, size)
                }
                Size::Bad => State::Run,
            },
            _ => self.record(byte, terms),
        }
    }

    fn record(&mut self, byte: u8, terms: &Terms) -> State {
        let Some(kind) = RecordType::from_byte(byte) else { return State::Run };
        match kind {
            RecordType::Version => State::Skip(2),
            RecordType::Mode => State::Mode,
            RecordType::KnownEncoding => State::KnownEncoding,
            RecordType::UnsizedEnvelope => {
                self.envelope.begin(form(terms, false));
                State::Size(kind, Int31::default())
            }
            RecordType::Via
            | RecordType::ExtensibleEncoding
            | RecordType::SizedEnvelope
            | RecordType::Fault
            | RecordType::UpgradeRequest => State::Size(kind, Int31::default()),
            RecordType::UpgradeResponse => State::Opaque,
            RecordType::End | RecordType::PreambleAck | RecordType::PreambleEnd => State::Record,
        }
    }

    fn begin(&mut self, kind: RecordType, terms: &Terms) {
        match kind {
            RecordType::SizedEnvelope => self.envelope.begin(form(terms, true)),
            // A chunk goes on with its envelope.
            RecordType::UnsizedEnvelope => {}
            _ => {
                self.strings.boundary();
                self.content_type.clear();
            }
        }
    }

    fn content(&mut self, kind: RecordType, bytes: &mut [u8]) {
        match kind {
            RecordType::SizedEnvelope | RecordType::UnsizedEnvelope => self.envelope.scrub(bytes),
            _ => {
                if kind == RecordType::ExtensibleEncoding {
                    let room = LONGEST_CONTENT_TYPE - self.content_type.len();
                    self.content_type.extend(bytes.iter().take(room));
                }
                self.strings.scan(bytes);
            }
        }
    }

    fn after(&mut self, kind: RecordType, terms: &mut Terms) -> State {
        match kind {
            RecordType::UnsizedEnvelope => State::Size(kind, Int31::default()),
            RecordType::UpgradeRequest => State::Opaque,
            RecordType::ExtensibleEncoding => {
                terms.content_type = Some(String::from_utf8_lossy(&self.content_type).into_owned());
                self.after_encoding()
            }
            _ => State::Record,
        }
    }

    /// [MC-NMF] 2.2.3.2: in singleton sized mode the message goes from here to the end of the stream.
    fn after_encoding(&self) -> State {
        let whole = self.mode.and_then(Mode::from_byte) == Some(Mode::SingletonSized);
        if whole { State::Run } else { State::Record }
    }
}

/// Without terms the guess is .NET's choice: a dictionary of the session where there are several messages.
fn form(terms: &Terms, is_sized: bool) -> Form {
    match &terms.content_type {
        Some(content_type) => Form::of_content_type(content_type),
        None => Form::Guess { has_table: is_sized },
    }
}
