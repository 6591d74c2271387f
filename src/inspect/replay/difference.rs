//! Where a peer and a recording part, and what that means.

use std::fmt;

use serde_json::{Value, json};

use super::recording::Recording;
use super::shown;
use crate::inspect::Direction;

/// The first difference of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The connection's name.
    pub connection: String,
    /// Which way the bytes went.
    pub direction: Direction,
    /// Where, in bytes from the beginning of the direction.
    pub offset: usize,
    /// The bytes that were recorded from there on, the first few; none: nothing more was.
    pub expected: Vec<u8>,
    /// What stands there in the recording.
    pub expected_meaning: String,
    /// What came.
    pub found: Found,
    /// What it is.
    pub found_meaning: String,
}

/// What came where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These bytes, the first few.
    Bytes(Vec<u8>),
    /// The end of the direction.
    End,
    /// The connection broke off.
    Reset,
    /// Nothing, in the time there was.
    Nothing,
}

/// Bytes that are shown.
const SHOWN: usize = 16;

impl Difference {
    /// The peer sent something else than `recording` has: `came` is all that came in `direction`.
    pub fn new(
        recording: &Recording,
        direction: Direction,
        offset: usize,
        came: &[u8],
        found: Found,
    ) -> Self {
        let recorded = recording.bytes(direction);
        let mut live = recording.clone();
        *live.bytes_mut(direction) = came.to_vec();
        let found = match found {
            Found::Bytes(_) => Found::Bytes(first(&came[offset.min(came.len())..])),
            other => other,
        };
        let found_meaning = match &found {
            Found::Bytes(_) => meaning(&live, direction, offset),
            Found::End => "the end of the stream".to_owned(),
            Found::Reset => "a reset of the connection".to_owned(),
            Found::Nothing => "nothing".to_owned(),
        };
        let expected_meaning = match offset < recorded.len() {
            true => meaning(recording, direction, offset),
            false => "the end of the stream".to_owned(),
        };
        Self {
            connection: recording.name.clone(),
            direction,
            offset,
            expected: first(&recorded[offset.min(recorded.len())..]),
            expected_meaning,
            found,
            found_meaning,
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let found = match &self.found {
            Found::Bytes(bytes) => json!({ "bytes": hex(bytes) }),
            Found::End => json!("end"),
            Found::Reset => json!("reset"),
            Found::Nothing => json!("nothing"),
        };
        json!({
            "stream": self.connection,
            "dir": self.direction.file_name(),
            "offset": self.offset,
            "expected": { "bytes": hex(&self.expected), "meaning": self.expected_meaning },
            "found": found,
            "found_meaning": self.found_meaning,
        })
    }
}

/// One line.
impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, direction, offset) = (&self.connection, self.direction.file_name(), self.offset);
        write!(out, "{name} {direction} offset {offset}: {} expected", self.expected_meaning)?;
        if !self.expected.is_empty() {
            write!(out, " ({})", hex(&self.expected))?;
        }
        write!(out, ", {} came", self.found_meaning)?;
        if let Found::Bytes(bytes) = &self.found {
            write!(out, " ({})", hex(bytes))?;
        }
        Ok(())
    }
}

fn meaning(recording: &Recording, direction: Direction, offset: usize) -> String {
    shown::meaning(recording, direction, offset).unwrap_or_else(|| "bytes that cannot be read".to_owned())
}

fn first(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len().min(SHOWN)].to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &[u8] = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x02\0a";

    #[test]
    fn a_fault_in_place_of_an_answer_is_named() {
        let recording = Recording {
            name: "conn01".to_owned(),
            c2s: ASKED.to_vec(),
            s2c: b"\x0b\x06\x03abc".to_vec(),
            ..Recording::default()
        };
        let came = b"\x0b\x08\x05urn:x";
        let back = Direction::ReceiverToInitiator;
        let difference = Difference::new(&recording, back, 1, came, Found::Bytes(Vec::new()));
        assert_eq!(
            difference.to_string(),
            "conn01 s2c offset 1: SizedEnvelope, 3 bytes expected (06 03 61 62 63), Fault: urn:x came (08 05 75 72 6e 3a 78)"
        );
        let ended = Difference::new(&recording, back, 1, &came[..1], Found::End);
        assert!(ended.to_string().ends_with("the end of the stream came"), "{ended}");
        assert_eq!(ended.json()["found"], "end");
    }

    #[test]
    fn a_header_that_differs_is_named() {
        let recording = Recording {
            name: "conn01".to_owned(),
            c2s: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            s2c: b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
            ..Recording::default()
        };
        let came = b"HTTP/1.1 200 OK\r\nServer: b\r\nContent-Length: 2\r\n\r\nhi";
        let back = Direction::ReceiverToInitiator;
        let difference = Difference::new(&recording, back, 25, came, Found::Bytes(Vec::new()));
        assert_eq!(difference.expected_meaning, "byte 8 of Server: a");
        assert_eq!(difference.found_meaning, "byte 8 of Server: b");
        let body = Difference::new(&recording, back, 50, came, Found::Nothing);
        assert!(body.expected_meaning.starts_with("byte 1 of body, 2 bytes"), "{}", body.expected_meaning);
    }
}
