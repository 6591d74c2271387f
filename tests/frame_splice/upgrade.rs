//! A connection that hyper ran on comes back after an upgrade, with what it read too early.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use viaduct::io::{Leg, Prefixed, Stream};

use crate::pair::{WS, connection};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[tokio::test]
async fn the_stream_and_what_was_read_too_early_come_back() {
    for prefix in [0, 10, REQUEST.len(), REQUEST.len() + 3] {
        let (ours, mut theirs) = connection().await;
        let sent = [REQUEST, b"early"].concat();
        theirs.write_all(&sent[prefix..]).await.unwrap();
        let (upgrades, mut upgraded) = mpsc::unbounded_channel();
        let service = service_fn(move |mut request: Request<Incoming>| {
            upgrades.send(hyper::upgrade::on(&mut request)).unwrap();
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            async { Ok::<_, std::convert::Infallible>(response) }
        });
        let stream = Prefixed::new(Stream::from(ours), Bytes::copy_from_slice(&sent[..prefix]));
        let http = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(http.with_upgrades());
        let leg = Leg::from_upgraded(upgraded.recv().await.unwrap().await.unwrap(), WS).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(theirs.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        theirs.write_all(b"late").await.unwrap();
        theirs.shutdown().await.unwrap();
        let Stream::Tcp(mut tcp) = leg.stream else { panic!("it was TCP") };
        let mut all = leg.early.to_vec();
        tcp.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"earlylate", "{prefix} bytes were sniffed");
    }
}
