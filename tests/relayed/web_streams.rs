//! The web stream that 2.7.5 made on port 80.

use std::time::Instant;

use viaduct::wire::relayed::TlsMark;
use viaduct::wire::relayed::web_stream::{
    CONNECT_HEADER, CREATE_HEADER, MAX_CREATE_BODY, PROCESS_AT, PROCESS_AT_RELAY, StreamRequest, StreamRole,
    Way, WebStream, WebStreamTimes,
};

use super::recorded::{connections, head, header};

/// The body behind a head with chunked coding; what a recording ends in is left out.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        let Some(chunk) = body.get(end + 2..end + 2 + size) else { break };
        out.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    out
}

#[test]
fn both_web_streams_are_made_checked_and_read_however_their_bytes_are_cut() {
    let now = Instant::now();
    let mut requests = connections("-80");
    requests.retain(|recorded| recorded.name.contains("webstream"));
    assert_eq!(requests.len(), 6);
    for cut in [1, 2, 3, 7, 1 << 20] {
        let mut opened = Vec::new();
        for three in requests.chunks(3) {
            let [create, up, down] = three else { panic!("a stream of other than three requests") };
            let request = |recorded: &super::recorded::Recorded| {
                let (head, body) = head(&recorded.sent);
                let method = head.split(' ').next().unwrap();
                assert_eq!(header(head, PROCESS_AT), Some(PROCESS_AT_RELAY));
                let request =
                    StreamRequest::of(method, header(head, CREATE_HEADER), header(head, CONNECT_HEADER));
                (request.unwrap().unwrap(), body.to_vec())
            };
            let (made, body) = request(create);
            assert_eq!(made, StreamRequest::Create(StreamRole::Connection));
            assert!(body == b"\xef\xbb\xbf" && body.len() <= MAX_CREATE_BODY);
            let mut stream = WebStream::new(StreamRole::Connection, true, now, WebStreamTimes::default());
            let (half, sent) = request(up);
            assert_eq!(half, StreamRequest::Up(StreamRole::Connection));
            stream.handle_attach(Way::Up, StreamRole::Connection, now).unwrap();
            let (half, none) = request(down);
            assert_eq!(half, StreamRequest::Down(StreamRole::Connection));
            assert!(none.is_empty());
            stream.handle_attach(Way::Down, StreamRole::Connection, now).unwrap();
            let (mut payload, mut answered) = (Vec::new(), Vec::new());
            for piece in unchunked(&sent).chunks(cut) {
                stream.handle_up(piece, now, &mut payload).unwrap();
                stream.take_down(now, &mut answered);
            }
            assert!(stream.is_open());
            // The echoes as the recorder's relay sent them.
            let (_, recorded) = head(&down.received);
            assert_eq!(unchunked(recorded)[..12], answered);
            opened.push(payload);
        }
        // The first one was a try; on the second follows TLS inside.
        let [tried, used] = opened.as_slice() else { panic!("other than two streams") };
        assert!(tried.is_empty());
        assert_eq!(TlsMark::decode(used[0]), Ok(TlsMark::Tls));
        assert!(used[1..].starts_with(&[0x16, 0x03]), "a TLS handshake");
        assert_eq!(used.len(), 1977);
    }
}
