//! `GET /` of a namespace, and of the parents of relays: the feed of public relays (9.4).

use http::{HeaderValue, Method, Response, header};

use crate::{
    bridge::http_binding::{PublicRelay, registry_feed},
    doors::{
        admit::Addressed,
        hybrid::{Arrived, Body, full},
    },
    entity::{EntityPath, RelayKey, WcfType},
    gateway::{
        clock::unix_now,
        core::{Core, Transport},
    },
    relay::{WcfTerms, wcf_type},
};

/// What stands in a feed.
pub(crate) type Published = Vec<PublicRelay>;

/// The relays in the feed, if a request is for it: there is no relay at its path, which is the root or has public relays below it.
pub(super) fn asked(core: &Core, arrived: &Arrived, addressed: &Addressed) -> Option<Published> {
    let method = arrived.request.method();
    if addressed.relay.is_some() || (*method != Method::GET && *method != Method::HEAD) {
        return None;
    }
    let relays = published(core, arrived, addressed);
    let is_root = addressed.path.segments().all(str::is_empty);
    (is_root || !relays.is_empty()).then_some(relays)
}

/// The feed.
pub(super) fn answer(arrived: &Arrived, addressed: &Addressed, relays: &[PublicRelay]) -> Response<Body> {
    let asked = format!("{}://{}{}", scheme(arrived), arrived.asked.host, addressed.path.raw());
    let mut response = Response::new(full(registry_feed(&asked, unix_now().0, relays).into()));
    let atom = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, atom);
    response
}

fn scheme(arrived: &Arrived) -> &'static str {
    match arrived.peer.transport {
        Transport::Clear => "http",
        Transport::Tls => "https",
    }
}

/// The relays with public discovery at and below the path that was asked for. Listeners of one relay are one entry.
fn published(core: &Core, arrived: &Arrived, addressed: &Addressed) -> Published {
    let (scheme, host, updated) = (scheme(arrived), &arrived.asked.host, unix_now().0);
    let mut relays = Published::new();
    core.registrations.each(&mut |registration| {
        let RelayKey { namespace, path } = &registration.relay;
        let Some(WcfTerms { published: Some(name), listener_type, .. }) = &registration.wcf else { return };
        if *namespace != addressed.namespace.name || !is_below(addressed, path) {
            return;
        }
        let path = path.to_string();
        if relays.iter().any(|relay| relay.path == path) {
            return;
        }
        let is_http = wcf_type(*listener_type) == Some(WcfType::Http);
        let address = format!("{}://{host}/{path}/", if is_http { scheme } else { "sb" });
        relays.push(PublicRelay { name: Some(name.clone()), path, address, updated });
    });
    relays
}

/// Whether a relay lies below the path that was asked for.
fn is_below(addressed: &Addressed, relay: &EntityPath) -> bool {
    let mut own = relay.segments();
    let mut asked = addressed.path.segments().filter(|segment| !segment.is_empty());
    asked.all(|asked| own.next().is_some_and(|own| own.eq_ignore_ascii_case(asked)))
}
