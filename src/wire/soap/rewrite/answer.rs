//! What the initiator is told when a message of its is not passed on.

use super::coding::Coding;
use super::error::RewriteError;
use super::initiator::Refused;
use crate::wire::binxml::{Ids, Writer};
use crate::wire::framing::{Mode, Record, encode};
use crate::wire::int31;
use crate::wire::soap::{Envelope, Headers};
use crate::wire::xml::{Charset, Runtime, TextStyle, TextWriter};

/// The records: a SOAP fault as the reply and the end of the session, or a framing fault, or nothing (framing page 5 and 7.4).
pub(super) fn records(refused: &Refused, headers: Option<&Headers>, mode: Mode, coding: Coding) -> Vec<u8> {
    let mut out = Vec::new();
    let fault = match refused {
        Refused::Framing(error) => error.fault(),
        Refused::Envelope(error) => {
            let reply = headers.and_then(|headers| reply(error, headers, coding));
            if let Some(reply) = reply.filter(|reply| reply.len() <= int31::MAX as usize) {
                envelope(&reply, mode, &mut out);
                encode::record(&Record::End, &mut out);
                return out;
            }
            error.framing_fault()
        }
    };
    if let Some(fault) = fault {
        encode::fault(fault, &mut out);
    }
    out
}

/// The reply to a message that wants one.
fn reply(error: &RewriteError, headers: &Headers, coding: Coding) -> Option<Vec<u8>> {
    let id = headers.message_id.as_ref()?;
    let fault = error.fault(headers.addressing)?;
    let action = fault.action(headers.addressing).unwrap_or_default();
    let envelope =
        Envelope::reply(headers.version, headers.addressing, action, Some(&id.text)).to_anonymous();
    let mut out = Vec::new();
    match coding {
        Coding::Session | Coding::Binary => {
            if coding == Coding::Session {
                // No new strings.
                out.push(0);
            }
            let mut writer = Writer::new(Ids::Static, Runtime::Net8);
            envelope.with_fault(&fault, &mut writer).ok()?;
            out.extend(writer.finish().ok()?);
        }
        Coding::Text(charset) => {
            let mark = charset != Charset::Utf8;
            let mut writer = TextWriter::new(TextStyle { charset, mark, ..TextStyle::default() });
            envelope.with_fault(&fault, &mut writer).ok()?;
            writer.take(&mut out);
        }
    }
    Some(out)
}

fn envelope(message: &[u8], mode: Mode, out: &mut Vec<u8>) {
    let size = message.len() as u32;
    if mode == Mode::Duplex {
        encode::record(&Record::SizedEnvelope { size }, out);
        out.extend_from_slice(message);
    } else {
        encode::record(&Record::UnsizedEnvelope, out);
        encode::chunk_size(size, out);
        out.extend_from_slice(message);
        encode::chunk_size(0, out);
    }
}
