//! What goes to the listener next.

use crate::wire::amqp::types::definitions::Error;
use crate::wire::amqp::types::performatives::{Attach, Begin, Close, Detach, Disposition, End, Flow, Open};
use crate::wire::amqp::{
    Performative, ProtocolHeader, SaslFrame, encode_empty, encode_performative, encode_sasl,
};

/// The only channel on which we send. [AMQP 2.5.1]
const CHANNEL: u16 = 0;

/// Bytes that wait to be taken. Empty while nothing waits, its memory given back.
#[derive(Debug, Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn header(&mut self, header: ProtocolHeader) {
        self.0.extend(header.to_bytes());
    }

    pub(super) fn sasl(&mut self, frame: &SaslFrame) {
        encode_sasl(&mut self.0, frame);
    }

    pub(super) fn empty(&mut self) {
        encode_empty(&mut self.0);
    }

    pub(super) fn open(&mut self, open: Open) {
        self.put(Performative::Open(open));
    }

    pub(super) fn begin(&mut self, begin: Begin) {
        self.put(Performative::Begin(begin));
    }

    pub(super) fn attach(&mut self, attach: Attach) {
        self.put(Performative::Attach(attach));
    }

    pub(super) fn flow(&mut self, flow: Flow) {
        self.put(Performative::Flow(flow));
    }

    pub(super) fn disposition(&mut self, disposition: Disposition) {
        self.put(Performative::Disposition(disposition));
    }

    pub(super) fn detach(&mut self, detach: Detach) {
        self.put(Performative::Detach(detach));
    }

    pub(super) fn end(&mut self, error: Option<Error>) {
        self.put(Performative::End(End { error }));
    }

    pub(super) fn close(&mut self, error: Option<Error>) {
        self.put(Performative::Close(Close { error }));
    }

    pub(super) fn transfer(&mut self, transfer: &Performative, payload: &[&[u8]]) {
        encode_performative(&mut self.0, CHANNEL, transfer, payload);
    }

    fn put(&mut self, performative: Performative) {
        encode_performative(&mut self.0, CHANNEL, &performative, &[]);
    }
}
