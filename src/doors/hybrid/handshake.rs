//! The shape of a WebSocket handshake, RFC 6455 4.2.1, as HTTP/1.1 clients send it.

use http::{HeaderMap, HeaderValue, Method, Request, header};

/// The key of a well-formed handshake; `None` when the request is no handshake.
pub(crate) fn key<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let well_formed = request.method() == Method::GET
        && lists(headers, &header::CONNECTION, "upgrade")
        && lists(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| well_formed).cloned()
}

/// The first sub-protocol that is asked for. Listeners take the first one offered (3.3).
pub(crate) fn first_protocol(headers: &HeaderMap) -> Option<String> {
    let asked = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    asked.split(',').map(str::trim).find(|protocol| !protocol.is_empty()).map(str::to_owned)
}

fn lists(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(upgrade: &str, connection: &str, version: &str) -> Request<()> {
        Request::get("/$hc/a")
            .header("Upgrade", upgrade)
            .header("Connection", connection)
            .header("Sec-WebSocket-Version", version)
            .header("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw==")
            .body(())
            .unwrap()
    }

    #[test]
    fn a_handshake_may_list_more_than_one_connection_option() {
        assert!(key(&request("WebSocket", "keep-alive, Upgrade", "13")).is_some());
        assert!(key(&request("h2c", "Upgrade", "13")).is_none());
        assert!(key(&request("websocket", "close", "13")).is_none());
        assert!(key(&request("websocket", "Upgrade", "8")).is_none());
    }

    #[test]
    fn the_first_offered_protocol_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(first_protocol(&headers), None);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("chat, superchat"));
        assert_eq!(first_protocol(&headers).as_deref(), Some("chat"));
    }
}
