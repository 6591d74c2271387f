//! One listener: opens its control channel, keeps it, opens it again, and starts a task for each invitation.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::StatusCode;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    authority::DialPolicy,
    backoff::{Backoff, Cause},
    control::{self, ChannelContext, ChannelEnd, ChannelTiming, Invitation, Reply},
    dial::{DialError, Dialer, OpenSocket},
    endpoint::{Endpoint, Token},
    exchange,
    handshake::{Ask, HandshakeError},
    http_pool::{HttpPool, Way},
    http_request::own_answer,
    random,
    readdressing::Readdressing,
    route::RouteState,
    streams,
    target::Target,
};
use crate::entity::UnixTime;

/// What a listener is told.
#[derive(Debug)]
pub(crate) struct ListenerSettings {
    /// The relay and its gateway.
    pub(crate) endpoint: Endpoint,
    /// The service.
    pub(crate) target: Target,
    /// How To becomes that of a `net.tcp` service.
    pub(crate) readdressing: Option<Readdressing>,
    /// The shapes to announce, as in `sb-hc-viaduct-shapes`.
    pub(crate) shapes: String,
    /// Further gateways at which a rendezvous may be dialled.
    pub(crate) gateways: Vec<super::authority::Authority>,
    /// Opens connections.
    pub(crate) dialer: Dialer,
    /// What the route is doing.
    pub(crate) state: Arc<RouteState>,
    /// Ping, silence and grace.
    pub(crate) timing: ListenerTiming,
}

/// The times of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenerTiming {
    /// Ping and silence of the control channel.
    pub(crate) channel: ChannelTiming,
    /// After the signal to stop, running exchanges and streams get this long.
    pub(crate) grace: Duration,
}

impl Default for ListenerTiming {
    /// A ping every 30 s, dead after 75 s without a frame (hybrid page 2.4: noticed within 90 s), 10 s of grace.
    fn default() -> Self {
        Self {
            channel: ChannelTiming { ping_every: Duration::from_secs(30), silence: Duration::from_secs(75) },
            grace: Duration::from_secs(10),
        }
    }
}

/// What the tasks of one control channel share.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) endpoint: Endpoint,
    pub(super) target: Target,
    pub(super) readdressing: Option<Readdressing>,
    pub(super) policy: DialPolicy,
    pub(super) dialer: Dialer,
    /// Connections to an http service.
    pub(super) pool: Option<Arc<HttpPool>>,
    pub(super) state: Arc<RouteState>,
    /// Ends whatever still runs when the grace is over.
    pub(super) cancel: CancellationToken,
}

impl Serving {
    /// Something went wrong with one sender: logged, and kept for the state address.
    pub(super) fn complain(&self, id: &str, error: &dyn std::fmt::Display) {
        tracing::warn!(relay = %self.endpoint, id, %error, "a sender could not be served");
        self.state.handle_error(error.to_string(), unix_now());
    }
}

/// Requests of one control channel at a time. The gateway has a limit of its own; this one is for gateways that have none.
const MOST_EXCHANGES: usize = 1_000;

/// Runs a listener until `stop`; then running work gets its grace.
pub(crate) async fn run(settings: ListenerSettings, stop: CancellationToken) {
    let ListenerSettings { endpoint, target, readdressing, shapes, gateways, dialer, state, timing } =
        settings;
    let cancel = CancellationToken::new();
    let pool = match &target {
        Target::Http(http) => {
            Some(HttpPool::new(dialer.clone(), http.authority.clone(), http.security, Way::Direct))
        }
        _ => None,
    };
    let policy = DialPolicy::new(endpoint.security(), endpoint.authority().clone(), &gateways);
    let serving = Arc::new(Serving {
        endpoint,
        target,
        readdressing,
        policy,
        dialer,
        pool,
        state,
        cancel: cancel.clone(),
    });
    let work = TaskTracker::new();
    let running = async {
        keep_online(&serving, &shapes, timing, &stop, &work).await;
        work.close();
        work.wait().await;
    };
    tokio::pin!(running);
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(timing.grace).await;
    };
    tokio::select! {
        () = &mut running => {}
        () = grace => {
            tracing::info!(relay = %serving.endpoint, running = work.len(), "the grace is over; ending what still runs");
            cancel.cancel();
            // A splice tells its peers; that takes a moment, not more.
            let _ = timeout(Duration::from_secs(2), running).await;
        }
    }
    serving.state.handle_stopped();
}

/// Opens the control channel again and again, until `stop`.
async fn keep_online(
    serving: &Arc<Serving>,
    shapes: &str,
    timing: ListenerTiming,
    stop: &CancellationToken,
    work: &TaskTracker,
) {
    let mut backoff = Backoff::default();
    loop {
        let opened = tokio::select! {
            opened = open(serving, shapes) => opened,
            () = stop.cancelled() => return,
        };
        let (cause, error) = match opened {
            Ok((socket, token)) => {
                backoff.handle_online(Instant::now());
                let first = serving.state.handle_online(unix_now());
                let again = if first { "online" } else { "online again" };
                tracing::info!(relay = %serving.endpoint, target = %serving.target, tracking_id = socket.tracking_id, "{again}");
                let end = serve_channel(serving, socket, token, timing, stop, work).await;
                if end == ChannelEnd::Stopped {
                    return;
                }
                (Cause::Passing, end.to_string())
            }
            Err(error) => {
                let (cause, advice) = judge(&error);
                (cause, format!("{error}{advice}"))
            }
        };
        let wait = backoff.handle_offline(cause, random::number(), Instant::now());
        tracing::warn!(relay = %serving.endpoint, %error, retry_in_ms = wait.as_millis() as u64, "offline");
        serving.state.handle_offline(error, unix_now());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn open(serving: &Serving, shapes: &str) -> Result<(OpenSocket, Option<Token>), DialError> {
    let endpoint = &serving.endpoint;
    let token = endpoint.token(unix_now());
    let target = endpoint.listen_target(&random::tracking_id(), shapes);
    let ask = Ask {
        path_and_query: &target,
        host: &endpoint.host_header(),
        token: token.as_ref().map(|token| &token.text),
        ..Ask::default()
    };
    let socket = serving.dialer.websocket(endpoint.authority(), endpoint.security(), &ask).await?;
    Ok((socket, token))
}

async fn serve_channel(
    serving: &Arc<Serving>,
    socket: OpenSocket,
    token: Option<Token>,
    timing: ListenerTiming,
    stop: &CancellationToken,
    work: &TaskTracker,
) -> ChannelEnd {
    // Responses wait here while the gateway is slow to read; their tasks then wait too.
    let (reply_to, mut replies) = mpsc::channel::<Reply>(64);
    let channel_work = TaskTracker::new();
    // The channel outlives the signal to stop by what is under way on it.
    let close = CancellationToken::new();
    let on_invitation = |invitation| {
        let serving = serving.clone();
        match invitation {
            Invitation::Stream(accept) => {
                work.spawn(streams::serve(serving, accept));
            }
            Invitation::Exchange(request, _) if channel_work.len() >= MOST_EXCHANGES => {
                let id = request.id.unwrap_or_default();
                let text = "the listener has as many requests as it takes at a time; try again";
                let (head, body) = own_answer(&id, StatusCode::SERVICE_UNAVAILABLE, text);
                if reply_to.try_send(Reply { head, body }).is_err() {
                    serving.complain(&id, &"the listener is overloaded and the gateway does not read");
                }
            }
            Invitation::Exchange(request, body) => {
                let reply_to = reply_to.clone();
                work.spawn(channel_work.track_future(exchange::serve(serving, request, body, reply_to)));
            }
            Invitation::ExchangeAt(address) => {
                work.spawn(exchange::serve_at(serving, address));
            }
        }
    };
    let next_token = || {
        let token = serving.endpoint.token(unix_now())?;
        let at = token.renew_at.map(instant_of);
        Some((token, at))
    };
    let running = control::run(
        control::channel(socket.stream, &socket.early).await,
        ChannelContext {
            replies: &mut replies,
            on_invitation,
            next_token: &next_token,
            renew_at: token.and_then(|token| token.renew_at).map(instant_of),
            stop: &close,
            timing: timing.channel,
        },
    );
    let stopping = async {
        stop.cancelled().await;
        channel_work.close();
        // Their responses have no other way than this channel.
        tokio::select! {
            () = channel_work.wait() => {}
            () = serving.cancel.cancelled() => {}
        }
        close.cancel();
        std::future::pending::<ChannelEnd>().await
    };
    tokio::select! { end = running => end, end = stopping => end }
}

/// What follows from a refused control channel, and what to tell the operator.
fn judge(error: &DialError) -> (Cause, &'static str) {
    let DialError::Handshake(HandshakeError::Refused(refused)) = error else { return (Cause::Passing, "") };
    match refused.status {
        404 => (
            Cause::NoSuchRelay,
            "; the gateway has no such relay: create it, or correct the path. Asking again until it exists",
        ),
        401 => (Cause::Passing, "; the gateway refuses the key: it needs the right Listen on this relay"),
        403 => (Cause::Passing, "; the relay has as many listeners as it may have"),
        _ => match refused.retry_after {
            Some(seconds) => (Cause::Told(Duration::from_secs(seconds)), ""),
            None => (Cause::Passing, ""),
        },
    }
}

/// Seconds since 1970.
pub(super) fn unix_now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn instant_of(at: UnixTime) -> Instant {
    let ahead = at.0.saturating_sub(unix_now().0);
    Instant::now() + Duration::from_secs(u64::try_from(ahead).unwrap_or(0))
}
