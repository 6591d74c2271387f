//! `viaduct inspect` over a whole stream: every byte is accounted for, and nothing shown is dangerous or secret.

use std::convert::Infallible;

use viaduct::inspect::{Direction, Ending, Item, Stream, Timeline};
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
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = Timeline::parse(text).map_err(|error| error.to_string());
        }
        return;
    }
    let at = usize::from(u16::from_le_bytes([low, high])).min(bytes.len());
    let (i2r, r2i) = bytes.split_at(at);
    let timeline = if bit(kind, 2) { timeline(i2r.len(), r2i.len()) } else { Timeline::default() };
    let stream = Stream {
        name: "conn\"<01>".to_owned(),
        i2r: (!bit(kind, 0)).then(|| i2r.to_vec()),
        r2i: (!bit(kind, 1)).then(|| r2i.to_vec()),
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
        timeline,
    };
    for direction in stream.directions() {
        walk(&stream, direction);
    }
    json(&stream);
    let mut lines = 0;
    let counted: Result<(), Infallible> = stream.xml(|line| {
        lines += 1;
        assert!(line.starts_with('<') && line.ends_with('>'));
        Ok(())
    });
    counted.expect("nothing fails here");
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
    Timeline::parse(&text).expect("an events file")
}

/// Records follow each other without a gap, up to where the direction ends.
fn walk(stream: &Stream, direction: Direction) {
    let bytes = stream.bytes(direction).unwrap_or_default();
    let mut walk = stream.walk(direction);
    let (mut at, mut session) = (0, 0);
    for found in walk.by_ref() {
        assert_eq!(found.offset, at);
        assert!(found.len > 0);
        assert!(found.session == session || found.session == session + 1);
        session = found.session;
        at += found.len;
        assert!(at <= bytes.len());
        if let Item::Sized(payload) | Item::Unsized(payload) = &found.item {
            let content = payload.bytes();
            assert_eq!((payload.len(), payload.is_empty()), (content.len(), content.is_empty()));
            for (place, byte) in content.iter().enumerate().step_by(content.len() / 8 + 1) {
                assert_eq!(payload.offset(place).map(|offset| &bytes[offset]), Some(byte));
            }
            assert_eq!(payload.offset(content.len()), None);
        }
    }
    match walk.ending().expect("it has ended") {
        Ending::At(_) => assert_eq!(at, bytes.len()),
        Ending::Error { offset, error } => {
            assert_eq!(*offset, at);
            assert!(!error.to_string().is_empty());
        }
    }
    assert!(walk.next().is_none());
}

fn json(stream: &Stream) {
    let (mut ends, mut last) = (0, 0);
    let done: Result<(), Infallible> = stream.json(|line| {
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
    done.expect("nothing fails here");
    assert_eq!(ends, stream.directions().count());
}

fn annotate(stream: &Stream) {
    let done: Result<(), Infallible> = stream.annotate(|line| {
        // Whatever a peer sent, a terminal only shows it.
        assert!(!line.contains(char::is_control), "{line:?}");
        Ok(())
    });
    done.expect("nothing fails here");
}
