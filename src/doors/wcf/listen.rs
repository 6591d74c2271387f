//! A listener asks to be registered (2.2).

use std::sync::Arc;

use secrecy::SecretString;

use super::deliver::Invites;
use crate::{
    config::DoorName,
    doors::{
        admit::{self, Target},
        listening::{Listening, Offer},
    },
    entity::{ServiceAddress, UnixTime},
    gateway::{
        clock::unix_now,
        core::{Core, Peer},
        live::LiveListener,
    },
    relay::{
        ChannelTerms, Refusal, Shapes, WcfTerms,
        listener_link::{Acquaintance, ListenRequest},
        wcf_type,
    },
    wire::hybrid::TrackingId,
};

/// A registered listener, and how it is invited.
pub(crate) struct Registered {
    pub(crate) listening: Listening,
    pub(crate) invites: Invites,
}

impl Registered {
    /// It showed a new token. Told to its face that this one is refused, the service would end for good; the end of the old one sends it away
    /// (2.3).
    pub(crate) fn handle_token(&mut self, core: &Core, token: &SecretString, id: &TrackingId) {
        let listening = &mut self.listening;
        match admit::renew(core, &listening.target, token) {
            Ok(expires) => listening.handle_renewed(Ok(expires)),
            Err(error) => {
                tracing::info!(tracking_id = %id, relay = %listening.target.key, %error, "a renewed token is refused");
            }
        }
    }
}

/// How long a listener may stay after its token ended, at the least: 2.x renews late, and shows its old token until then (2.3).
const GRACE: std::time::Duration = std::time::Duration::from_secs(5 * 60);

/// How long after its end a token still proves that its listener was one: such a listener is told to come again (2.3).
const REMEMBERED: i64 = 60 * 60;

/// Checks shape, token, relay and quota, in this order, then registers.
pub(crate) async fn listen(
    core: &Arc<Core>,
    peer: &Peer,
    request: &ListenRequest,
) -> Result<Registered, Refusal> {
    if core.draining.is_cancelled() {
        return Err(Refusal::Draining);
    }
    let invites = Invites::new(&request.address, peer.local.map(|local| local.ip()));
    let dials = wcf_type(request.listener_type).is_some_and(|of| !Shapes::of_wcf(of).one_way);
    let dial = invites.dial(core).filter(|_| dials);
    if dials && dial.is_none() {
        tracing::error!(
            "WCF listeners cannot be told where to dial: give gateway.public_ipv4, and a port to doors.rendezvous or doors.https"
        );
        return Err(Refusal::Internal);
    }
    if matches!(peer.door, DoorName::Https | DoorName::Http)
        && dial.is_some_and(|dial| dial.misleads_websockets())
    {
        tracing::warn!(
            address = request.address,
            "a listener that uses WebSockets and is told to dial 127.0.0.1 dials its relay root host instead; give gateway.public_ipv4 another address, such as 127.0.0.2"
        );
    }
    let address = ServiceAddress::parse(&request.address)?;
    let addressed = admit::look_up(core, peer, &address.authority, address.path)?;
    let (target, authorized) = addressed.wcf_listener(core, request)?;
    let wcf = WcfTerms {
        address: request.address.clone(),
        listener_type: request.listener_type,
        dynamic: request.dynamic_relay,
        requires_client_authorization: request.client_authentication_required,
        requires_transport_security: request.transport_security_required,
        published: request.requires_public_registry.then(|| title(request, &target)),
        key_name: authorized.key_name.clone(),
    };
    let settings = core.settings.load_full();
    let mut terms = ChannelTerms::new(&settings.limits, &settings.timeouts);
    // The link itself looks after signs of life.
    (terms.ping_every, terms.silence) = (None, None);
    terms.token_grace = terms.token_grace.max(GRACE);
    let offer = Offer {
        tag: None,
        shapes: wcf_type(request.listener_type).map_or(Shapes::default(), Shapes::of_wcf),
        wcf: Some(wcf),
        terms,
    };
    let shown = LiveListener {
        relay: target.key.clone(),
        id: request.tracking_id.clone().unwrap_or_else(|| request.link_name.clone()),
        remote: peer.address,
        key_name: authorized.key_name,
        user_agent: request.client_agent.clone(),
        connected_at: unix_now(),
        token_expires: authorized.expires,
    };
    let listening = Listening::register(core, target, offer, shown).await?;
    Ok(Registered { listening, invites })
}

/// Whether a listener with a token that is merely too old was one before.
pub(crate) fn acquaintance(refusal: &Refusal) -> Acquaintance {
    match refusal {
        Refusal::Unauthorized(crate::auth::AuthError::ExpiredToken { expired: UnixTime(expired) })
            if unix_now().0.saturating_sub(*expired) < REMEMBERED =>
        {
            Acquaintance::Known
        }
        _ => Acquaintance::New,
    }
}

/// Its title in the public feed: its own, or else the last segment of its path (9.4).
fn title(request: &ListenRequest, target: &Target) -> String {
    let last = || target.key.path.segments().last().unwrap_or_default().to_owned();
    request.display_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(last)
}
