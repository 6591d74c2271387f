//! The leg between gateway and a listener of an HTTP binding, from the listener's side: it reads what the gateway asks, and answers what
//! its library answered. Relay page 7.3 to 7.5.

use std::iter;

use super::binary_xml::{self, Element};
use super::envelope::{body, difference, header};
use super::nmf;
use super::talk::Talk;
use super::xml_text;

/// Begins an envelope of unknown size.
const UNSIZED_ENVELOPE: u8 = 0x05;

/// What a gateway asks of a listener.
#[derive(Debug)]
pub(super) struct Asked {
    /// The records up to the end of the preamble.
    pub(super) preamble: Vec<u8>,
    pub(super) envelope: Element,
}

impl Asked {
    /// The requests of a recorded direction, each read when it is asked for: some relays broke off, on purpose.
    pub(super) fn recorded(mut bytes: &[u8]) -> impl Iterator<Item = Self> {
        iter::from_fn(move || {
            if bytes.is_empty() {
                return None;
            }
            let (preamble, rest) = bytes.split_at(preamble_length(bytes).expect("a preamble"));
            let (envelope, length) = envelope_and_end(rest).expect("an envelope");
            bytes = &rest[length..];
            Some(Self { preamble: preamble.to_vec(), envelope })
        })
    }

    /// Method and form of the body, which are alike in requests that say something else.
    pub(super) fn form(&self) -> (Option<String>, Option<String>) {
        (header(&self.envelope, "Action"), header(&self.envelope, "BodyFormat"))
    }

    /// The entity of a request of the client, as it stands in the body.
    pub(super) fn entity(&self) -> Vec<u8> {
        body(&self.envelope).bytes()
    }

    /// Says where this request differs from the recorded one, in what the listener reads of it.
    ///
    /// The gateway gives the address as the listener registered it and may number messages as it likes; the recorded relay left out what
    /// the script names in `changed`, pairs of what it said and what has to stand in its place.
    pub(super) fn difference(&self, recorded: &Self, changed: &[(String, String)]) -> Option<String> {
        let expected = |text: &str| {
            changed.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to))
        };
        if header(&self.envelope, "Action") != header(&recorded.envelope, "Action") {
            return Some(format!("the method became {:?}", header(&self.envelope, "Action")));
        }
        let headers = |envelope: &Element| -> Vec<(String, String)> {
            let Some(headers) = envelope.child("Header") else { return Vec::new() };
            let ours = headers.elements().filter(|one| one.namespace.contains("/servicebus/"));
            let mut ours: Vec<_> = ours.map(|one| (one.name.clone(), expected(&one.text()))).collect();
            ours.sort();
            ours
        };
        let was = headers(&recorded.envelope);
        let mut is = headers(&self.envelope);
        // The recorded relay did not always pass on what every request has.
        is.retain(|(name, _)| {
            !["Host", "Content-Length"].contains(&&**name) || was.iter().any(|(was, _)| was == name)
        });
        if was != is {
            return Some(format!("the headers {was:?} became {is:?}"));
        }
        difference(&content(&recorded.envelope), &content(&self.envelope), &[])
    }
}

/// The SOAP message that a body holds as text, or the body itself.
fn content(envelope: &Element) -> Element {
    let body = body(envelope);
    let bytes = body.bytes();
    if bytes.is_empty() { body.clone() } else { xml_text::read(&bytes) }
}

/// Reads a preamble from the gateway.
pub(super) fn read_preamble(talk: &mut Talk) -> Vec<u8> {
    talk.next(|heard| preamble_length(heard).map(|length| (heard[..length].to_vec(), length)))
}

/// Reads an envelope and the End that has to follow it at once.
pub(super) fn read_envelope(talk: &mut Talk) -> Element {
    talk.next(envelope_and_end)
}

/// What a listener answered: its answers to the preamble and to the envelope, for each request on one connection.
pub(super) fn answers(mut sent: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut answers = Vec::new();
    while let Some((first, rest)) = sent.split_first() {
        if *first != nmf::PREAMBLE_ACK {
            // A fault in place of the answer: nothing follows it.
            answers.push((sent.to_vec(), Vec::new()));
            break;
        }
        let length = match envelope_and_end(rest) {
            Some((_, length)) => length,
            None => rest.len(),
        };
        let (answer, left) = rest.split_at(length);
        answers.push((vec![*first], answer.to_vec()));
        sent = left;
    }
    answers
}

/// The entity that an answer to an envelope holds.
pub(super) fn answered(answer: &[u8]) -> Vec<u8> {
    let (envelope, _) = envelope_and_end(answer).expect("an envelope");
    body(&envelope).bytes()
}

fn preamble_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let record = nmf::record(&bytes[at..])?;
        at += record.raw.len();
        if record.kind == nmf::PREAMBLE_END {
            return Some(at);
        }
    }
}

/// An envelope in chunks with its End, and the length of both.
fn envelope_and_end(bytes: &[u8]) -> Option<(Element, usize)> {
    assert!(bytes.first().is_none_or(|kind| *kind == UNSIZED_ENVELOPE), "no envelope: {bytes:02x?}");
    let mut document = Vec::new();
    let mut at = 1;
    loop {
        let (size, width) = nmf::int31(bytes.get(at..)?)?;
        at += width;
        if size == 0 {
            break;
        }
        document.extend_from_slice(bytes.get(at..at + size)?);
        at += size;
    }
    assert_eq!(bytes.get(at).copied().unwrap_or(nmf::END), nmf::END, "an End follows at once");
    bytes.get(at)?;
    Some((binary_xml::read(&document, &[]), at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn reads_the_recorded_requests_and_answers_of_one_connection() {
        let recording = Recording::open("v2.7.5/http-basic-reuse");

        let sent = recording.sent("rendezvous");
        let asked: Vec<Asked> = Asked::recorded(&sent).collect();
        assert_eq!(asked.len(), 3);
        assert_eq!(asked[0].difference(&asked[1], &[]), None);
        assert_eq!(answers(&recording.received("rendezvous")).len(), 3);
    }

    #[test]
    fn requests_that_ask_for_something_else_differ() {
        let of = |name: &str| {
            Asked::recorded(&Recording::open(name).sent("rendezvous")).next().expect("a request")
        };

        assert!(of("v2.7.5/http-basic-echo").difference(&of("v2.7.5/http-basic-fault-typed"), &[]).is_some());
        assert!(of("v2.7.5/http-web-get-json").difference(&of("v2.7.5/http-basic-get"), &[]).is_some());
    }
}
