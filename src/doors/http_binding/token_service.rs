//! `POST /WRAPv0.9/`: the token service of a namespace that has one (8.3).

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};

use crate::{
    auth::{AuthError, TokenServiceError, issue},
    bridge::http_binding::HttpRefusal,
    doors::{
        admit::Addressed,
        hybrid::{Arrived, Body, Collected, RequestBody, full},
    },
    gateway::{
        clock::unix_now,
        core::{Core, Transport},
    },
    relay::{Malformed, Refusal},
};

/// Where it is.
const PATH: &str = "WRAPv0.9";

/// Whether a request is for it.
pub(super) fn serves(arrived: &Arrived, addressed: &Addressed) -> bool {
    addressed.namespace.token_service
        && arrived.request.method() == Method::POST
        && addressed.path.segments().eq([PATH])
}

/// Makes a token, or says why not.
pub(super) async fn answer(
    core: &Arc<Core>,
    arrived: Arrived,
    addressed: &Addressed,
) -> Result<Response<Body>, HttpRefusal> {
    if arrived.peer.transport == Transport::Clear {
        return Err(Refusal::TransportSecurity.into());
    }
    let settings = core.settings.load_full();
    let most = settings.limits.control_body;
    let mut body =
        RequestBody::new(arrived.request.into_body(), arrived.notes, settings.timeouts.request_idle);
    let form = match body.collect_up_to(most).await {
        Ok(Collected::Whole(form)) => form,
        Ok(Collected::More) => return Err(HttpRefusal::RequestTooLarge { max: most as u64 }),
        Err(_) => return Err(Refusal::SenderStalled.into()),
    };
    let form = std::str::from_utf8(&form).map_err(|_| refused(TokenServiceError::NoForm))?;
    let issuers = &addressed.namespace.issuers;
    let issued = issue(form, issuers, settings.timeouts.issued_token, unix_now()).map_err(refused)?;
    tracing::info!(tracking_id = %arrived.asked.tracking_id, issuer = %issued.acts_as, "token made");
    let mut response = Response::new(full(Bytes::from(issued.body())));
    let headers = response.headers_mut();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(header::CONTENT_TYPE, form);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn refused(error: TokenServiceError) -> HttpRefusal {
    match error {
        // Clients try again after 404, 502 and 503, and fail after these.
        TokenServiceError::NotBelieved => Refusal::Unauthorized(AuthError::InvalidSignature).into(),
        other => Refusal::from(Malformed::Message(other.to_string())).into(),
    }
}
