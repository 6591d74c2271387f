//! `viaduct inspect` of damaged bytes: it never panics, its formats agree, and it does not matter how the bytes come.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use viaduct::inspect::{
    Arrived, Capture, Connection, Direction, InMemory, Moment, Protocol, ReadError, Recording, Segments,
    Source, Stream, Timeline,
};
use viaduct::wire::framing::Mode;

/// What `NAME.c2s.bin` files there are, without their endings.
fn recordings() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.to_str().unwrap().strip_suffix(".c2s.bin") {
                _ if path.is_dir() => folders.push(path),
                Some(name) => found.push(PathBuf::from(name)),
                None => {}
            }
        }
    }
    found.sort();
    found
}

fn stream<'r>(recording: impl Recording + 'r) -> Stream<'r> {
    Stream {
        name: "x".to_owned(),
        recording: Box::new(recording),
        mode: Some(Mode::Duplex),
        otherwise: Protocol::Framing,
    }
}

/// The lines of all formats: text, JSON, XML.
fn shown(stream: &Stream<'_>) -> [Vec<String>; 3] {
    let mut lines = [Vec::new(), Vec::new(), Vec::new()];
    let [text, json, xml] = &mut lines;
    let keep = |kept: &mut Vec<String>, line: &str| -> Result<(), ReadError> {
        kept.push(line.to_owned());
        Ok(())
    };
    stream.annotate(|line| keep(text, line)).unwrap();
    stream.json(|line| keep(json, line)).unwrap();
    stream.xml(|line| keep(xml, line)).unwrap();
    lines
}

fn changed(mut bytes: Vec<u8>, changes: &[(Index, u8)], cut: &Index) -> Vec<u8> {
    // The large bodies would say nothing more.
    bytes.truncate(6000);
    bytes.truncate(bytes.len() - cut.index(bytes.len() + 1) / 4);
    for (at, byte) in changes {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
    }
    bytes
}

/// Gives its bytes in pieces of other sizes each time.
struct InPieces {
    recording: InMemory,
    sizes: Vec<usize>,
}

struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl Recording for InPieces {
    fn has(&self, direction: Direction) -> bool {
        self.recording.has(direction)
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        let bytes = match direction {
            Direction::InitiatorToReceiver => &self.recording.i2r,
            Direction::ReceiverToInitiator => &self.recording.r2i,
        };
        let bytes = bytes.as_deref().unwrap_or_default();
        Ok(Box::new(Pieces { bytes, sizes: self.sizes.iter().cycle() }))
    }

    fn moment(&self, _: Direction, _: u64) -> Option<Moment> {
        None
    }
}

impl Source for Pieces<'_> {
    fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Arrived> {
        let size = self.sizes.next().copied().unwrap_or(1).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(size);
        self.bytes = rest;
        into.extend_from_slice(piece);
        Ok(if size > 0 { Arrived::Bytes } else { Arrived::End })
    }
}

/// A capture in memory.
struct Captured<'c>(&'c [u8], &'c Connection);

impl Recording for Captured<'_> {
    fn has(&self, _: Direction) -> bool {
        true
    }

    fn open(&self, direction: Direction) -> io::Result<Box<dyn Source + '_>> {
        Ok(Box::new(Segments::new(self.1.flow(direction), Cursor::new(self.0))))
    }

    fn moment(&self, direction: Direction, offset: u64) -> Option<Moment> {
        self.1.flow(direction).moment(offset)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_recordings_of_every_protocol_are_shown_the_same_however_they_come(
        which: Index,
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        cut: Index,
        sizes in vec(1..200usize, 1..8),
    ) {
        let all = recordings();
        let name = &all[which.index(all.len())];
        let read = |dir: &str| fs::read(format!("{}.{dir}.bin", name.display())).unwrap_or_default();
        let recording = InMemory {
            i2r: Some(changed(read("c2s"), &changes, &cut)),
            r2i: Some(changed(read("s2c"), &changes, &cut)),
            timeline: Timeline::default(),
        };
        let whole = shown(&stream(recording.clone()));
        let [text, json, xml] = &whole;
        let is_envelope = |line: &&String| line.contains("\"envelope\":\"") || line.contains("\"unreadable\":\"");
        prop_assert_eq!(xml.len(), json.iter().filter(is_envelope).count());
        prop_assert_eq!(json.iter().filter(|line| line.contains("\"end\":\"")).count(), 2);
        prop_assert_eq!(text.iter().filter(|line| line.contains(" ends after ")).count(), 2);
        prop_assert!(text.iter().all(|line| !line.contains(|char: char| char.is_control())));
        prop_assert_eq!(&whole, &shown(&stream(InPieces { recording, sizes })), "{}", name.display());
    }

    #[test]
    fn damaged_captures_are_shown_or_refused(
        file in prop::sample::select(vec!["request-reply/capture.pcap", "duplex/capture.pcapng", "disturbed/capture.pcap"]),
        changes in vec((any::<Index>(), any::<u8>()), 0..40),
        cut: Index,
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap").join(file);
        let bytes = changed(fs::read(path).unwrap(), &changes, &cut);
        if let Ok(mut capture) = Capture::read(&bytes[..], &[]) {
            capture.orient(&mut Cursor::new(&bytes)).unwrap();
            for connection in &capture.connections {
                let [_, json, _] = shown(&stream(Captured(&bytes, connection)));
                prop_assert_eq!(json.iter().filter(|line| line.contains("\"end\":\"")).count(), 2);
            }
        }
    }
}
