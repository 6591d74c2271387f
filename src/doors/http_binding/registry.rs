//! `GET /` of a namespace, and of the parents of relays: the feed of public relays (9.4).

use http::{HeaderValue, Method, Response, header};

use crate::{
    bridge::http_binding::{PublicRelay, registry_feed},
    doors::{
        admit::Addressed,
        hybrid::{Arrived, Body, full},
    },
    entity::{EntityPath, WcfType},
    gateway::{
        clock::unix_now,
        core::{Core, Transport},
    },
    relay::{Registration, WcfTerms, wcf_type},
};

/// Whether a request is for the feed: there is no relay at its path, which is the root or has public relays below it.
pub(super) fn serves(core: &Core, arrived: &Arrived, addressed: &Addressed) -> bool {
    let method = arrived.request.method();
    let reads = *method == Method::GET || *method == Method::HEAD;
    let is_root = || addressed.path.segments().all(str::is_empty);
    addressed.relay.is_none() && reads && (is_root() || public(core, addressed).next().is_some())
}

/// The feed.
pub(super) fn answer(core: &Core, arrived: &Arrived, addressed: &Addressed) -> Response<Body> {
    let scheme = match arrived.peer.transport {
        Transport::Clear => "http",
        Transport::Tls => "https",
    };
    let host = &arrived.asked.host;
    let now = unix_now().0;
    let mut relays: Vec<PublicRelay> = Vec::new();
    for (registration, terms, name) in public(core, addressed) {
        let path = registration.relay.path.to_string();
        // Listeners of one relay are one entry.
        if relays.iter().any(|relay| relay.path == path) {
            continue;
        }
        let is_http = wcf_type(terms.listener_type) == Some(WcfType::Http);
        let address = format!("{}://{host}/{path}/", if is_http { scheme } else { "sb" });
        relays.push(PublicRelay { name: Some(name), path, address, updated: now });
    }
    let asked = format!("{scheme}://{host}{}", addressed.path.raw());
    let mut response = Response::new(full(registry_feed(&asked, now, &relays).into()));
    let atom = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, atom);
    response
}

/// The registrations with public discovery at and below the path that was asked for, with what they are called.
fn public(core: &Core, addressed: &Addressed) -> impl Iterator<Item = (Registration, WcfTerms, String)> {
    core.registrations.all().into_iter().filter_map(|registration| {
        let here = registration.relay.namespace == addressed.namespace.name
            && is_below(addressed, &registration.relay.path);
        let terms = registration.wcf.clone().filter(|_| here)?;
        let name = terms.published.clone()?;
        Some((registration, terms, name))
    })
}

/// Whether a relay lies below the path that was asked for.
fn is_below(addressed: &Addressed, relay: &EntityPath) -> bool {
    let mut own = relay.segments();
    let mut asked = addressed.path.segments().filter(|segment| !segment.is_empty());
    asked.all(|asked| own.next().is_some_and(|own| own.eq_ignore_ascii_case(asked)))
}
