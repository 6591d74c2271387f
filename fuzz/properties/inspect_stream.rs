//! `viaduct inspect` over a whole stream: every byte is accounted for, and nothing shown is dangerous or secret.

use std::io::Cursor;

use viaduct::inspect::{InMemory, Protocol, ReadError, Recording as _, Stream, Timeline};
use viaduct::wire::framing::Mode;

use super::options::{bit, choose, options};

/// A document of 4 KiB with arrays may say a thousand times as much, indented line by line.
pub const MEMORY: usize = 256 << 20;

/// Options: which directions there are, the mode where nobody says it, how many of the bytes are the initiator's (in two bytes, low byte
/// first). Bit 7 of the first: the rest is an events file.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, mode, low, high], bytes) = options(input);
    if bit(kind, 7) {
        let _ = Timeline::parse(Cursor::new(bytes)).map_err(|error| error.to_string());
        return;
    }
    let at = usize::from(u16::from_le_bytes([low, high])).min(bytes.len());
    let (i2r, r2i) = bytes.split_at(at);
    let timeline = if bit(kind, 2) { timeline(i2r.len(), r2i.len()) } else { Timeline::default() };
    let protocols = [Protocol::Framing, Protocol::Http, Protocol::Framing, Protocol::Framing];
    let recording = InMemory {
        i2r: (!bit(kind, 0)).then(|| i2r.to_vec()),
        r2i: (!bit(kind, 1)).then(|| r2i.to_vec()),
        timeline,
    };
    let directions = [!bit(kind, 0), !bit(kind, 1)].iter().filter(|there| **there).count();
    assert_eq!(recording.has(viaduct::inspect::Direction::InitiatorToReceiver), !bit(kind, 0));
    let stream = Stream {
        name: "conn\"<01>".to_owned(),
        recording: Box::new(recording),
        mode: choose(
            mode,
            [
                None,
                Some(Mode::Singleton),
                Some(Mode::Simplex),
                Some(Mode::SingletonSized),
                Some(Mode::Duplex),
            ],
        ),
        otherwise: protocols[usize::from(bit(kind, 3))],
    };
    if !json(&stream, directions) {
        return;
    }
    let counted: Result<(), ReadError> = stream.xml(|line| {
        assert!(line.starts_with('<') && line.ends_with('>'));
        Ok(())
    });
    counted.expect("what has a mode can be read");
    annotate(&stream);
}

/// Both directions in turn, 20 bytes at a time.
fn timeline(i2r: usize, r2i: usize) -> Timeline {
    let mut text = String::new();
    for at in (0..i2r.max(r2i)).step_by(20) {
        for (dir, len) in [("c2s", i2r), ("s2c", r2i)] {
            if at < len {
                text.push_str(&format!(
                    "{{\"t\":0.{at:05},\"dir\":\"{dir}\",\"off\":{at},\"len\":{}}}\n",
                    20.min(len - at)
                ));
            }
        }
    }
    Timeline::parse(Cursor::new(text)).expect("an events file")
}

/// Records stand in the order of their places, and every direction has one end; `false`: nobody says the mode of its sessions.
fn json(stream: &Stream<'_>, directions: usize) -> bool {
    let (mut ends, mut last) = (0, 0);
    let done: Result<(), ReadError> = stream.json(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is an object");
        assert_eq!(line["stream"], "conn\"<01>");
        if line.get("end").is_some() {
            ends += 1;
            last = 0;
        } else {
            let offset = line["offset"].as_u64().expect("a record has its place");
            assert!(offset >= last && line["record"].is_array());
            last = offset;
        }
        Ok(())
    });
    match done {
        Ok(()) => {
            assert_eq!(ends, directions);
            true
        }
        Err(ReadError::NoMode { .. }) => false,
        Err(error) => panic!("bytes in memory can be read: {error}"),
    }
}

fn annotate(stream: &Stream<'_>) {
    let done: Result<(), ReadError> = stream.annotate(|line| {
        // Whatever a peer sent, a terminal only shows it.
        assert!(!line.contains(char::is_control), "{line:?}");
        Ok(())
    });
    done.expect("what has a mode can be read");
}
