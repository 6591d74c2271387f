//! What a request wants: a WebSocket below `/$hc/`, or to be relayed.

use std::sync::Arc;

use http::{Method, Request, Response, header};
use hyper::body::{Body as _, Incoming};

use super::{
    arrived::Arrived,
    connect, exchange, handshake,
    head_tap::{HeadNotes, More},
    listen, rendezvous,
    reply::{Asked, Body, Kind, refuse},
};
use crate::{
    doors::{admit, http_binding, oneway, wcf},
    entity::RelayPath,
    gateway::core::{Core, Peer},
    relay::{Malformed, Refusal, Side},
    telemetry::Outcome,
    wire::hybrid::{Action, HybridQuery},
};

/// Answers one request.
pub(crate) async fn answer(
    core: Arc<Core>,
    peer: Arc<Peer>,
    notes: HeadNotes,
    request: Request<Incoming>,
) -> Response<Body> {
    let more = if request.body().is_end_stream() { More::HeadFollows } else { More::BodyFollows };
    let lines = notes.take(request.headers(), more);
    if wcf::is_carrier(&request) {
        return wcf::answer_web(&core, &peer, &notes, request).await;
    }
    let query = HybridQuery::parse(request.uri().query());
    let raw_path = request.uri().path().to_owned();
    let (kind, path) = match RelayPath::split_hc(&raw_path) {
        Some(below) => (Kind::WebSocket, below.to_owned()),
        None => (Kind::Http, raw_path),
    };
    let asked = Asked { tracking_id: core.tracking_id(query.id.as_deref()), host: host_of(&request), path };
    let role = match (kind, &query.action) {
        (Kind::Http, _) => Role::HttpSender,
        (Kind::WebSocket, Action::Listen) => Role::Listener,
        (Kind::WebSocket, Action::Accept | Action::Request) => Role::Rendezvous,
        (Kind::WebSocket, Action::Connect | Action::Other(_)) => Role::Sender,
    };
    let limit = core.settings.load().limits.request_head;
    let arrived = Arrived { request, lines, query, peer, notes, asked };
    let asked = arrived.asked.clone();
    let address = arrived.peer.address.ip();
    let answered = if arrived.head_len() > limit {
        Err(Malformed::HeadTooLarge.into())
    } else if let Some(name) = arrived.ambiguous() {
        Err(Malformed::BadParameter(name).into())
    } else {
        match kind {
            Kind::WebSocket => websocket(&core, arrived).await,
            Kind::Http => http(&core, arrived).await,
        }
    };
    let response = match answered {
        Ok(response) => response,
        Err(refusal) => {
            tracing::info!(tracking_id = %asked.tracking_id, peer = %address, %refusal, "refused");
            admit::hold_back(&core, &refusal, address).await;
            refuse(&core, &refusal, &asked, kind)
        }
    };
    count(&core, role, response.status().as_u16());
    response
}

/// Who asked, for the metrics.
#[derive(Clone, Copy, Debug)]
enum Role {
    Listener,
    Sender,
    HttpSender,
    /// A rendezvous belongs to a sender that is counted already.
    Rendezvous,
}

fn count(core: &Core, role: Role, status: u16) {
    let outcome = Outcome::of_status(status);
    match role {
        Role::Listener => core.metrics.listener_connections.of(outcome).inc(),
        Role::Sender => core.metrics.sender_connections.of(outcome).inc(),
        Role::HttpSender => {
            core.metrics.sender_connections.of(outcome).inc();
            core.metrics.http_responses.of_status(status).inc()
        }
        Role::Rendezvous => 0,
    };
}

async fn websocket(core: &Arc<Core>, arrived: Arrived) -> Result<Response<Body>, Refusal> {
    let key = handshake::key(&arrived.request).ok_or(Malformed::NoUpgrade)?;
    match arrived.query.action.clone() {
        Action::Listen => listen::listen(core, arrived, key).await,
        Action::Connect => connect::connect(core, arrived, key).await,
        Action::Accept => rendezvous::dialled(core, arrived, key, Side::Accept).await,
        Action::Request => rendezvous::dialled(core, arrived, key, Side::Request).await,
        Action::Other(action) => Err(Malformed::UnsupportedAction(action).into()),
    }
}

async fn http(core: &Arc<Core>, arrived: Arrived) -> Result<Response<Body>, Refusal> {
    if arrived.request.method() == Method::CONNECT {
        return Err(Malformed::BadParameter("method").into());
    }
    let path = arrived.path(core)?;
    let addressed = admit::look_up(core, &arrived.peer, &arrived.asked.host, path)?;
    if oneway::serves_http(&arrived, &addressed) {
        return oneway::answer_http(core, arrived).await;
    }
    if let Some(served) = http_binding::served(core, &arrived, &addressed) {
        return Ok(http_binding::answer(core, arrived, addressed, served).await);
    }
    exchange::relay(core, arrived, addressed).await
}

/// The host a request is for: `Host`, or the authority of an absolute target.
pub(crate) fn host_of(request: &Request<Incoming>) -> String {
    let from_target = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let from_header = || {
        let host = request.headers().get(header::HOST)?;
        Some(host.to_str().ok()?.to_owned())
    };
    from_target.or_else(from_header).unwrap_or_default()
}
