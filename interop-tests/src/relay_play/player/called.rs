//! A connector in front of a Mono service takes the place of the recorded listener, and the recorded sender calls it.

use crate::relay_play::binary_xml::{self, Element};
use crate::relay_play::envelope;
use crate::relay_play::nmf;
use crate::{Connector, MonoService};

use super::play::Player;

/// The connector and the service behind it.
pub(super) struct Behind {
    _connector: Connector,
    _service: MonoService,
}

impl Player {
    /// The service knows its own address alone: another scheme, port and path than the sender's.
    pub(super) fn serve(&mut self) {
        let service = MonoService::of_recordings();
        let connector = Connector::listen(&self.gateway, &self.relay, &service.address);
        self.behind = Some(Behind { _connector: connector, _service: service });
    }

    /// The sender is told that it is joined, calls as it did, and gets the answers that it got.
    pub(super) fn called(&mut self, sender: &str, stream: &str) {
        self.answered(sender, "RelayedConnectReply");
        let (recording, stream) = self.of(stream);
        let mut answers = envelopes(&recording.received(stream)).into_iter();
        let talk = self.talking(sender);
        let mut strings = Vec::new();
        for turn in nmf::turns(&recording.sent(stream)) {
            talk.say(&with_string_table(&turn));
            match turn.last() {
                Some(&nmf::PREAMBLE_END) => assert_eq!(talk.receive(1), [nmf::PREAMBLE_ACK]),
                Some(_) if turn[0] == nmf::SIZED_ENVELOPE => {
                    let recorded = answers.next().expect("each call was answered");
                    let live = talk
                        .next(|heard| nmf::record(heard).map(|record| (record.clone(), record.raw.len())))
                        .body;
                    let document = binary_xml::take_string_table(&live, &mut strings);
                    let live = binary_xml::read(document, &strings);
                    // Not all that answer say to whom; all say what they answer.
                    let same = |name: &str| {
                        assert_eq!(envelope::header(&live, name), envelope::header(&recorded, name))
                    };
                    same("Action");
                    same("RelatesTo");
                    let body = |message: &Element| envelope::body(message).clone();
                    assert_eq!(envelope::difference(&body(&recorded), &body(&live), &[]), None);
                }
                _ => {}
            }
        }
        assert_eq!(answers.next(), None, "the service said more than the sender asked");
    }
}

/// The envelopes of one direction. Their string tables were lost when they were recorded; they were empty.
fn envelopes(mut bytes: &[u8]) -> Vec<Element> {
    let mut envelopes = Vec::new();
    while let Some(record) = nmf::record(bytes) {
        bytes = &bytes[record.raw.len()..];
        if record.kind == nmf::SIZED_ENVELOPE {
            envelopes.push(binary_xml::read(&record.body, &[]));
        }
    }
    envelopes
}

/// A turn as the library sent it: with an empty string table in front of its envelope.
fn with_string_table(turn: &[u8]) -> Vec<u8> {
    let Some(record) = nmf::record(turn).filter(|record| record.kind == nmf::SIZED_ENVELOPE) else {
        return turn.to_vec();
    };
    [&[nmf::SIZED_ENVELOPE], &nmf::size(record.body.len() + 1)[..], &[0], &record.body].concat()
}
