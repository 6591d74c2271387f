//! An invitation as control messages: `accept` for a stream, `request` for an exchange (3.1, 5.2, 5.4).

use std::net::SocketAddr;

use tokio_tungstenite::tungstenite::Message;

use crate::{
    relay::{ExchangeRequest, Invitation, What},
    wire::hybrid::{Accept, Action, ControlMessage, HeaderMap, HybridQuery, RemoteEndpoint, Request},
};

/// What accept addresses begin with.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    /// `wss`, or `ws` for a listener that came in clear.
    pub(crate) scheme: &'static str,
    /// The authority the listener itself used (3.1).
    pub(crate) authority: String,
}

/// The text message and, for a body on the control channel, the binary message right behind it.
pub(crate) fn messages(base: &Base, invitation: &Invitation, request_id: &str) -> Vec<Message> {
    let action = match invitation.what {
        What::Stream => Action::Accept,
        // Not chosen for one: listeners here take none ([`Shapes::HYBRID`](crate::relay::Shapes::HYBRID)).
        What::OneWay(_) => return Vec::new(),
        What::Exchange(_) => Action::Request,
    };
    let address = address(base, invitation, &action, request_id);
    match &invitation.what {
        What::Stream => {
            let accept = Accept {
                address,
                id: invitation.id.clone(),
                connect_headers: HeaderMap(invitation.headers.clone()),
                remote_endpoint: remote(invitation.remote),
            };
            vec![text(ControlMessage::Accept(accept).to_json())]
        }
        What::Exchange(ExchangeRequest::AddressOnly) => {
            let request = Request { address: Some(address), ..Request::default() };
            vec![text(ControlMessage::Request(request).to_json())]
        }
        What::Exchange(ExchangeRequest::Inline { method, target, body }) => {
            let request = Request {
                address: Some(address),
                id: Some(request_id.to_owned()),
                request_target: Some(target.clone()),
                method: Some(method.clone()),
                remote_endpoint: Some(remote(invitation.remote)),
                request_headers: Some(HeaderMap(invitation.headers.clone())),
                body: Some(body.is_some()),
            };
            let mut messages = vec![text(ControlMessage::Request(request).to_json())];
            messages.extend(body.clone().map(Message::Binary));
            messages
        }
        What::OneWay(_) => Vec::new(),
    }
}

/// Where the listener dials: its own authority, or the one of the sender's gateway (3.1).
fn address(base: &Base, invitation: &Invitation, action: &Action, id: &str) -> String {
    let authority = invitation.dial.as_ref().unwrap_or(&base.authority);
    let query = HybridQuery::for_rendezvous(
        invitation.query.as_deref(),
        action,
        id,
        &invitation.rendezvous.to_string(),
    );
    format!("{}://{authority}/$hc{}?{query}", base.scheme, invitation.path)
}

fn remote(address: Option<SocketAddr>) -> RemoteEndpoint {
    address.map(RemoteEndpoint::from).unwrap_or_default()
}

/// An upper bound for the text of an invitation, taken before it is known which listener it goes to (hybrid page 0, rule 4).
pub(crate) fn text_bound(invitation: &Invitation, target: &str) -> usize {
    /// Keys, punctuation, ids, an authority and the parameters of the rendezvous.
    const FIXED: usize = 1024;
    let quoted = |text: &str| serde_json::to_string(text).map_or(usize::MAX, |quoted| quoted.len() + 2);
    let headers = invitation.headers.iter().map(|(name, value)| quoted(name).saturating_add(quoted(value)));
    let query = invitation.query.as_deref().map_or(0, quoted);
    headers.fold(FIXED + quoted(target) + quoted(&invitation.path) + query, usize::saturating_add)
}

fn text(json: String) -> Message {
    Message::Text(json.into())
}
