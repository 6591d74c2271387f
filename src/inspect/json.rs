//! For programs: a line of JSON for each record.

use serde::Serialize;
use serde_json::Value;

use super::entry::{Details, View};
use super::stream::{ReadError, Stream};

/// One line. Its keys are a contract: outside programs read them.
#[derive(Debug, Serialize)]
struct Line<'a> {
    stream: &'a str,
    dir: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Value>,
    #[serde(flatten)]
    details: Details,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl Stream<'_> {
    /// Gives each line, without its end, to `line`: each direction in turn, its records in order and then how it ends.
    ///
    /// # Errors
    /// Those of `line`, and [`ReadError`].
    pub fn json<E: From<ReadError>>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut plan = self.plan()?;
        for direction in self.directions() {
            let mut way = self.way(&mut plan, direction, View::Json)?;
            let blank = || Line {
                stream: &self.name,
                dir: direction.name(),
                offset: None,
                record: None,
                details: Details::default(),
                end: None,
            };
            while let Some(entry) = self.entry(&mut way, &mut plan)? {
                let (offset, record) = (Some(entry.offset), Some(entry.record));
                line(&to_json(&Line { offset, record, details: entry.details, ..blank() }))?;
            }
            let end = Some(self.ending(way)?.0.to_string());
            line(&to_json(&Line { end, ..blank() }))?;
        }
        Ok(())
    }
}

fn to_json(line: &Line<'_>) -> String {
    serde_json::to_string(line).expect("strings, numbers and lists of them are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{InMemory, Protocol};

    #[test]
    fn lines_are_as_the_contract_has_them_and_a_token_is_never_shown() {
        let via = b"net.tcp://h/e/$sas/U2hhcmVk";
        let mut sent = b"\0\x01\0\x01\x02\x02".to_vec();
        sent.push(via.len() as u8);
        sent.extend_from_slice(via);
        sent.extend_from_slice(b"\x03\x08\x0c\x06\x05\0\x56\x02\x01\x01\x07");
        let stream = Stream {
            name: "c".to_owned(),
            recording: Box::new(InMemory { i2r: Some(sent), ..InMemory::default() }),
            mode: None,
            otherwise: Protocol::Framing,
        };
        let mut lines = Vec::new();
        stream
            .json(|line| {
                lines.push(line.to_owned());
                Ok::<(), ReadError>(())
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
