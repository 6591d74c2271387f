//! Every binary envelope of the recorded net.tcp traffic.

use std::path::Path;

use viaduct::wire::binxml::{
    self, Dictionaries, Feed, Ids, Limits, OutgoingTable, Reader, Records, SessionTable, Writer,
};
use viaduct::wire::framing::{FramingLimits, InitiatorDecoder, Mode, Piece, Policy, ReceiverDecoder, Record};
use viaduct::wire::xml::Runtime;

use super::support::{Text, canonical};

/// The envelopes of one direction, in order.
struct Direction {
    name: String,
    /// Framing encoding 8: each begins with its string table.
    session: bool,
    envelopes: Vec<Vec<u8>>,
}

fn directions() -> Vec<Direction> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/nettcp");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|scenario| std::fs::read_dir(scenario.unwrap().path()).into_iter().flatten())
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".c2s.bin"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let name = path.to_str().unwrap().replace(".c2s.bin", "");
        let (mut mode, mut encoding) = (Mode::Duplex, 0);
        let sent = std::fs::read(&path).unwrap();
        let mut initiator = InitiatorDecoder::new(Policy::default());
        let envelopes = envelopes(
            &sent,
            |input| initiator.next(input),
            |record| match record {
                Record::Mode(found) => mode = *found,
                Record::KnownEncoding(found) => encoding = found.0,
                _ => {}
            },
        );
        if !matches!(encoding, 7 | 8) {
            continue;
        }
        all.push(Direction { name: format!("{name} c2s"), session: encoding == 8, envelopes });
        let received =
            std::fs::read(path.with_file_name(format!("{}.s2c.bin", name.rsplit_once('/').unwrap().1)));
        let mut receiver = ReceiverDecoder::new(mode, FramingLimits::default());
        let envelopes = self::envelopes(&received.unwrap_or_default(), |input| receiver.next(input), |_| {});
        all.push(Direction { name: format!("{name} s2c"), session: encoding == 8, envelopes });
    }
    all
}

type Step<'a> = Result<Option<(Piece<'a>, usize)>, viaduct::wire::framing::DecodeError>;

fn envelopes<'a>(
    stream: &'a [u8],
    mut next: impl FnMut(&'a [u8]) -> Step<'a>,
    mut see: impl FnMut(&Record<'a>),
) -> Vec<Vec<u8>> {
    let (mut at, mut sized, mut envelope, mut all) = (0, false, Vec::new(), Vec::new());
    while let Ok(Some((piece, used))) = next(&stream[at..]) {
        at += used;
        match piece {
            Piece::Record(Record::SizedEnvelope { .. }) => sized = true,
            Piece::Record(Record::UnsizedEnvelope) => sized = false,
            Piece::Record(record) => see(&record),
            Piece::Payload { bytes, last } => {
                envelope.extend_from_slice(bytes);
                if sized && last {
                    all.push(std::mem::take(&mut envelope));
                }
            }
            Piece::Terminator => all.push(std::mem::take(&mut envelope)),
            Piece::Chunk(_) | Piece::Opaque(_) => {}
        }
    }
    all
}

#[test]
fn envelopes_of_recordings_are_read_and_encode_to_the_same_bytes() {
    let (mut seen, mut with_array) = (0, 0);
    for direction in directions() {
        let (mut table, mut sent) = (SessionTable::new(), OutgoingTable::default());
        for envelope in &direction.envelopes {
            let at = if direction.session { table.read(envelope).unwrap() } else { 0 };
            let (document, name) = (&envelope[at..], &direction.name);
            let dictionaries =
                if direction.session { Dictionaries::session(&table) } else { Dictionaries::STATIC };
            let text = canonical(document, dictionaries, &Limits::default(), Runtime::Framework).unwrap();
            assert!(text.contains("Envelope"), "{name}: {text}");

            let (mut encoded, mut has_array) = (Vec::new(), false);
            let mut records = Records::new(document);
            while let Some(record) = records.next_record().unwrap() {
                has_array |= record == binxml::Record::Array;
                record.encode(&mut encoded);
            }
            assert_eq!(encoded, document, "{name}");

            let (mut feed, mut fed) = (Feed::new(Limits::default()), Text::framework());
            for byte in document.chunks(1) {
                feed.push(byte);
                while let Some(event) = feed.next_event(dictionaries).unwrap() {
                    fed.push(&event);
                }
            }
            feed.finish();
            assert_eq!(feed.next_event(dictionaries), Ok(None), "{name}");
            assert_eq!(fed.finish(), text, "{name}");

            let ids = if direction.session { Ids::Session(&mut sent) } else { Ids::Static };
            let mut writer = Writer::new(ids, Runtime::Framework);
            let mut reader = Reader::new(document, dictionaries, Limits::default());
            while writer.copy(&mut reader).unwrap() {}
            assert_eq!(writer.finish().unwrap(), *envelope, "{name}");
            with_array += usize::from(has_array);
            seen += 1;
        }
    }
    assert_eq!((seen, with_array), (71, 4));
}
