//! Bytes of net.tcp framing, written out by hand. [MC-NMF] 2.2

/// A Via record. [MC-NMF] 2.2.3.3: the length counts bytes, seven bits each, low bits first.
pub fn via_record(via: &str) -> Vec<u8> {
    let mut record = vec![0x02];
    let mut length = via.len();
    while length > 0x7f {
        record.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    record.push(length as u8);
    record.extend_from_slice(via.as_bytes());
    record
}

/// A sized envelope record; without its first byte, a chunk. [MC-NMF] 2.2.4
pub fn sized_record(payload: &[u8]) -> Vec<u8> {
    let mut record = vec![0x06];
    let mut length = payload.len();
    while length > 0x7f {
        record.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    record.push(length as u8);
    record.extend_from_slice(payload);
    record
}

/// Version, mode duplex, Via and encoding: a preamble without its end.
pub fn preamble_start(via: &str) -> Vec<u8> {
    [b"\x00\x01\x00\x01\x02", &via_record(via)[..], b"\x03\x08"].concat()
}

/// A whole preamble of a duplex session.
pub fn preamble(via: &str) -> Vec<u8> {
    [&preamble_start(via)[..], b"\x0c"].concat()
}

/// A fault record with one of the standard faults. [MC-NMF] 2.2.5
pub fn fault_record(name: &str) -> Vec<u8> {
    let uri = format!("http://schemas.microsoft.com/ws/2006/05/framing/faults/{name}");
    [&[0x08, uri.len() as u8], uri.as_bytes()].concat()
}
