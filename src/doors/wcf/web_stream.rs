//! Web streams: two HTTP requests that together are one stream, for clients that get no WebSocket through (1.5).

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

use super::{
    rendezvous,
    web::{Refused, plain},
    web_halves::{Parts, WebHalves},
};
use crate::{
    doors::{
        hybrid::{Body, host_of, response_body},
        oneway::{NoUpgrade, serve_oneway},
    },
    gateway::{
        clock::random_u128,
        core::{Core, Peer, Transport},
        meet::sleep_until,
        web_streams::{Half, Halves},
    },
    io::{Dialect, Leg, Stream},
    wire::{
        hybrid::TrackingId,
        relayed::{
            TlsMark,
            web_stream::{
                CONNECT_HEADER, CREATE_HEADER, Endpoints, MAX_CREATE_BODY, StreamRequest, StreamRole, Way,
                WebStream, WebStreamError, WebStreamTimes,
            },
        },
    },
};

/// Answers one of the requests of a web stream.
pub(super) async fn answer(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    request: Request<Incoming>,
    id: &TrackingId,
) -> Result<Response<Body>, Refused> {
    let header = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""));
    let asked = StreamRequest::of(request.method().as_str(), header(CREATE_HEADER), header(CONNECT_HEADER))?;
    match asked.ok_or(Refused::NoSuchPath)? {
        StreamRequest::Create(role) => create(core, peer, request, role, id).await,
        StreamRequest::Up(role) => {
            let halves = find(core, &request, Way::Up)?;
            let (answer, answered) = oneshot::channel();
            let half = Half::Up { role, body: request.into_body(), peer: Arc::clone(peer), answer };
            halves.send(half).await.map_err(|_| Refused::NoSuchStream)?;
            // Dropped without an answer when the stream is over.
            if let Ok(Err(error)) = answered.await {
                return Err(error.into());
            }
            Ok(plain(StatusCode::OK, ""))
        }
        StreamRequest::Down(role) => {
            let halves = find(core, &request, Way::Down)?;
            let (answer, answered) = oneshot::channel();
            halves.send(Half::Down { role, answer }).await.map_err(|_| Refused::NoSuchStream)?;
            let body = answered.await.map_err(|_| Refused::NoSuchStream)??;
            Ok(Response::new(BodyExt::boxed_unsync(body)))
        }
        StreamRequest::Try(_) => find(core, &request, Way::Up).map(|_| plain(StatusCode::OK, "")),
    }
}

fn find(core: &Core, request: &Request<Incoming>, way: Way) -> Result<mpsc::Sender<Half>, Refused> {
    let (id, named) = Endpoints::parse(request.uri().path()).ok_or(Refused::NoSuchStream)?;
    if named != way && request.method() != Method::HEAD {
        return Err(WebStreamError::BadRequest.into());
    }
    core.web_streams.find(id).ok_or(Refused::NoSuchStream)
}

/// Makes a stream. Whom it leads to, and whether its client may, is told by what it carries; the address of this request names nothing.
async fn create(
    core: &Arc<Core>,
    peer: &Arc<Peer>,
    request: Request<Incoming>,
    role: StreamRole,
    id: &TrackingId,
) -> Result<Response<Body>, Refused> {
    let settings = core.settings.load_full();
    let authority = host_of(&request);
    let body = Limited::new(request.into_body(), MAX_CREATE_BODY).collect();
    if !matches!(timeout(settings.timeouts.handshake, body).await, Ok(Ok(_))) {
        return Err(Refused::BadBody);
    }
    let stream = Uuid::from_u128(random_u128());
    let tls = peer.transport == Transport::Tls;
    let mut response = plain(StatusCode::CREATED, "");
    for (name, uri) in (Endpoints { tls, authority: &authority, id: stream }).headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| WebStreamError::BadRequest)?;
        let uri = HeaderValue::from_str(&uri).map_err(|_| WebStreamError::BadRequest)?;
        response.headers_mut().insert(name, uri);
    }
    let limit = settings.limits.pending_per_address;
    let halves = core.web_streams.enter(stream, peer.address.ip(), limit).ok_or(Refused::TooManyPending)?;
    let rules = WebStream::new(role, !tls, Instant::now(), WebStreamTimes::default());
    tracing::debug!(tracking_id = %id, peer = %peer.address, role = role.name(), "web stream made");
    core.tasks.spawn(run(Arc::clone(core), rules, halves));
    Ok(response)
}

async fn run(core: Arc<Core>, rules: WebStream, halves: Halves) {
    let role = rules.role();
    let assembled = tokio::select! {
        assembled = Box::pin(assemble(rules, halves)) => assembled,
        () = core.closing.cancelled() => return,
    };
    let (stream, peer) = match assembled {
        Ok(assembled) => assembled,
        Err(error) => return tracing::debug!(%error, "web stream ended before it began"),
    };
    match role {
        StreamRole::Connection => {
            let Some((stream, peer)) = Box::pin(secured(&core, stream, peer)).await else { return };
            rendezvous::serve_carried(core, stream, peer).await;
        }
        StreamRole::Oneway => Box::pin(oneway(core, stream, peer)).await,
    }
}

/// Over `http` the session may turn to TLS as it does on 9351; over `https` it is inside TLS already.
async fn oneway(core: Arc<Core>, stream: Stream, peer: Arc<Peer>) {
    let peer = Peer::clone(&peer);
    let Some(tls) = core.inner_tls.clone().filter(|_| peer.transport == Transport::Clear) else {
        return serve_oneway(core, stream, peer, None::<NoUpgrade<Stream>>).await;
    };
    let secure = |stream, early, host: String| async move {
        let stream = Leg { stream, early, dialect: Dialect::Bytes }.into_stream();
        tls.for_host(&host).accept_inside(stream).await.map(|(stream, _)| stream)
    };
    serve_oneway(core, stream, peer, Some(secure)).await;
}

/// Waits for both halves.
async fn assemble(mut rules: WebStream, mut halves: Halves) -> Result<(Stream, Arc<Peer>), WebStreamError> {
    let (mut up, mut down, mut early) = (None, None, Bytes::new());
    loop {
        let deadline = rules.poll_timeout();
        tokio::select! {
            half = halves.next() => match half {
                Half::Up { role, body, peer, answer } => {
                    match rules.handle_attach(Way::Up, role, Instant::now()) {
                        Ok(()) => up = Some((body, peer, answer)),
                        Err(error) => drop(answer.send(Err(error))),
                    }
                }
                Half::Down { role, answer } => {
                    match rules.handle_attach(Way::Down, role, Instant::now()) {
                        Ok(()) => {
                            let (items, body) = response_body();
                            drop(answer.send(Ok(body)));
                            down = Some(items);
                        }
                        Err(error) => drop(answer.send(Err(error))),
                    }
                }
            },
            // The first bytes are read at once: a client may wait until it is told that its body is wanted.
            first = first_bytes(&mut up), if early.is_empty() => match first {
                Some(first) => early = first,
                None => return Err(WebStreamError::TimedOut),
            },
            () = sleep_until(Some(deadline)) => rules.handle_timeout(Instant::now())?,
        }
        if up.is_some()
            && let Some(down) = down.take_if(|_| up.is_some())
            && let Some((up, peer, answer)) = up.take()
        {
            let stream = WebHalves::new(Parts { rules, up, early, down, answer });
            return Ok((Stream::Carried(Box::new(stream)), peer));
        }
    }
}

type Up = (Incoming, Arc<Peer>, oneshot::Sender<Result<(), WebStreamError>>);

async fn first_bytes(up: &mut Option<Up>) -> Option<Bytes> {
    match up {
        Some((body, ..)) => body.frame().await?.ok()?.into_data().ok(),
        None => std::future::pending().await,
    }
}

/// Reads the byte that stands before the messages, and does the handshake that it may announce.
async fn secured(core: &Core, mut stream: Stream, peer: Arc<Peer>) -> Option<(Stream, Arc<Peer>)> {
    let patience = core.settings.load().timeouts.handshake;
    let secured = async {
        match TlsMark::decode(stream.read_u8().await?).map_err(std::io::Error::other)? {
            TlsMark::Clear => Ok((stream, peer.clone())),
            TlsMark::Tls => {
                let Some(tls) = &core.inner_tls else {
                    return Err(std::io::Error::other("no door of this gateway has a certificate"));
                };
                let (stream, name) = tls.accept_inside(stream).await?;
                let inside = Peer {
                    transport: Transport::Tls,
                    server_name: name.or_else(|| peer.server_name.clone()),
                    ..Peer::clone(&peer)
                };
                Ok((stream, Arc::new(inside)))
            }
        }
    };
    match timeout(patience, secured).await {
        Ok(Ok(secured)) => Some(secured),
        Ok(Err(error)) => {
            // Also how a client tries whether there is a way (1.2).
            tracing::debug!(peer = %peer.address, %error, "nothing came over a web stream");
            None
        }
        Err(_) => {
            tracing::debug!(peer = %peer.address, "nothing came over a web stream in time");
            None
        }
    }
}
