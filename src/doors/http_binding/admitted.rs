//! A sender that may be relayed, and what its request is to be told about the service.

use secrecy::SecretString;

use crate::{
    auth::{AuthError, Authorized, TokenError},
    bridge::http_binding::{HttpRefusal, HttpScheme, Request, Terms, XmlBody},
    doors::admit::{Addressed, Target},
    entity::ServiceAddress,
    gateway::{
        core::{Core, Peer, Settings},
        quota::Counted,
    },
    relay::{Refusal, WcfTerms},
};

/// A sender with its relay, its right and its place under the quota.
pub(super) struct Admitted {
    pub(super) target: Target,
    pub(super) authorized: Option<Authorized>,
    pub(super) counted: Counted,
}

/// Checks the right of a sender, the transport it came by, and the quota.
pub(super) fn admit(
    core: &Core,
    peer: &Peer,
    addressed: Addressed,
    token: Option<&SecretString>,
) -> Result<Admitted, Refusal> {
    let (target, authorized) = addressed.sender(core, token)?;
    target.check_transport(peer)?;
    let counted = target.count(core)?;
    Ok(Admitted { target, authorized, counted })
}

/// The token that stood in a SOAP header (8.2).
pub(super) fn soap_token(request: &Request) -> Result<Option<SecretString>, Refusal> {
    // What stood there is in no form that a token has.
    let no_token = |_| Refusal::Unauthorized(AuthError::MalformedToken(TokenError::NotSas));
    request.soap_token().map(Option::<&SecretString>::cloned).map_err(no_token)
}

/// What a request is to be told about the service, from the registration of a listener.
pub(super) fn terms(
    service: &WcfTerms,
    addressed: &Addressed,
    settings: &Settings,
) -> Result<Terms, HttpRefusal> {
    // It was parsed when the listener registered.
    let address = ServiceAddress::parse(&service.address).map_err(Refusal::from)?;
    Ok(Terms {
        via: format!("sb://{}{}", address.host, address.path.raw().trim_end_matches('/')),
        host: address.host.to_string(),
        path: addressed.path.clone(),
        scheme: HttpScheme::of_registration(Some(service.requires_transport_security)),
        xml: addressed.relay.as_ref().map_or(XmlBody::Element, |relay| relay.xml_body),
        limits: (&settings.limits).into(),
    })
}
