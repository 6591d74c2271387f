//! What the inspector says about a recording: the records for `meta.json`, and what stands at an offset.

use std::convert::Infallible;

use serde_json::{Map, Value, json};

use super::recording::Recording;
use crate::inspect::{Direction, Stream, Timeline};

fn stream(recording: &Recording) -> Stream {
    let some = |bytes: &Vec<u8>| (!bytes.is_empty()).then(|| bytes.clone());
    Stream {
        name: recording.name.clone(),
        i2r: some(&recording.c2s),
        r2i: some(&recording.s2c),
        mode: None,
        timeline: Timeline::default(),
    }
}

/// Every line of `viaduct inspect --format json`.
fn lines(recording: &Recording) -> Vec<Value> {
    let mut lines = Vec::new();
    let Ok(()) = stream(recording).json(|line| {
        lines.extend(serde_json::from_str::<Value>(line));
        Ok::<(), Infallible>(())
    });
    lines
}

/// The records of net.tcp framing per direction and how each ends, as the `meta.json` of a recording has them.
pub fn framing(recording: &Recording) -> Value {
    let mut found = Map::new();
    for line in lines(recording) {
        let Some(dir) = line["dir"].as_str() else { continue };
        let direction =
            found.entry(dir).or_insert_with(|| json!({ "records": [], "end_of_stream": Value::Null }));
        if let Some(records) = direction["records"].as_array_mut() {
            records.extend(line.get("record").cloned());
        }
        if let Some(end) = line.get("end") {
            direction["end_of_stream"] = end.clone();
        }
    }
    Value::Object(found)
}

/// The envelopes of a recording as text XML.
pub(super) fn envelopes(recording: &Recording) -> Vec<String> {
    lines(recording).iter().filter_map(|line| Some(line["envelope"].as_str()?.to_owned())).collect()
}

/// The line of the annotation that tells of the byte at `offset`: what stands there in a stream of message framing. `None` for a byte that the
/// inspector cannot read.
pub(super) fn meaning(recording: &Recording, direction: Direction, offset: usize) -> Option<String> {
    let arrow = match direction {
        Direction::InitiatorToReceiver => '→',
        Direction::ReceiverToInitiator => '←',
    };
    let mut is_ours = false;
    let mut is_read = true;
    let mut best: Option<(usize, String)> = None;
    let Ok(()) = stream(recording).annotate(|line| {
        if line.starts_with(['→', '←']) {
            is_ours = line.starts_with(arrow);
            // How a direction ends: "…; 4 bytes from 57 on are not read".
            let unread =
                line.split_once(" bytes from ").and_then(|(_, rest)| rest.split_once(" on are not read"));
            if let (true, Some((from, _))) = (is_ours, unread) {
                is_read &= from.parse::<usize>().is_ok_and(|from| offset < from);
            }
        }
        // Offset, first bytes, meaning; see docs/inspect.md.
        let place = line.get(..9).and_then(|column| column.trim().parse::<usize>().ok());
        if let (true, Some(place)) = (is_ours, place)
            && place <= offset
            && best.as_ref().is_none_or(|(best, _)| *best <= place)
        {
            best = line.get(39..).map(|text| (place, text.trim().to_owned()));
        }
        Ok::<(), Infallible>(())
    });
    best.filter(|_| is_read).map(|(_, text)| text)
}
