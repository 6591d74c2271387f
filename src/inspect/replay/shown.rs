//! What the inspector says about a recording: the records for `meta.json`, and what stands at an offset.

use serde_json::Value;

use super::recording::Recording;
use crate::inspect::{Direction, InMemory, Protocol, ReadError, Stream};

/// A recorded connection, to be shown.
fn stream(recording: &Recording) -> Stream<'static> {
    let some = |bytes: &Vec<u8>| (!bytes.is_empty()).then(|| bytes.clone());
    let recorded = InMemory { i2r: some(&recording.c2s), r2i: some(&recording.s2c), ..InMemory::default() };
    Stream {
        name: recording.name.clone(),
        recording: Box::new(recorded),
        mode: None,
        otherwise: Protocol::Unknown,
    }
}

/// A fact for the `framing` of a `meta.json`.
#[derive(Debug, Clone, PartialEq)]
pub enum Framing {
    /// A record of a direction, `i2r` or `r2i`.
    Record(String, Value),
    /// How the direction ends.
    End(String, Value),
}

/// Gives the records of each direction in turn, and how it ends, as the `meta.json` of a recording has them.
///
/// # Errors
/// Those of `take`, and of reading.
pub fn framing<E: From<ReadError>>(
    stream: &Stream<'_>,
    mut take: impl FnMut(Framing) -> Result<(), E>,
) -> Result<(), E> {
    stream.json(|line| {
        let Ok(Value::Object(mut line)) = serde_json::from_str(line) else { return Ok(()) };
        let Some(Value::String(dir)) = line.remove("dir") else { return Ok(()) };
        match (line.remove("record"), line.remove("end")) {
            (Some(record), _) => take(Framing::Record(dir, record)),
            (None, Some(end)) => take(Framing::End(dir, end)),
            (None, None) => Ok(()),
        }
    })
}

/// The envelopes of a recording as text XML.
pub(super) fn envelopes(recording: &Recording) -> Vec<String> {
    let mut envelopes = Vec::new();
    // What is in memory can be read; of what is recorded wrong, those before it are there.
    let _ = stream(recording).json(|line| {
        if let Ok(Value::Object(mut line)) = serde_json::from_str(line)
            && let Some(Value::String(envelope)) = line.remove("envelope")
        {
            envelopes.push(envelope);
        }
        Ok::<(), ReadError>(())
    });
    envelopes
}

/// What stands at `offset`, in the words of the annotation. `None` for a byte that the inspector cannot read.
pub(super) fn meaning(recording: &Recording, direction: Direction, offset: usize) -> Option<String> {
    let arrow = match direction {
        Direction::InitiatorToReceiver => '→',
        Direction::ReceiverToInitiator => '←',
    };
    let mut is_ours = false;
    let mut is_read = true;
    let mut best: Option<(usize, String)> = None;
    let shown = stream(recording).annotate(|line| {
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
            && best.as_ref().is_none_or(|(best, _)| *best < place)
        {
            best = line.get(39..).map(|text| (place, text.trim().to_owned()));
        }
        Ok::<(), ReadError>(())
    });
    let (place, text) = best.filter(|_| is_read && shown.is_ok())?;
    Some(if place == offset { text } else { format!("byte {} of {text}", offset - place) })
}
