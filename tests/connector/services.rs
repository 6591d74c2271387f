//! Services for connectors to stand in front of.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::program::PATIENCE;

/// What an HTTP service saw of a request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

/// An HTTP service whose answers the test gives.
pub(crate) struct HttpService {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<VecDeque<Seen>>>,
}

impl HttpService {
    /// Every request gets what `answer` makes of it.
    pub(crate) async fn start(answer: fn(&Seen) -> Response<Full<Bytes>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<VecDeque<Seen>>> = Arc::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let kept = kept.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let kept = kept.clone();
                    async move {
                        let (parts, body) = request.into_parts();
                        let seen = Seen {
                            method: parts.method.to_string(),
                            target: parts.uri.to_string(),
                            headers: parts.headers,
                            body: body.collect().await?.to_bytes(),
                        };
                        let answered = answer(&seen);
                        kept.lock().unwrap().push_back(seen);
                        Ok::<_, hyper::Error>(answered)
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, base: &str) -> String {
        format!("http://{}{base}", self.address)
    }

    /// The oldest request that was not asked for yet.
    pub(crate) fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap().pop_front()
    }
}

/// A TCP service; the test plays it.
pub(crate) struct TcpService {
    listener: TcpListener,
}

impl TcpService {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        timeout(PATIENCE, self.listener.accept()).await.expect("a connection").unwrap().0
    }

    pub(crate) async fn is_dialled_within(&self, time: std::time::Duration) -> bool {
        timeout(time, self.listener.accept()).await.is_ok()
    }

    /// Sends everything back, on every connection, and ends when its client ends.
    pub(crate) fn echo(self) {
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = self.listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    let _ = write.shutdown().await;
                });
            }
        });
    }
}

/// Exactly this many bytes, which must come.
pub(crate) async fn receive(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("bytes").unwrap();
    bytes
}

/// Everything until the end, which must come.
pub(crate) async fn receive_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end").unwrap();
    bytes
}

/// The head of a request, which must come.
pub(crate) async fn receive_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(receive(stream, 1).await);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A sized envelope with an empty string table, without headers and with an empty body: SOAP 1.2 in binary XML. Then the End.
pub(crate) const ENVELOPE_AND_END: &[u8] = b"\x06\x0b\x00\x56\x02\x0b\x01s\x04\x56\x0e\x01\x01\x07";
