//! Sessions between two sockets, their To rewritten on the way.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use super::*;
use crate::{
    connector::via,
    io::Dialect,
    wire::{
        framing::{FaultUri, PreambleEvent, PreambleReader, encode, followers},
        soap::ToRoute,
    },
};

const PATIENCE: Duration = Duration::from_secs(20);
const ACK: &[u8] = b"\x0b";
const END: &[u8] = b"\x07";

/// A session of text behind its preamble: the initiator's socket, the receiver's, and the task between them.
struct Pair {
    initiator: TcpStream,
    receiver: TcpStream,
    task: JoinHandle<ReaddressedEnd>,
    cancel: CancellationToken,
}

async fn socket() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
    (ours.unwrap().0.into(), theirs.unwrap())
}

impl Pair {
    async fn new() -> Self {
        let mut preamble = vec![0, 1, 0, 1, 2];
        encode::via("net.tcp://relay/front", &mut preamble);
        preamble.extend(b"\x03\x03\x0c");
        let (mut reader, mut at) = (PreambleReader::new(), 0);
        let session = loop {
            let (event, used) = reader.read(&preamble[at..], &via::policy()).unwrap().unwrap();
            at += used;
            if let PreambleEvent::Begun(session) = event {
                break session;
            }
        };
        let route = ToRoute::new("/front", "net.tcp://service/own", false).unwrap();
        let limits = via::policy().limits;
        let rewriter = InitiatorRewriter::new(&session, &limits, &route).unwrap();
        let (_, follower) = followers(&session, &limits);
        let ((a, initiator), (b, receiver)) = (socket().await, socket().await);
        let leg = |stream| Leg { stream, early: Bytes::new(), dialect: Dialect::Bytes };
        let session = Readdressed { initiator: leg(a), receiver: leg(b), rewriter, follower };
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let task = tokio::spawn(async move { relay(session, &stop).await });
        Self { initiator, receiver, task, cancel }
    }

    /// As [`Self::new`], acknowledged.
    async fn begun() -> Self {
        let mut pair = Self::new().await;
        pair.receiver.write_all(ACK).await.unwrap();
        assert_eq!(take(&mut pair.initiator, 1).await, ACK);
        pair
    }

    async fn end(self) -> ReaddressedEnd {
        timeout(PATIENCE, self.task).await.expect("in time").unwrap()
    }
}

/// A sized envelope, a one-way message.
fn message(to: &str) -> Vec<u8> {
    let text = format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing'>\
         <s:Header><a:To>{to}</a:To></s:Header><s:Body></s:Body></s:Envelope>"
    );
    let mut bytes = vec![6];
    encode::chunk_size(text.len() as u32, &mut bytes);
    [bytes, text.into_bytes()].concat()
}

fn fault(fault: FaultUri) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::fault(fault, &mut bytes);
    bytes
}

async fn take(socket: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    timeout(PATIENCE, socket.read_exact(&mut bytes)).await.expect("in time").unwrap();
    bytes
}

async fn rest(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("in time").map(|_| bytes)
}

#[tokio::test]
async fn both_ends_give_the_initiator_back_with_what_it_sent_beyond() {
    let mut pair = Pair::begun().await;
    pair.initiator.write_all(&[&message("net.tcp://relay/front")[..], END, b"next"].concat()).await.unwrap();
    let expected = [&message("net.tcp://service/own")[..], END].concat();
    assert_eq!(take(&mut pair.receiver, expected.len()).await, expected);
    pair.receiver.write_all(END).await.unwrap();
    assert_eq!(take(&mut pair.initiator, 1).await, END);
    assert_eq!(rest(&mut pair.receiver).await.unwrap(), b"");
    let mut initiator = std::mem::replace(&mut pair.initiator, socket().await.1);
    let end = pair.end().await;
    assert!(matches!(end.reason, Reason::SessionsEnded), "{:?}", end.reason);
    let (mut stream, beyond) = end.returned.unwrap();
    assert_eq!(beyond, &b"next"[..]);
    stream.write_all(b"still open").await.unwrap();
    assert_eq!(take(&mut initiator, 10).await, b"still open");
}

#[tokio::test]
async fn a_receiver_that_closes_with_its_end_leaves_the_initiator_open() {
    let mut pair = Pair::begun().await;
    pair.initiator.write_all(END).await.unwrap();
    assert_eq!(take(&mut pair.receiver, 1).await, END);
    // Both arrive before anybody looks.
    pair.receiver.write_all(END).await.unwrap();
    pair.receiver.shutdown().await.unwrap();
    assert_eq!(take(&mut pair.initiator, 1).await, END);
    let _open = std::mem::replace(&mut pair.initiator, socket().await.1);
    let end = pair.end().await;
    assert!(matches!(end.reason, Reason::SessionsEnded), "{:?}", end.reason);
    assert!(end.returned.is_some());
}

#[tokio::test]
async fn an_end_that_only_one_side_says_is_passed_on_and_the_other_goes_on() {
    let mut pair = Pair::begun().await;
    pair.initiator.write_all(END).await.unwrap();
    pair.initiator.shutdown().await.unwrap();
    assert_eq!(rest(&mut pair.receiver).await.unwrap(), END);
    // As Mono does: no End of its own.
    let reply = message("anything");
    pair.receiver.write_all(&reply).await.unwrap();
    pair.receiver.shutdown().await.unwrap();
    assert_eq!(rest(&mut pair.initiator).await.unwrap(), reply);
    let end = pair.end().await;
    assert!(matches!(end.reason, Reason::Closed), "{:?}", end.reason);
}

#[tokio::test]
async fn an_answer_waits_for_the_end_of_the_receivers_record() {
    let mut pair = Pair::begun().await;
    let reply = message("anything");
    pair.receiver.write_all(&reply[..9]).await.unwrap();
    assert_eq!(take(&mut pair.initiator, 9).await, reply[..9]);
    pair.initiator.write_all(&message("net.tcp://relay/other")).await.unwrap();
    pair.receiver.write_all(&reply[9..]).await.unwrap();
    let expected = [&reply[9..], &fault(FaultUri::EndpointNotFound)].concat();
    assert_eq!(rest(&mut pair.initiator).await.unwrap(), expected);
    assert_eq!(rest(&mut pair.receiver).await.unwrap(), b"");
    drop((pair.initiator, pair.receiver));
    let end = timeout(PATIENCE, pair.task).await.expect("in time").unwrap();
    assert!(matches!(end.reason, Reason::Refused { .. }), "{:?}", end.reason);
}

#[tokio::test]
async fn an_answer_waits_for_the_acknowledgement() {
    let mut pair = Pair::new().await;
    pair.initiator.write_all(&message("net.tcp://relay/other")).await.unwrap();
    pair.receiver.write_all(ACK).await.unwrap();
    let expected = [ACK, &fault(FaultUri::EndpointNotFound)].concat();
    assert_eq!(rest(&mut pair.initiator).await.unwrap(), expected);
}

#[tokio::test]
async fn a_receiver_that_never_ends_its_record_does_not_hold_up_the_end() {
    let mut pair = Pair::begun().await;
    pair.receiver.write_all(&message("anything")[..9]).await.unwrap();
    take(&mut pair.initiator, 9).await;
    pair.initiator.write_all(&message("net.tcp://relay/other")).await.unwrap();
    tokio::time::pause();
    assert_eq!(pair.initiator.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_is_none_resets_the_initiator() {
    let mut pair = Pair::begun().await;
    pair.initiator.write_all(b"\x06\x05hello").await.unwrap();
    assert!(rest(&mut pair.initiator).await.is_err(), "an abort, as a service's");
    assert_eq!(rest(&mut pair.receiver).await.unwrap(), b"");
}

#[tokio::test]
async fn a_side_that_is_lost_resets_the_other() {
    let mut pair = Pair::begun().await;
    pair.receiver.set_zero_linger().unwrap();
    drop(std::mem::replace(&mut pair.receiver, socket().await.1));
    assert!(rest(&mut pair.initiator).await.is_err());
    assert!(matches!(pair.end().await.reason, Reason::ReceiverLost));

    let mut pair = Pair::begun().await;
    // Inside a record.
    pair.initiator.write_all(b"\x06\x20<s:").await.unwrap();
    pair.initiator.shutdown().await.unwrap();
    assert!(rest(&mut pair.receiver).await.is_err());
    assert!(matches!(pair.end().await.reason, Reason::InitiatorLost));
}

#[tokio::test]
async fn what_the_receiver_may_not_send_ends_the_session() {
    let mut pair = Pair::begun().await;
    pair.receiver.write_all(&[&message("anything")[..], b"\x0b"].concat()).await.unwrap();
    assert_eq!(rest(&mut pair.initiator).await.unwrap(), message("anything"));
    drop(std::mem::replace(&mut pair.initiator, socket().await.1));
    drop(std::mem::replace(&mut pair.receiver, socket().await.1));
    assert!(matches!(pair.end().await.reason, Reason::ReceiverRefused(_)));
}

#[tokio::test]
async fn after_one_side_ended_silence_ends_the_other() {
    let mut pair = Pair::begun().await;
    pair.initiator.write_all(END).await.unwrap();
    assert_eq!(take(&mut pair.receiver, 1).await, END);
    // The service says nothing for a minute.
    tokio::time::pause();
    assert_eq!(pair.receiver.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    drop((pair.initiator, pair.receiver));
    let end = pair.task.await.unwrap();
    assert!(matches!(end.reason, Reason::HalfCloseExpired), "{:?}", end.reason);
}

#[tokio::test]
async fn a_session_ends_when_its_grace_is_over() {
    let mut pair = Pair::begun().await;
    pair.cancel.cancel();
    assert_eq!(rest(&mut pair.initiator).await.unwrap(), b"");
    assert_eq!(rest(&mut pair.receiver).await.unwrap(), b"");
    drop((pair.initiator, pair.receiver));
    assert!(matches!(pair.task.await.unwrap().reason, Reason::Cancelled));
}
