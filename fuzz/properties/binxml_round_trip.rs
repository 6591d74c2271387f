//! Binary XML that was read, written and read again: it says the same, and written a second time it has the same bytes.

use viaduct::wire::binxml::{Dictionaries, Ids, Limits, Reader, Writer};
use viaduct::wire::xml::{Event, Runtime};

use super::binxml_reader::{dictionaries, limits, session};
use super::binxml_session::wide;
use super::document::{Joined, Summary, read};
use super::options::{bit, options};

/// As [`super::binxml_reader::MEMORY`].
pub const MEMORY: usize = 64 << 20;

/// Options: limits, dictionaries, the writer.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([limits, dictionaries, writer], document) = options(input);
    let limits = self::limits(limits);
    let session = session();
    let dictionaries = self::dictionaries(dictionaries, &session);
    let runtime = if bit(writer, 0) { Runtime::Framework } else { Runtime::Net8 };
    let (ids, written_ids): (fn() -> Ids<'static>, _) = if bit(writer, 1) {
        (|| Ids::None, Dictionaries::NONE)
    } else {
        (|| Ids::Static, Dictionaries::STATIC)
    };
    let copies = bit(writer, 2);
    let Some((says, written)) = rewrite(document, dictionaries, &limits, ids(), runtime, copies) else {
        return;
    };
    let wide = wide(&limits);
    // An array that is copied keeps the sign of zero, which a writer of its items loses.
    let content = if copies { Summary::to_be_written(runtime) } else { Summary::of_content() };
    assert_eq!(read(&written, written_ids, &wide, content), Ok(says));
    let (_, written_again) =
        rewrite(&written, written_ids, &wide, ids(), runtime, copies).expect("it was read before");
    assert_eq!(written_again, written, "the writer's choices are the same for what it wrote itself");
}

/// What a document says, and its bytes as a writer has them; `None`: it is malformed.
fn rewrite(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
    ids: Ids<'_>,
    runtime: Runtime,
    copies: bool,
) -> Option<(Summary, Vec<u8>)> {
    let mut reader = Reader::new(document, dictionaries, limits.clone());
    let mut writer = Writer::new(ids, runtime);
    let (mut summary, mut joined) = (Summary::to_be_written(runtime), Joined::default());
    while let Some(&event) = reader.next_event().ok()? {
        // White space around the root is not written.
        if reader.depth() > 0 || !matches!(event, Event::Text(_)) {
            joined.event(&event, &mut summary);
        }
        if !copies {
            writer.event(&event).expect("what was read can be written");
        }
    }
    if copies {
        // Arrays stay arrays.
        let mut reader = Reader::new(document, dictionaries, limits.clone());
        while writer.copy(&mut reader).expect("what was read can be copied") {}
    }
    Some((summary, writer.finish().expect("the document is whole")))
}
