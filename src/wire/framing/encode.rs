//! Records to bytes, in their shortest form.

use super::fault::FaultUri;
use super::record::{Encoding, Record, RecordType};
use crate::wire::int31;

/// Appends a record; of an envelope the head alone.
pub fn record(record: &Record<'_>, out: &mut Vec<u8>) {
    out.push(record.record_type() as u8);
    match *record {
        Record::Version(version) => out.extend([version.major, version.minor]),
        Record::Mode(mode) => out.push(mode as u8),
        Record::Via(via) => string(via.expose(), out),
        Record::KnownEncoding(known) => out.push(known.0),
        Record::ExtensibleEncoding(text) | Record::Fault(text) | Record::UpgradeRequest(text) => {
            string(text, out);
        }
        Record::SizedEnvelope { size } => int31::encode(size, out),
        Record::UnsizedEnvelope
        | Record::End
        | Record::UpgradeResponse
        | Record::PreambleAck
        | Record::PreambleEnd => {}
    }
}

/// Appends a Via record with this URI, which holds at most 2^31 - 1 bytes.
pub fn via(uri: &str, out: &mut Vec<u8>) {
    out.push(RecordType::Via as u8);
    string(uri, out);
}

/// Appends an encoding record.
pub fn encoding(encoding: &Encoding, out: &mut Vec<u8>) {
    record(
        &match encoding {
            Encoding::Known(known) => Record::KnownEncoding(*known),
            Encoding::Extensible(content_type) => Record::ExtensibleEncoding(content_type),
        },
        out,
    );
}

/// Appends a Fault record. After it the receiver shuts down sending, drains and closes (framing page 3.4).
pub fn fault(fault: FaultUri, out: &mut Vec<u8>) {
    record(&Record::Fault(&fault.uri()), out);
}

/// Appends the head of a chunk of `size` bytes; 0 ends the envelope.
pub fn chunk_size(size: u32, out: &mut Vec<u8>) {
    int31::encode(size, out);
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Texts come from limits far below 2^31; a longer one could not have been read.
    int31::encode(u32::try_from(text.len()).unwrap_or(int31::MAX).min(int31::MAX), out);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_fault_of_the_vectors() {
        let mut out = Vec::new();
        fault(FaultUri::EndpointNotFound, &mut out);
        assert_eq!(out[..2], [0x08, 0x47]);
        assert_eq!(&out[2..], FaultUri::EndpointNotFound.uri().as_bytes());
    }

    #[test]
    fn writes_the_size_of_a_via_in_its_shortest_form() {
        let mut out = Vec::new();
        via(&"a".repeat(200), &mut out);
        assert_eq!(out[..3], [0x02, 0xc8, 0x01]);
    }
}
