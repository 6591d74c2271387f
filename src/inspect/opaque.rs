//! What is not read: counted, named where its first bytes tell what it is.

use std::io;

use serde_json::json;

use super::ending::Ending;
use super::entry::{Entry, View};
use super::feed::Feed;
use super::row::Row;
use super::said::Said;
use super::walk::Walk;

/// A direction of which nothing is read.
#[derive(Debug)]
pub(super) struct OpaqueWalk {
    view: View,
    ending: Option<Ending>,
}

impl OpaqueWalk {
    pub(super) fn new(view: View) -> Self {
        Self { view, ending: None }
    }
}

impl Walk for OpaqueWalk {
    fn next(&mut self, feed: &mut Feed<'_>, _said: &mut Said) -> io::Result<Option<Entry>> {
        if self.ending.is_some() {
            return Ok(None);
        }
        if feed.at_least(1)?.is_empty() && feed.gap() == 0 {
            self.ending = Some(Ending::clean("nothing was sent"));
            return Ok(None);
        }
        let entry = entry(feed, self.view)?;
        self.ending = Some(Ending::open("in what is not read"));
        Ok(Some(entry))
    }

    fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }
}

/// Bytes at the front of an opaque run that are looked at.
const LOOKED_AT: usize = 16;

/// Everything up to the end of the direction.
pub(super) fn entry(feed: &mut Feed<'_>, view: View) -> io::Result<Entry> {
    let offset = feed.offset();
    let first = feed.at_least(LOOKED_AT)?;
    let first = first[..first.len().min(LOOKED_AT)].to_vec();
    let (mut len, mut missing) = (0, 0);
    loop {
        let here = feed.bytes().len();
        feed.take(here);
        len += here as u64;
        if feed.more()? {
            continue;
        }
        let gap = feed.gap();
        if gap == 0 {
            break;
        }
        feed.take_gap(gap);
        len += gap;
        missing += gap;
    }
    let mut rows = Vec::new();
    if view == View::Text {
        let what = named(&first).map(|name| format!(": {name}")).unwrap_or_default();
        rows.push(Row::new(offset, &first, format!("{len} bytes that are not read{what}")));
        if missing > 0 {
            rows.push(Row::warning(format!("{missing} of them are missing in the capture")));
        }
    }
    Ok(Entry::new(offset, json!(["opaque", len]), rows))
}

/// A gap where a record or a message should go on. What follows it cannot be read.
pub(super) fn lost(feed: &Feed<'_>, view: View) -> Entry {
    let (offset, gap) = (feed.offset() + feed.bytes().len() as u64, feed.gap());
    let mut rows = Vec::new();
    if view == View::Text {
        let text = format!("! {gap} bytes are missing in the capture: what follows them cannot be read");
        rows.push(Row { offset: Some(offset), ..Row::text(text) });
    }
    Entry::new(offset, json!(["gap", gap]), rows)
}

/// What begins with these bytes.
fn named(first: &[u8]) -> Option<String> {
    match first {
        [b'A', b'M', b'Q', b'P', id, major, minor, revision, ..] => {
            let layer = match id {
                0 => "",
                2 => " inside TLS",
                3 => " with SASL",
                _ => " of an unknown layer",
            };
            Some(format!("AMQP {major}.{minor}.{revision}{layer}"))
        }
        // RFC 8446 5.1: the version in the record layer says little, the handshake type says who speaks.
        [0x16, 3, minor, _, _, 1, ..] if *minor <= 4 => {
            Some("TLS, a ClientHello; it cannot be read from outside".to_owned())
        }
        [0x16, 3, minor, _, _, 2, ..] if *minor <= 4 => {
            Some("TLS, a ServerHello; it cannot be read from outside".to_owned())
        }
        [0x14..=0x17, 3, minor, ..] if *minor <= 4 => Some("TLS; it cannot be read from outside".to_owned()),
        // [MS-NNS] 2.2.1: a handshake message of version 1.0.
        [0x14..=0x16, 1, 0, ..] => Some("NegotiateStream; it cannot be read from outside".to_owned()),
        _ => None,
    }
}
