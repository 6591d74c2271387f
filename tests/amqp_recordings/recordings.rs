//! The recorded control links: as they were on 5671 behind TLS, or taken out of their WebSocket frames.

use std::path::{Path, PathBuf};

use viaduct::wire::websocket::{FrameHead, OpCode, apply_mask};

/// Who sent a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// The library.
    ToRelay,
    /// The toy relay of the recordings.
    ToListener,
}

/// One direction of a recorded connection.
#[derive(Debug)]
pub(super) struct Recording {
    /// `v2.7.5/renew-v2.7.5/001-5671`
    pub(super) name: String,
    /// Who sent it.
    pub(super) direction: Direction,
    /// AMQP, and nothing around it.
    pub(super) bytes: Vec<u8>,
}

/// Both directions of every recorded control link, ordered by name.
pub(super) fn recordings() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/relay");
    let below = |folders: &[PathBuf]| -> Vec<PathBuf> {
        folders.iter().filter(|path| path.is_dir()).flat_map(|folder| entries(folder)).collect()
    };
    let mut files = below(&below(&entries(&root)));
    files.sort();
    files.iter().filter_map(|file| recording(&root, file)).collect()
}

/// The same by connection: what the listener sent, what the toy relay sent.
pub(super) fn connections() -> Vec<[Recording; 2]> {
    let mut all = recordings().into_iter();
    std::iter::from_fn(|| Some([all.next()?, all.next()?]))
        .inspect(|[listener, toy]| {
            assert_eq!(listener.name, toy.name);
            assert_eq!([listener.direction, toy.direction], [Direction::ToRelay, Direction::ToListener]);
        })
        .collect()
}

fn entries(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn recording(root: &Path, file: &Path) -> Option<Recording> {
    let path = file.strip_prefix(root).unwrap().to_str().unwrap();
    let (name, direction) = match (path.strip_suffix(".c2s.bin"), path.strip_suffix(".s2c.bin")) {
        (Some(name), _) => (name, Direction::ToRelay),
        (_, Some(name)) => (name, Direction::ToListener),
        _ => return None,
    };
    let bytes = match name.rsplit('/').next()?.split('-').nth(1)? {
        "5671" => std::fs::read(file).unwrap(),
        "443" => {
            let request = std::fs::read(root.join(format!("{name}.c2s.bin"))).unwrap();
            let is_amqp = request.windows(13).any(|window| window == b"wsrelayedamqp");
            is_amqp.then(|| unframed(&std::fs::read(file).unwrap()))?
        }
        _ => return None,
    };
    Some(Recording { name: name.to_owned(), direction, bytes })
}

/// The payload of the binary frames behind the HTTP head.
fn unframed(stream: &[u8]) -> Vec<u8> {
    let head = stream.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut rest = &stream[head + 4..];
    // Two older recordings wrote the toy relay's AMQP down before it was framed.
    if rest.starts_with(b"AMQP") {
        return rest.to_vec();
    }
    let mut payload = Vec::new();
    while let Some((head, size)) = FrameHead::decode(rest).unwrap() {
        let end = size + usize::try_from(head.len).unwrap();
        let mut bytes = rest[size..end].to_vec();
        apply_mask(&mut bytes, head.mask.unwrap_or_default());
        if head.opcode == OpCode::Binary {
            payload.extend(bytes);
        }
        rest = &rest[end..];
    }
    payload
}
