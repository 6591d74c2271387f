//! `viaduct inspect` over a whole connection of any protocol: places only go on, lines are what they claim to be, and nothing that a peer sent
//! does anything to a terminal.

use viaduct::inspect::{Direction, InMemory, Protocol, ReadError, Stream, Timeline};
use viaduct::wire::framing::Mode;

use super::options::{bit, choose, options};

/// A document of 4 KiB with arrays may say a thousand times as much, indented line by line; a compressed body is bounded by the reader.
pub const MEMORY: usize = 256 << 20;

/// Options: which directions there are, what is known where nobody says it, how many of the bytes are the initiator's (in two bytes, low byte
/// first). Bit 7 of the first: the rest is an events file.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, known, low, high], bytes) = options(input);
    if bit(kind, 7) {
        if let Err(error) = Timeline::parse(bytes) {
            assert!(!error.to_string().is_empty());
        }
        return;
    }
    let at = usize::from(u16::from_le_bytes([low, high])).min(bytes.len());
    let (i2r, r2i) = bytes.split_at(at);
    let timeline = if bit(kind, 2) { timeline(i2r.len(), r2i.len()) } else { Timeline::default() };
    let i2r = (!bit(kind, 0)).then(|| i2r.to_vec());
    let r2i = (!bit(kind, 1)).then(|| r2i.to_vec());
    let lengths = [&i2r, &r2i].map(|bytes| bytes.as_ref().map_or(0, Vec::len) as u64);
    let stream = Stream {
        name: "conn\"<01>".to_owned(),
        recording: Box::new(InMemory { i2r, r2i, timeline }),
        mode: choose(
            known,
            [
                None,
                Some(Mode::Singleton),
                Some(Mode::Simplex),
                Some(Mode::SingletonSized),
                Some(Mode::Duplex),
            ],
        ),
        otherwise: choose(
            known >> 3,
            [Protocol::Framing, Protocol::Unknown, Protocol::Http, Protocol::Relayed],
        ),
    };
    show(&stream, lengths);
}

/// Shows a stream in every form; each is refused, or none.
pub(super) fn show(stream: &Stream<'_>, lengths: [u64; 2]) {
    let json = json(stream, lengths);
    let mut lines = 0;
    let xml = stream.xml(|line| -> Result<(), ReadError> {
        lines += 1;
        assert!(line.starts_with('<') && line.ends_with('>'), "{line}");
        Ok(())
    });
    let annotated = stream.annotate(|line| -> Result<(), ReadError> {
        // Whatever a peer sent, a terminal only shows it.
        assert!(!line.contains(char::is_control), "{line:?}");
        Ok(())
    });
    let failed = [json.is_err(), xml.is_err(), annotated.is_err()];
    assert!(failed == [false; 3] || failed == [true; 3], "{json:?} {xml:?} {annotated:?}");
}

/// Both directions in turn, 20 bytes at a time.
fn timeline(i2r: usize, r2i: usize) -> Timeline {
    let mut text = String::new();
    for at in (0..i2r.max(r2i)).step_by(20) {
        for (dir, len) in [("c2s", i2r), ("s2c", r2i)] {
            if at < len {
                let size = 20.min(len - at);
                text.push_str(&format!(
                    "{{\"t\":0.{at:05},\"dir\":\"{dir}\",\"off\":{at},\"len\":{size}}}\n"
                ));
            }
        }
    }
    Timeline::parse(text.as_bytes()).expect("an events file")
}

fn json(stream: &Stream<'_>, lengths: [u64; 2]) -> Result<(), ReadError> {
    let (mut ends, mut last, directions) = (0, 0, stream.directions().collect::<Vec<_>>());
    stream.json(|line| -> Result<(), ReadError> {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is an object");
        assert_eq!(line["stream"], *stream.name);
        let direction: Direction = directions[ends];
        assert_eq!(line["dir"], direction.name());
        if line.get("end").is_some() {
            ends += 1;
            last = 0;
        } else {
            let offset = line["offset"].as_u64().expect("a record has its place");
            let length = lengths[usize::from(direction == Direction::ReceiverToInitiator)];
            assert!(offset >= last && offset <= length && line["record"].is_array(), "{line}");
            last = offset;
        }
        Ok(())
    })?;
    assert_eq!(ends, directions.len());
    Ok(())
}
