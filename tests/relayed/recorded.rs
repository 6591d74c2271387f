//! The recorded streams, and what they are made of.

use std::path::{Path, PathBuf};

use viaduct::wire::binxml::{DecodeError, Dictionaries, Limits, Reader};
use viaduct::wire::websocket::{FrameHead, OpCode, apply_mask};
use viaduct::wire::xml::Event;

/// One recorded connection.
pub(crate) struct Recorded {
    /// Version of the library, scenario and connection.
    pub(crate) name: String,
    /// What the library sent.
    pub(crate) sent: Vec<u8>,
    /// What it received.
    pub(crate) received: Vec<u8>,
}

/// The connections whose name ends like this, sorted by name.
pub(crate) fn connections(end: &str) -> Vec<Recorded> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/relay");
    let mut found = Vec::new();
    for scenario in folders(&root).iter().flat_map(|version| folders(version)) {
        for entry in std::fs::read_dir(&scenario).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let Some(connection) = file.strip_suffix(".c2s.bin").filter(|name| name.ends_with(end)) else {
                continue;
            };
            let scenario = scenario.strip_prefix(&root).unwrap().to_str().unwrap();
            found.push(Recorded {
                name: format!("{scenario} {connection}"),
                sent: std::fs::read(&path).unwrap(),
                received: std::fs::read(path.with_file_name(format!("{connection}.s2c.bin")))
                    .unwrap_or_default(),
            });
        }
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    found
}

/// The connection of this name.
pub(crate) fn connection(name: &str) -> Recorded {
    let end = name.rsplit(' ').next().unwrap();
    connections(end).into_iter().find(|recorded| recorded.name == name).unwrap()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// What a document says: one line for each event, texts joined, declarations left out.
pub(crate) fn infoset(document: &[u8], dictionaries: Dictionaries<'_>) -> Vec<String> {
    try_infoset(document, dictionaries).unwrap()
}

/// The same of a document that may not be readable.
pub(crate) fn try_infoset(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
) -> Result<Vec<String>, DecodeError> {
    let mut reader = Reader::new(document, dictionaries, Limits::default());
    let (mut lines, mut text) = (Vec::new(), String::new());
    while let Some(&event) = reader.next_event()? {
        if let Event::Text(value) = event {
            text.push_str(&value.text());
            continue;
        }
        if !text.is_empty() {
            lines.push(format!("{:?}", std::mem::take(&mut text)));
        }
        match event {
            Event::Start(name) => lines.push(format!("<{}:{} {}", name.prefix, name.local, name.namespace)),
            Event::Attribute { name, value } => {
                lines.push(format!("@{}:{} {} {:?}", name.prefix, name.local, name.namespace, value.text()));
            }
            Event::Comment(comment) => lines.push(format!("!{comment}")),
            Event::End => lines.push(">".to_owned()),
            Event::Namespace { .. } | Event::Text(_) => {}
        }
    }
    Ok(lines)
}

/// An HTTP head and what follows it.
pub(crate) fn head(stream: &[u8]) -> (&str, &[u8]) {
    let end = stream.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    (std::str::from_utf8(&stream[..end]).unwrap(), &stream[end..])
}

/// The value of a header.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A frame of a WebSocket.
pub(crate) struct Frame {
    pub(crate) head: FrameHead,
    pub(crate) payload: Vec<u8>,
}

/// All frames of one direction, which have to be whole.
pub(crate) fn frames(mut stream: &[u8]) -> Vec<Frame> {
    let mut all = Vec::new();
    while let Some((head, size)) = FrameHead::decode(stream).unwrap() {
        let end = size + head.len as usize;
        let mut payload = stream[size..end].to_vec();
        if let Some(key) = head.mask {
            apply_mask(&mut payload, key);
        }
        all.push(Frame { head, payload });
        stream = &stream[end..];
    }
    assert!(stream.is_empty());
    all
}

/// The payloads of all binary frames, one after the other.
pub(crate) fn binary(frames: &[Frame]) -> Vec<u8> {
    let binary = frames.iter().filter(|frame| frame.head.opcode == OpCode::Binary);
    binary.flat_map(|frame| frame.payload.iter().copied()).collect()
}

/// The data sections of the messages in a stream of AMQP, told by their descriptor.
pub(crate) fn amqp_data(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = stream[at..].windows(3).position(|three| three == [0, 0x53, 0x75]) {
        let rest = &stream[at + start + 3..];
        let (skip, size) = match rest {
            [0xa0, size, ..] => (2, usize::from(*size)),
            [0xb0, size @ ..] => (5, u32::from_be_bytes(*size.first_chunk().unwrap()) as usize),
            _ => panic!("no binary"),
        };
        found.push(rest[skip..skip + size].to_vec());
        at += start + 3 + skip + size;
    }
    found
}
