//! An HTTP request through the relay (5).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;

use super::{
    admit::{self, Target},
    connect::filter,
    invite::text_bound,
    over_rendezvous::{self, Sending},
    reply::Body,
    request_body::{Collected, RequestBody},
    response::{self, Answered},
    route::Arrived,
};
use crate::{
    entity::{HostName, RelayPath, RequestTarget},
    gateway::{
        core::Core,
        meet::{Met, Wanted, meet},
    },
    relay::{ExchangeRequest, Invitation, Refusal, RendezvousId, Shape, What},
    wire::hybrid::request_headers,
};

/// Relays one request and answers with the listener's response.
pub(crate) async fn relay(core: &Arc<Core>, arrived: Arrived) -> Result<Response<Body>, Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let settings = core.settings.load_full();
    let path = RelayPath::parse(&arrived.asked.path)?;
    let token = admit::http_token(arrived.request.headers(), arrived.query.token.as_ref());
    let target =
        admit::look_up(core, &arrived.peer, &arrived.asked.host, path)?.sender(core, token.as_ref())?;
    let limit = settings.limits.connections_per_namespace;
    let counted =
        core.connections.enter(&target.namespace.name, limit).ok_or(Refusal::TooManyConnections { limit })?;
    let used_authorization =
        target.relay.requires_client_authorization && token.is_some_and(|found| found.in_authorization);

    let via = HostName::parse(&arrived.asked.host).map_or_else(|_| arrived.asked.host.clone(), |host| host.to_string());
    let filter = filter(&arrived);
    let method = arrived.request.method().clone();
    let mut invitation = Invitation {
        id: arrived.asked.tracking_id.to_string(),
        rendezvous: RendezvousId(0),
        dial: settings.public_address.clone(),
        path: target.path.raw().to_owned(),
        query: arrived.query.rest.clone(),
        remote: Some(arrived.peer.address),
        headers: request_headers(&arrived.lines, used_authorization, &via),
        what: What::Exchange(ExchangeRequest::AddressOnly),
    };
    let request_target = request_target(&target, arrived.query.rest.as_deref());
    let fits = text_bound(&invitation, &request_target) <= settings.limits.control_message;
    let mut body = RequestBody::new(arrived.request.into_body(), arrived.notes, settings.timeouts.request_idle);

    // 5.1: a small request goes over the control channel whole, a larger one is fetched by its listener.
    let collected = if fits { body.collect_up_to(settings.limits.control_body).await? } else { Collected::More };
    let sending = match collected {
        Collected::Whole(bytes) => {
            let inline = ExchangeRequest::Inline {
                method: method.to_string(),
                target: request_target,
                body: (!bytes.is_empty()).then_some(bytes),
            };
            invitation.what = What::Exchange(inline);
            None
        }
        Collected::More => Some(Sending {
            method: method.to_string(),
            target: request_target,
            headers: std::mem::take(&mut invitation.headers),
            id: invitation.id.clone(),
            remote: arrived.peer.address,
            body,
        }),
    };
    let respond = unless_zero(target.relay.response_deadline.unwrap_or(settings.timeouts.response));
    let wanted = Wanted {
        relay: target.key.clone(),
        shape: Shape::Exchange,
        filter,
        sender: arrived.peer.address.ip(),
        invitation,
        respond,
    };
    let answered = match meet(core, wanted).await? {
        Met::Answered { response, body } => Answered::whole(response, body),
        Met::Joined(dialled) => {
            let cancel = core.relay_token(&target.key);
            over_rendezvous::exchange(core, dialled, sending, respond, cancel, arrived.asked.clone()).await?
        }
    };
    core.metrics.exchange(answered.head.status);
    response::build(&method, &via, answered, counted)
}

/// The path, decoded or as sent, and the query as received (5.2).
fn request_target(target: &Target, query: Option<&str>) -> String {
    let path = match target.relay.request_target {
        RequestTarget::Decoded => target.path.decoded(),
        RequestTarget::Raw => target.path.raw(),
    };
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

fn unless_zero(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

