//! The frames of a WebSocket, RFC 6455 5.

use std::io;

use serde_json::json;

use crate::inspect::ending::Ending;
use crate::inspect::entry::{Entry, View};
use crate::inspect::feed::Feed;
use crate::inspect::opaque;
use crate::inspect::row::{Row, cut};
use crate::inspect::secrets;
use crate::wire::websocket::{Close, FrameHead, OpCode, apply_mask};

/// Bytes of a payload that are kept to be shown.
const KEPT: usize = 4096;

/// The next frame, or how the frames end.
pub(super) fn next(feed: &mut Feed<'_>, view: View) -> io::Result<Result<Entry, (Ending, Option<Entry>)>> {
    let start = feed.offset();
    let (head, size) = loop {
        match FrameHead::decode(feed.bytes()) {
            Ok(Some(found)) => break found,
            Ok(None) if feed.more()? => {}
            Ok(None) if feed.gap() > 0 => {
                return Ok(Err((Ending::gap(start), Some(opaque::lost(feed, view)))));
            }
            Ok(None) if feed.bytes().is_empty() => {
                return Ok(Err((Ending::clean("between two frames"), None)));
            }
            Ok(None) => return Ok(Err((cut_off(start), None))),
            Err(error) => {
                return Ok(Err((Ending::error("websocket", error.to_string(), start), None)));
            }
        }
    };
    let first = feed.bytes()[..size].to_vec();
    feed.take(size);
    let (mut payload, mut left, mut missing) = (Vec::new(), head.len, 0);
    while left > 0 {
        let here = feed.bytes().len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if here > 0 {
            let room = if missing == 0 { KEPT - payload.len() } else { 0 };
            payload.extend_from_slice(&feed.bytes()[..here.min(room)]);
            feed.take(here);
            left -= here as u64;
        } else if !feed.more()? {
            let gap = feed.gap().min(left);
            if gap == 0 {
                return Ok(Err((cut_off(start), None)));
            }
            feed.take_gap(gap);
            missing += gap;
            left -= gap;
        }
    }
    if let Some(key) = head.mask {
        apply_mask(&mut payload, key);
    }
    Ok(Ok(entry(&head, start, &first, &payload, missing, view)))
}

fn cut_off(start: u64) -> Ending {
    Ending::error("eof", "the connection ends inside a frame", start)
}

fn entry(head: &FrameHead, start: u64, first: &[u8], payload: &[u8], missing: u64, view: View) -> Entry {
    let name = name(head.opcode);
    let record = if head.fin {
        json!(["websocket-frame", name, head.len])
    } else {
        json!(["websocket-frame", name, head.len, "more"])
    };
    let mut entry = Entry::new(start, record, Vec::new());
    let text = match head.opcode {
        OpCode::Text => Some(cut(&secrets::text(&String::from_utf8_lossy(payload)))),
        OpCode::Close => Close::decode(payload).ok().map(|close| match close.code {
            Some(code) => format!("{code} {}", secrets::text(&close.reason)),
            None => "without a code".to_owned(),
        }),
        _ => None,
    };
    if view == View::Text {
        let masked = if head.mask.is_some() { ", masked" } else { "" };
        let more = if head.fin { "" } else { ", the message goes on" };
        let title = format!("WebSocket {name}, {} bytes{masked}{more}", head.len);
        let text = text.map(|text| format!(": {text}")).unwrap_or_default();
        let shown = if text.is_empty() { &first[..2] } else { first };
        entry.rows.push(Row::new(start, shown, format!("{title}{text}")));
        if head.opcode == OpCode::Binary && !payload.is_empty() {
            let at = start + first.len() as u64;
            entry.rows.push(Row::new(at, payload, "  its payload, unmasked"));
        }
        if missing > 0 {
            entry.rows.push(Row::warning(format!("{missing} of them are missing in the capture")));
        }
    } else {
        entry.details.text = text.filter(|_| view == View::Json);
    }
    entry
}

fn name(opcode: OpCode) -> &'static str {
    match opcode {
        OpCode::Continuation => "continuation",
        OpCode::Text => "text",
        OpCode::Binary => "binary",
        OpCode::Close => "close",
        OpCode::Ping => "ping",
        OpCode::Pong => "pong",
    }
}
