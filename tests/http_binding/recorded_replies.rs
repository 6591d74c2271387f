//! Recorded replies of listeners become the HTTP responses that the page demands.

use super::recorded::{response, scenario, scenarios};
use super::support::{Received, receive};
use viaduct::bridge::http_binding::{BindingLimits, HttpRefusal, Reply, ReplyTerms};
use viaduct::wire::framing::{FramingLimits, Mode, Piece, ReceiverDecoder, Record};

fn lines(received: &Received) -> Vec<(String, String)> {
    let headers = &received.head.as_ref().unwrap().headers;
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

// 7.5. Differences on purpose from the recorded gateway: cookies are lines of their own, and framing is the door's.
#[test]
fn a_recorded_reply_becomes_its_recorded_response() {
    let mut compared = 0;
    for scenario in scenarios() {
        let (Some(http), Some(stream)) = (scenario.bytes("http.s2c"), scenario.bytes("rendezvous.s2c"))
        else {
            continue;
        };
        let (status, mut recorded, body) = response(&http);
        recorded.retain(|(name, _)| !matches!(name.as_str(), "content-length" | "connection"));
        for cut in [1, 3, 1000, usize::MAX] {
            let received = receive(&stream, true, cut);
            assert_eq!(
                (received.error.as_ref(), received.whole, received.ended),
                (None, true, true),
                "{}",
                scenario.name
            );
            assert_eq!(received.head.as_ref().unwrap().status.as_u16(), status, "{}", scenario.name);
            assert_eq!(received.body, body, "{}", scenario.name);
            let mut ours = lines(&received);
            if scenario.name == "http-basic-status-headers" {
                let cookies: Vec<_> = ours
                    .iter()
                    .filter(|(name, _)| name == "set-cookie")
                    .map(|(_, text)| text.as_str())
                    .collect();
                assert_eq!(cookies, ["a=1; path=/", "b=2"]);
                ours.retain(|(name, _)| name != "set-cookie");
                recorded.retain(|(name, _)| name != "set-cookie");
            }
            ours.sort();
            recorded.sort();
            assert_eq!(ours, recorded, "{}", scenario.name);
        }
        compared += 1;
    }
    assert_eq!(compared, 16);
}

#[test]
fn the_head_alone_is_the_same_without_its_entity() {
    let stream = scenario("http-basic-big-reply").bytes("rendezvous.s2c").unwrap();
    let (full, head) = (receive(&stream, true, 500), receive(&stream, false, 500));
    assert_eq!(full.head, head.head);
    assert!(full.body.len() > 40_000 && head.body.is_empty() && head.whole);
}

// A fault in SOAP 1.1 has no StatusCode: 7.5.
#[test]
fn a_recorded_fault_is_a_500() {
    let stream = scenario("http-basic-fault-typed").bytes("rendezvous.s2c").unwrap();
    let received = receive(&stream, true, 7);
    assert_eq!(received.head.unwrap().status, 500);
}

// Each reply ends a session; the next preamble may follow: 7.3.
#[test]
fn three_recorded_replies_on_one_connection_are_three_responses() {
    let stream = scenario("http-basic-reuse").bytes("rendezvous.s2c").unwrap();
    let framing = FramingLimits { envelope: 0, ..FramingLimits::default() };
    let mut decoder = ReceiverDecoder::new(Mode::Singleton, framing);
    let (mut at, mut begins, mut replies) = (0, 0, 0);
    while at < stream.len() {
        let (piece, used) = decoder.next(&stream[at..]).unwrap().unwrap();
        at += used;
        if piece == Piece::Record(Record::End) {
            let received = receive(&stream[begins..at], true, 100);
            assert!(received.ended && received.head.unwrap().status == 200);
            (begins, replies) = (at, replies + 1);
        }
    }
    assert_eq!(replies, 3);
}

// `http-ws2007-native`: wrapped all the same.
#[test]
fn a_reply_to_an_unwrapped_request_is_a_response() {
    let stream = scenario("http-ws2007-native").bytes("rendezvous.s2c").unwrap();
    let received = receive(&stream, true, 100);
    assert_eq!(
        lines(&received),
        [("content-type".to_owned(), "application/soap+xml; charset=utf-8".to_owned())]
    );
}

/// Reads a whole stream and says why it is no reply, when nothing more comes and when the listener closed.
fn refused(stream: &[u8], sent: u64) -> (u16, u16) {
    let mut reply = Reply::new(ReplyTerms { wants_body: true, limits: BindingLimits::default() });
    let mut parts = Vec::new();
    if let Err(error) = reply.push(stream, &mut parts) {
        return (error.status().as_u16(), error.status().as_u16());
    }
    let late = reply.late().status().as_u16();
    (late, reply.eof(sent).unwrap_err().status().as_u16())
}

#[test]
fn recorded_silence_is_a_504_and_a_recorded_end_a_502() {
    // An exception while the reply was written: 07 without the end of the chunks.
    assert_eq!(refused(&scenario("http-basic-nobodyformat").bytes("rendezvous.s2c").unwrap(), 0), (502, 502));
    // No End in the request: nothing came but the acknowledgement.
    assert_eq!(refused(&scenario("http-basic-noend").bytes("rendezvous.s2c").unwrap(), 0).0, 504);
    let large = scenario("http-basic-toolarge").bytes("rendezvous.s2c").unwrap();
    assert_eq!(refused(&large, 70_000).1, 502);
    let undecodable = scenario("http-basic-undecodable");
    for stream in ["rendezvous.s2c", "rendezvous2.s2c", "rendezvous3.s2c"] {
        assert_eq!(refused(&undecodable.bytes(stream).unwrap(), 0), (504, 502), "{stream}");
    }
}

// 7.3, 7.5: another path and another scheme are no endpoint; modes and encodings are refused.
#[test]
fn recorded_framing_faults_are_404_and_502() {
    let faults = scenario("http-nmf-faults");
    let status = |stream: &str| refused(&faults.bytes(stream).unwrap(), 0).1;
    let streams = ["rendezvous", "rendezvous2", "rendezvous3", "rendezvous4", "rendezvous5", "rendezvous6"];
    let statuses: Vec<u16> = streams.iter().map(|stream| status(&format!("{stream}.s2c"))).collect();
    assert_eq!(statuses, [404, 404, 502, 502, 502, 502]);
    let received = receive(&faults.bytes("rendezvous.s2c").unwrap(), true, 1);
    assert_eq!(received.error, Some(HttpRefusal::NoSuchEndpoint));
}
