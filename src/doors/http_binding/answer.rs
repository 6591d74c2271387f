//! A request for a relay of an HTTP binding, from its head to its answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, Response, Uri, request::Parts};

use super::{
    admitted::{Admitted, admit, soap_token, terms},
    exchange::{Failed, Going, exchange},
    met::{Ask, Found, invited, kept},
    opened::Opened,
    registry::{self, Published},
    response, token_service,
};
use crate::{
    bridge::http_binding::{
        HttpRefusal, Patience, ReplyTerms, Request, SenderForm, Stamp, Wants, is_relay_token, relay_token,
    },
    doors::{
        admit::{Addressed, hold_back, if_relays_come_and_go},
        hybrid::{
            Arrived, Asked, Begin, Body, RequestBody, Sending, build_response, exchange_over_rendezvous,
            full, relay_exchange, request_target,
        },
    },
    entity::{HostName, RelayKind, WcfType},
    gateway::{
        clock::unix_now,
        core::{Core, Peer},
        dialled::Dialled,
    },
    relay::{ExchangeTerms, Refusal},
    wire::hybrid::{HeaderLine, TrackingId, request_headers},
};

/// What a request is for that is answered here.
pub(crate) enum Served {
    /// The feed of public relays.
    Feed(Published),
    /// A token.
    Token,
    /// A listener of an HTTP binding.
    Binding,
}

/// What of this a request is for: its relay is of this kind, or there is none and it is one for the feed, or of a SOAP client, which reads
/// nothing but faults.
pub(crate) fn served(core: &Core, arrived: &Arrived, addressed: &Addressed) -> Option<Served> {
    if token_service::serves(arrived, addressed) {
        return Some(Served::Token);
    }
    if let Some(relays) = registry::asked(core, arrived, addressed) {
        return Some(Served::Feed(relays));
    }
    let is_ours = match &addressed.relay {
        Some(relay) => relay.kind == RelayKind::Wcf(WcfType::Http),
        None => SenderForm::of(arrived.request.headers()) != SenderForm::Plain,
    };
    is_ours.then_some(Served::Binding)
}

/// Answers one request, also when it is refused: in the words of its sender's protocol (7.1).
pub(crate) async fn answer(
    core: &Arc<Core>,
    arrived: Arrived,
    addressed: Addressed,
    served: Served,
) -> Response<Body> {
    let mut form = SenderForm::of(arrived.request.headers());
    let (id, address) = (arrived.asked.tracking_id.clone(), arrived.peer.address.ip());
    let answered = match served {
        Served::Feed(relays) => return registry::answer(&arrived, &addressed, &relays),
        Served::Token => token_service::answer(core, arrived, &addressed).await,
        Served::Binding => relay(core, arrived, addressed, &mut form).await,
    };
    match answered {
        Ok(response) => response,
        Err(refusal) => {
            tracing::info!(tracking_id = %id, peer = %address, %refusal, "refused");
            if let HttpRefusal::Relay(refusal) = &refusal {
                hold_back(core, refusal, address).await;
            }
            refuse(&refusal, form, &id)
        }
    }
}

fn refuse(refusal: &HttpRefusal, form: SenderForm, id: &TrackingId) -> Response<Body> {
    let stamp = Stamp { tracking_id: id, unix_seconds: unix_now().0 };
    refusal.answer(form, stamp).map(|body| full(body.into()))
}

async fn relay(
    core: &Arc<Core>,
    arrived: Arrived,
    addressed: Addressed,
    form: &mut SenderForm,
) -> Result<Response<Body>, HttpRefusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining.into());
    }
    let begun = Instant::now();
    let settings = core.settings.load_full();
    let candidates = addressed.key().map(|key| core.registrations.candidates(&key)).unwrap_or_default();
    let Some(service) = candidates.iter().find_map(|each| each.wcf.as_ref()) else {
        // Connectors alone, or nobody.
        let come_and_go = addressed.relays_come_and_go();
        let answered = relay_exchange(core, arrived, addressed).await;
        return Ok(answered.map_err(|refusal| if_relays_come_and_go(come_and_go, refusal))?);
    };
    let mixed = candidates.iter().any(|each| each.wcf.is_none());
    let mut ask = Ask::new(core, &arrived, &addressed);
    let Arrived { request, lines, query, peer, notes, asked } = arrived;
    let (mut head, body) = request.into_parts();
    let token = relay_token(&head.headers).or_else(|| query.token.clone());
    without_our_query(&mut head, query.rest.as_deref())?;
    let request = Request::new(&head, terms(service, &addressed, &settings)?)?;
    let body = RequestBody::new(body, notes, settings.timeouts.request_idle);
    // A token may stand inside of a message; no other one is read before its sender is known.
    let inside = token.is_none() && addressed.needs_token() && request.may_hold_token();
    let (admitted, opened) = if inside {
        let opened = open(request, body, mixed, form).await?;
        let token = soap_token(&opened.request)?;
        (admit(core, &peer, addressed, token.as_ref())?, opened)
    } else {
        let admitted = admit(core, &peer, addressed, token.as_ref())?;
        (admitted, open(request, body, mixed, form).await?)
    };

    let times = ExchangeTerms::new(&settings.timeouts, admitted.target.relay.response_deadline);
    ask.respond = times.respond;
    let patience = Patience::new(times.respond.unwrap_or(Duration::MAX), times.response_idle, begun);
    let terms = ReplyTerms { wants_body: Wants::of(&head).a_body, limits: (&settings.limits).into() };
    let answered = match answered(core, &admitted, &ask, opened, patience, &terms).await? {
        Outcome::Answered(answered) => answered,
        Outcome::Connector(dialled, opened) => {
            let sender = Sender { method: head.method, lines, query: query.rest, peer, asked };
            return Ok(by_connector(core, sender, admitted, times, *dialled, *opened).await?);
        }
    };
    core.metrics.exchanges.inc();
    let Admitted { target, authorized, counted } = admitted;
    let shown = core.live.connection(&peer, &target, &asked.tracking_id, authorized, counted);
    Ok(response::build(answered, shown))
}

async fn open(
    request: Request,
    body: RequestBody,
    keep: bool,
    form: &mut SenderForm,
) -> Result<Opened, HttpRefusal> {
    let (request, opened) = match Opened::begin(request, body, keep).await {
        Ok(opened) => (None, Ok(opened)),
        Err((refusal, request)) => (Some(request), Err(refusal)),
    };
    // What the message says of itself goes before what its head says.
    let request = request.as_ref().or(opened.as_ref().ok().map(|opened| &opened.request));
    *form = request.map_or(*form, Request::form);
    opened
}

/// How a listener took a request.
enum Outcome {
    Answered(response::Answered),
    /// A connector came for it.
    Connector(Box<Dialled>, Box<Opened>),
}

/// Sends the request to a listener, on a kept connection or a new one.
async fn answered(
    core: &Arc<Core>,
    admitted: &Admitted,
    ask: &Ask,
    mut opened: Opened,
    mut patience: Patience,
    terms: &ReplyTerms,
) -> Result<Outcome, HttpRefusal> {
    let mut found = kept(core, &admitted.target.key, ask).await;
    loop {
        let (line, listener, used) = match found.take() {
            Some(kept) => kept,
            None => match invited(core, &admitted.target, ask).await? {
                Found::Service { line, listener } => (line, listener, false),
                Found::Connector(dialled) => {
                    return Ok(Outcome::Connector(Box::new(dialled), Box::new(opened)));
                }
            },
        };
        let cancel = admitted.target.token(core);
        let going = Going { opened, line, listener, used, patience, terms: terms.clone(), cancel };
        match exchange(core, going).await {
            Ok(answered) => return Ok(Outcome::Answered(answered)),
            Err(Failed::Refused(refusal)) => return Err(refusal),
            Err(Failed::Again(again, left)) => (opened, patience) = (*again, left),
        }
    }
}

/// What is left of a request when its head and the beginning of its entity were read.
struct Sender {
    method: Method,
    lines: Vec<HeaderLine>,
    query: Option<String>,
    peer: Arc<Peer>,
    asked: Asked,
}

/// A connector gets the request as it came, the way of hybrid connections; a token inside of a message it gets, too.
async fn by_connector(
    core: &Arc<Core>,
    sender: Sender,
    admitted: Admitted,
    times: ExchangeTerms,
    dialled: Dialled,
    opened: Opened,
) -> Result<Response<Body>, Refusal> {
    let Sender { method, lines, query, peer, asked } = sender;
    let Admitted { target, authorized, counted } = admitted;
    let via = HostName::parse(&asked.host).map_or_else(|_| asked.host.clone(), |host| host.to_string());
    let ours =
        |(name, text): &&HeaderLine| name.eq_ignore_ascii_case("Authorization") && is_relay_token(text);
    let used_authorization =
        target.relay.requires_client_authorization && lines.iter().any(|line| ours(&line));
    let sending = Sending {
        method: method.to_string(),
        target: request_target(&target, query.as_deref()),
        headers: request_headers(&lines, used_authorization, &via),
        id: asked.tracking_id.to_string(),
        remote: peer.address,
        body: opened.into_body(),
    };
    let cancel = target.token(core);
    let begin = Begin::Send(Box::new(sending));
    let answered = exchange_over_rendezvous(core, dialled, begin, times, cancel, asked.clone()).await?;
    let answered = answered.without_unsendable_body(core, &method);
    core.metrics.exchanges.inc();
    let shown = core.live.connection(&peer, &target, &asked.tracking_id, authorized, counted);
    build_response(&method, &via, answered, shown)
}

/// Takes what is the relay's own out of the target: a token may stand there (hybrid page 1.3).
fn without_our_query(head: &mut Parts, rest: Option<&str>) -> Result<(), HttpRefusal> {
    if head.uri.query() == rest {
        return Ok(());
    }
    let path = head.uri.path();
    let target = rest.map_or_else(|| path.to_owned(), |rest| format!("{path}?{rest}"));
    let mut parts = std::mem::take(&mut head.uri).into_parts();
    parts.path_and_query = Some(target.parse().map_err(|_| HttpRefusal::BadTarget)?);
    head.uri = Uri::from_parts(parts).map_err(|_| HttpRefusal::BadTarget)?;
    Ok(())
}
