//! For programs: a line of JSON for each record.

use serde::Serialize;
use serde_json::{Value, json};

use super::readings::Readings;
use super::stream::Stream;
use super::walk::Item;
use crate::wire::framing::{Record, ViaText};

/// One line. Its keys are a contract: outside programs read them.
#[derive(Debug, Serialize)]
struct Line<'a> {
    stream: &'a str,
    dir: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    /// Why there is no `envelope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl Stream {
    /// Gives each line, without its end, to `line`: each direction in turn, its records in order and then how it ends.
    ///
    /// # Errors
    /// Those of `line`.
    pub fn json<E>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        for direction in self.directions() {
            let mut readings = Readings::new(self, direction);
            let mut walk = self.walk(direction);
            let blank = || Line {
                stream: &self.name,
                dir: direction.name(),
                offset: None,
                record: None,
                envelope: None,
                unreadable: None,
                end: None,
            };
            for found in walk.by_ref() {
                let mut this =
                    Line { offset: Some(found.offset), record: Some(record(&found.item)), ..blank() };
                if let Item::Sized(payload) | Item::Unsized(payload) = &found.item {
                    match readings.session(found.session).text(&payload.bytes()) {
                        Ok(text) => this.envelope = Some(text),
                        Err(error) => this.unreadable = Some(error.to_string()),
                    }
                }
                line(&to_json(&this))?;
            }
            let end = walk.ending().map(ToString::to_string);
            line(&to_json(&Line { end, ..blank() }))?;
        }
        Ok(())
    }
}

fn to_json(line: &Line<'_>) -> String {
    serde_json::to_string(line).expect("strings, numbers and lists of them are always JSON")
}

/// A record as the `meta.json` of a recording has it.
fn record(item: &Item<'_>) -> Value {
    match item {
        Item::Sized(payload) => json!(["sized-envelope", payload.len()]),
        Item::Unsized(payload) => {
            let sizes: Vec<usize> = payload.parts().iter().map(|part| part.bytes.len()).collect();
            json!(["unsized-envelope", sizes])
        }
        Item::Opaque(bytes) => json!(["opaque", bytes.len()]),
        Item::Record(record) => {
            let name = record.record_type().name();
            match record {
                Record::Version(version) => json!([name, version.major, version.minor]),
                Record::Mode(mode) => json!([name, mode.name()]),
                Record::Via(via) => json!([name, shown(*via)]),
                Record::KnownEncoding(known) => json!([name, known.0]),
                Record::ExtensibleEncoding(text) | Record::Fault(text) | Record::UpgradeRequest(text) => {
                    json!([name, text])
                }
                Record::UnsizedEnvelope
                | Record::SizedEnvelope { .. }
                | Record::End
                | Record::UpgradeResponse
                | Record::PreambleAck
                | Record::PreambleEnd => json!([name]),
            }
        }
    }
}

/// A Via without the token that may be in it.
pub(super) fn shown(via: ViaText<'_>) -> String {
    let (text, has_token) = via.without_token();
    format!("{text}{}", if has_token { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Timeline;

    #[test]
    fn lines_are_as_the_contract_has_them_and_a_token_is_never_shown() {
        let via = b"net.tcp://h/e/$sas/U2hhcmVk";
        let mut sent = b"\0\x01\0\x01\x02\x02".to_vec();
        sent.push(via.len() as u8);
        sent.extend_from_slice(via);
        sent.extend_from_slice(b"\x03\x08\x0c\x06\x05\0\x56\x02\x01\x01\x07");
        let stream = Stream {
            name: "c".to_owned(),
            i2r: Some(sent),
            r2i: None,
            mode: None,
            timeline: Timeline::default(),
        };
        let mut lines = Vec::new();
        stream
            .json(|line| {
                lines.push(line.to_owned());
                Ok::<(), ()>(())
            })
            .unwrap();
        assert_eq!(lines[0], r#"{"stream":"c","dir":"i2r","offset":0,"record":["version",1,0]}"#);
        assert_eq!(
            lines[2],
            r#"{"stream":"c","dir":"i2r","offset":5,"record":["via","net.tcp://h/e/$sas/…"]}"#
        );
        assert!(
            lines[5].starts_with(
                r#"{"stream":"c","dir":"i2r","offset":37,"record":["sized-envelope",5],"unreadable":"no binary xml: "#
            ),
            "{}",
            lines[5]
        );
        assert_eq!(lines[7], r#"{"stream":"c","dir":"i2r","end":"clean"}"#);
        assert!(!lines.concat().contains("U2hhcmVk"));
    }
}
