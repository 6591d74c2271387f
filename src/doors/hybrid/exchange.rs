//! An HTTP request through the relay (5).

use std::sync::Arc;

use http::Response;

use super::{
    arrived::Arrived,
    invite::text_bound,
    over_rendezvous::{self, Begin},
    reply::Body,
    request_body::{Collected, RequestBody},
    response::{self, Answered},
    tokens,
    upload::Sending,
};
use crate::{
    doors::admit::{Addressed, Target},
    entity::{HostName, RequestTarget},
    gateway::{
        core::Core,
        meet::{Met, Wanted, meet},
    },
    relay::{ExchangeRequest, ExchangeTerms, Invitation, Malformed, Refusal, RendezvousId, What},
    wire::hybrid::request_headers,
};

/// Relays one request and answers with the listener's response.
pub(crate) async fn relay(
    core: &Arc<Core>,
    arrived: Arrived,
    addressed: Addressed,
) -> Result<Response<Body>, Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let settings = core.settings.load_full();
    let token = tokens::http_token(arrived.request.headers(), arrived.query.token.as_ref());
    let (target, authorized) = addressed.sender(core, token.as_ref().map(|found| &found.token))?;
    let counted = target.count(core)?;
    let used_authorization =
        target.relay.requires_client_authorization && token.is_some_and(|found| found.in_authorization);

    let via = HostName::parse(&arrived.asked.host)
        .map_or_else(|_| arrived.asked.host.clone(), |host| host.to_string());
    let filter = arrived.filter();
    let method = arrived.request.method().clone();
    let mut invitation = Invitation {
        id: arrived.asked.tracking_id.to_string(),
        rendezvous: RendezvousId::new(0),
        dial: settings.public_address.clone(),
        path: target.path.raw().to_owned(),
        query: arrived.query.rest.clone(),
        remote: Some(arrived.peer.address),
        headers: request_headers(&arrived.lines, used_authorization, &via),
        what: What::Exchange(ExchangeRequest::AddressOnly),
    };
    let request_target = request_target(&target, arrived.query.rest.as_deref());
    let fits = text_bound(&invitation, &request_target) <= settings.limits.control_message;
    if !fits {
        // 5.1: the listener fetches the request; but the address it fetches it from has to fit as well.
        let address = Invitation { headers: Vec::new(), ..invitation.clone() };
        if text_bound(&address, "") > settings.limits.control_message {
            return Err(Malformed::HeadTooLarge.into());
        }
    }
    let mut body =
        RequestBody::new(arrived.request.into_body(), arrived.notes, settings.timeouts.request_idle);

    // 5.1: a small request goes over the control channel whole, a larger one is fetched by its listener.
    let collected = if fits {
        body.collect_up_to(settings.limits.control_body).await.map_err(|_| Refusal::SenderStalled)?
    } else {
        Collected::More
    };
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
    let terms = ExchangeTerms::new(&settings.timeouts, target.relay.response_deadline);
    let wanted = Wanted {
        relay: target.key.clone(),
        filter,
        sender: arrived.peer.address.ip(),
        path: target.path.decoded().to_owned(),
        invitation,
        respond: terms.respond,
    };
    let answered = match meet(core, wanted).await? {
        Met::Answered { response, body } => Answered::whole(response, body),
        Met::Joined { dialled, respond_by, .. } => {
            let begin = match sending {
                Some(sending) => Begin::Send(Box::new(sending)),
                None => Begin::Sent { respond_by },
            };
            let cancel = target.token(core);
            over_rendezvous::exchange(core, dialled, begin, terms, cancel, arrived.asked.clone()).await?
        }
    };
    let answered = answered.without_unsendable_body(core, &method);
    core.metrics.exchanges.inc();
    let shown = core.live.connection(&arrived.peer, &target, &arrived.asked.tracking_id, authorized, counted);
    response::build(&method, &via, answered, shown)
}

/// The path, decoded or as sent, and the query as received (5.2).
pub(crate) fn request_target(target: &Target, query: Option<&str>) -> String {
    let path = match target.relay.request_target {
        RequestTarget::Decoded => target.path.decoded(),
        RequestTarget::Raw => target.path.raw(),
    };
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}
