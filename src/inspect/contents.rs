//! What a payload holds, shown: its string table and document line by line, or its XML, or why there is none.

use super::entry::{Details, View};
use super::envelope::{Envelopes, Opened, Preface, Unreadable};
use super::layout::Layout;
use super::payload::Payload;
use super::remarks::{Destination, Remarks};
use super::row::{Row, cut, hex};
use crate::wire::int31;

/// The envelope in `payload`, which belongs to the session of `envelopes`. `via` as in [`Remarks::rows`].
pub(super) fn contents(
    payload: &Payload,
    envelopes: &mut Envelopes,
    view: View,
    via: Option<&mut Destination>,
) -> (Details, Vec<Row>) {
    let mut details = Details::default();
    if view == View::Survey {
        return (details, Vec::new());
    }
    let opened = match envelopes.open(payload) {
        Ok(opened) => opened,
        Err(error) => return (unreadable(&error), vec![Row::warning(format!("cannot be read: {error}"))]),
    };
    details.parts = opened.parts.iter().map(|part| part.shown()).collect();
    let text = match view {
        View::Text => return (details, rows(payload, &opened, envelopes, via)),
        View::Json => envelopes.text(&opened),
        View::Xml | View::Survey => envelopes.fragment(&opened),
    };
    match text {
        Ok(text) => details.envelope = Some(text),
        Err(error) => details.unreadable = Some(error.to_string()),
    }
    (details, Vec::new())
}

fn unreadable(error: &Unreadable) -> Details {
    Details { unreadable: Some(error.to_string()), ..Details::default() }
}

/// What is around the envelope, its string table, its document, and what is to be said about it.
fn rows(
    payload: &Payload,
    opened: &Opened<'_>,
    envelopes: &mut Envelopes,
    via: Option<&mut Destination>,
) -> Vec<Row> {
    let document = &opened.document;
    let at = |place: usize| opened.place.and_then(|base| payload.offset(base + place));
    let mut preface = None;
    let (mut layout, mut remarks) = (Layout::new(), Remarks::new());
    let read = envelopes.read(opened, &mut |found| preface = Some(found), &mut |event, place| {
        remarks.event(event);
        layout.event(event, place)
    });
    let mut rows = remarks.rows(via);
    if let Some(name) = opened.compressed {
        rows.push(Row::note(format!("{name}: {} bytes when decompressed", document.len())));
    }
    for part in &opened.parts {
        let fields: Vec<String> =
            part.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let text = format!("MIME part of {} bytes, {}", part.body.len(), cut(&fields.join(", ")));
        rows.push(Row { offset: payload.offset(part.body.start), ..Row::text(text) });
    }
    let mut begin = rows.len();
    if matches!(preface, Some(Preface { table: 0, .. })) {
        rows.push(Row::warning(
            "the string table is missing, which this encoding puts in front of each envelope",
        ));
    } else if let Some(Preface { table, first }) = preface {
        for (place, size, text) in strings(&document[..table], first) {
            rows.push(Row { offset: at(place), ..Row::new(0, &document[place..place + size], text) });
        }
    }
    for line in layout.finish() {
        let indent = "  ".repeat(line.depth);
        let mut row = Row::text(format!("{indent}{}", cut(&line.text).replace('\n', &format!("\n{indent}"))));
        if let Some(place) = line.bytes {
            row.offset = at(place.start);
            row.hex = hex(&document[place]);
        }
        rows.push(row);
    }
    // A warning in front of the document has no place.
    begin += usize::from(matches!(preface, Some(Preface { table: 0, .. })));
    // Text has no bytes of its own to name: its first line stands where the envelope does.
    if let Some(first) = rows.get_mut(begin) {
        first.offset = first.offset.or(at(0));
    }
    if let Err(error) = read {
        rows.push(Row::warning(format!("cannot be read: {error}")));
    }
    rows
}

/// Where each row of a string table begins, how many bytes its number has, and what it says. The table was read already.
fn strings(table: &[u8], first: usize) -> Vec<(usize, usize, String)> {
    let mut rows = Vec::new();
    let Ok(Some((size, mut at))) = int31::decode(table) else { return rows };
    rows.push((
        0,
        at,
        if size == 0 {
            "string table: nothing new".to_owned()
        } else {
            format!("string table, {size} bytes")
        },
    ));
    let mut index = first;
    while let Some(Ok(Some((len, width)))) = table.get(at..).map(int31::decode) {
        let from = at + width;
        let Some(string) = table.get(from..from + len as usize) else { break };
        let text = String::from_utf8_lossy(string);
        rows.push((at, width, format!("  id {} = {:?}", 2 * index + 1, cut(&text))));
        at = from + len as usize;
        index += 1;
    }
    rows
}
