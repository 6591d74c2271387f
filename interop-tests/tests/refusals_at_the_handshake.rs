//! Every refusal of a WebSocket handshake, status and words: hybrid page 2.1, 4 and 6.6. One row for each case.
//!
//! Not provoked: 500 (a fault in the gateway itself) and `Ip has been prevented …` (there are no IP rules).

use interop_tests::{Answer, Config, Gateway, Listener, Request, Token, WebSocket, assert_refusal};

/// One refusal.
struct Row {
    /// What is wrong.
    name: &'static str,
    /// The path as the error sentence shows it.
    path: &'static str,
    /// How a peer comes to be refused so.
    provoke: fn(&Gateway) -> Answer,
    status: u16,
    /// The words before `. TrackingId:`.
    text: &'static str,
}

/// `se` of the expired tokens below, 2017-07-14 02:40:00 UTC.
const LONG_AGO: &str = "1500000000";

const ROWS: &[Row] = &[
    Row {
        name: "no upgrade",
        path: "hyco",
        provoke: |gateway| Request::get("/$hc/hyco?sb-hc-action=listen").to(gateway),
        status: 400,
        text: "This endpoint is only for web-socket requests",
    },
    Row {
        name: "no upgrade, dollar sign encoded, other spelling",
        path: "hyco",
        provoke: |gateway| Request::get("/%24HC/hyco").to(gateway),
        status: 400,
        text: "This endpoint is only for web-socket requests",
    },
    Row {
        name: "unknown action",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco?sb-hc-action=dance", &send(gateway)),
        status: 400,
        text: "Unsupported action 'dance'",
    },
    Row {
        name: "listener without a token",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco?sb-hc-action=listen", ""),
        status: 401,
        text: "MissingToken: Relay security token is required",
    },
    Row {
        name: "sender without a token",
        path: "hyco/below",
        provoke: |gateway| open(gateway, "hyco/below?sb-hc-action=connect", ""),
        status: 401,
        text: "MissingToken: Relay security token is required",
    },
    Row {
        name: "unknown relay without a token",
        path: "nowhere",
        provoke: |gateway| open(gateway, "nowhere", ""),
        status: 401,
        text: "MissingToken: Relay security token is required",
    },
    Row {
        name: "words that are no token",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco?sb-hc-action=listen", "SharedAccessSignature hello"),
        status: 401,
        text: "MalformedToken: The token is malformed",
    },
    Row {
        name: "token with a pair twice",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &format!("{}&skn=send", send(gateway))),
        status: 401,
        text: "MalformedToken: The token is malformed",
    },
    Row {
        name: "expired token",
        path: "hyco",
        provoke: |gateway| {
            open(gateway, "hyco?sb-hc-action=listen", &Token::for_path("hyco").ends_at(LONG_AGO))
        },
        status: 401,
        text: "ExpiredToken: The token is expired. Expiration time: '2017-07-14 02:40:00Z'",
    },
    Row {
        name: "unknown policy",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &Token::for_path("hyco").policy("nobody").to_string()),
        status: 401,
        text: "InvalidSignature: The token has an invalid signature",
    },
    Row {
        name: "wrong key",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &Token::for_path("hyco").key("another").to_string()),
        status: 401,
        text: "InvalidSignature: The token has an invalid signature",
    },
    Row {
        name: "policy of another relay",
        path: "plant7/press",
        provoke: |gateway| {
            open(gateway, "plant7/press", &Token::for_path("").policy("relay-send").to_string())
        },
        status: 401,
        text: "InvalidSignature: The token has an invalid signature",
    },
    Row {
        name: "token for another relay",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &gateway.send_token("plant7/press")),
        status: 401,
        text: "InvalidAudience: The authorization header contains a token with a wrong audience",
    },
    Row {
        name: "token for another host",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &Token::for_audience("http://elsewhere/hyco").to_string()),
        status: 401,
        text: "InvalidAudience: The authorization header contains a token with a wrong audience",
    },
    Row {
        name: "token for a path that only begins alike",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &gateway.send_token("hyc")),
        status: 401,
        text: "InvalidAudience: The authorization header contains a token with a wrong audience",
    },
    Row {
        name: "listener with the right to send",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco?sb-hc-action=listen", &send(gateway)),
        status: 401,
        text: "Unauthorized access. 'Listen' claim(s) are required to perform this operation",
    },
    Row {
        name: "sender with the right to listen",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &gateway.listen_token("hyco")),
        status: 401,
        text: "Unauthorized access. 'Send' claim(s) are required to perform this operation",
    },
    Row {
        name: "unknown relay, listener",
        path: "nowhere",
        provoke: |gateway| open(gateway, "nowhere?sb-hc-action=listen", &gateway.listen_token("")),
        status: 404,
        text: "Endpoint does not exist",
    },
    Row {
        name: "unknown relay, sender",
        path: "nowhere/at/all",
        provoke: |gateway| open(gateway, "nowhere/at/all", &gateway.send_token("")),
        status: 404,
        text: "Endpoint does not exist",
    },
    Row {
        name: "half a segment of a relay",
        path: "hyco2",
        provoke: |gateway| open(gateway, "hyco2", &gateway.send_token("")),
        status: 404,
        text: "Endpoint does not exist",
    },
    Row {
        name: "no listener",
        path: "hyco",
        provoke: |gateway| open(gateway, "hyco", &send(gateway)),
        status: 404,
        text: "There are no listeners connected for the endpoint",
    },
    Row {
        name: "no listener is allowed",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open_as(gateway, "open", "11111111-2222-3333-4444-555555555555");
            let other = ("Microsoft-Relay-AllowedListeners", "99999999-2222-3333-4444-555555555555");
            WebSocket::try_open(gateway.connect(), "/$hc/open", &[other]).err().expect("a refusal")
        },
        status: 404,
        text: "None of the connected listeners meet the AllowedListeners/DisallowedListeners criteria",
    },
    Row {
        name: "the only listener is disallowed",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open_as(gateway, "open", "11111111-2222-3333-4444-555555555555");
            let it = ("Microsoft-Relay-DisallowedListeners", "11111111-2222-3333-4444-555555555555");
            WebSocket::try_open(gateway.connect(), "/$hc/open", &[it]).err().expect("a refusal")
        },
        status: 404,
        text: "None of the connected listeners meet the AllowedListeners/DisallowedListeners criteria",
    },
    Row {
        name: "one listener too many",
        path: "hyco",
        provoke: |gateway| {
            let _first = Listener::open(gateway, "hyco");
            let _second = Listener::open(gateway, "hyco");
            Listener::try_open(gateway, "hyco", "").err().expect("a refusal")
        },
        status: 403,
        text: "MaximumListenersPerEndpointExceeded: the maximum number of listeners, 2, has been reached",
    },
    Row {
        name: "a hybrid listener at a WCF relay",
        path: "wcf",
        provoke: |gateway| Listener::try_open(gateway, "wcf", "").err().expect("a refusal"),
        status: 409,
        text: "Conflict",
    },
    Row {
        name: "nobody takes the sender",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open");
            open(gateway, "open", "")
        },
        status: 504,
        text: "The listener did not accept the connection within the allotted time",
    },
    Row {
        name: "a path that climbs",
        path: "hyco/..%2fopen",
        provoke: |gateway| open(gateway, "hyco/..%2fopen", &send(gateway)),
        status: 400,
        text: PATH,
    },
    Row {
        name: "a host that belongs to nobody",
        path: "hyco",
        provoke: |gateway| open_at(gateway, "elsewhere.example"),
        status: 421,
        text: "The host name belongs to no namespace of this relay",
    },
];

/// Only the beginning is fixed: what is wrong with a path follows.
const PATH: &str = "The path is not valid: ";

#[test]
fn each_row_is_refused_with_its_status_and_words() {
    let config = Config::new()
        .limit("listeners_per_relay", "2")
        .limit("failed_handshakes_per_minute", "0")
        .timeout("accept", "1s");
    let mut failed = Vec::new();
    for row in ROWS {
        let outcome = std::panic::catch_unwind(|| {
            // A gateway for each row: no row can lean on what another left behind.
            let gateway = Gateway::start(config.clone());
            check(row, &(row.provoke)(&gateway));
        });
        if outcome.is_err() {
            failed.push(row.name);
        }
    }
    assert!(failed.is_empty(), "of {} rows: {failed:?}", ROWS.len());
}

fn check(row: &Row, answer: &Answer) {
    if row.text == PATH {
        assert_eq!(answer.status, row.status, "{}: {answer:?}", row.name);
        assert!(answer.reason.starts_with(PATH), "{}: {answer:?}", row.name);
    } else if row.name.starts_with("a host") {
        assert_eq!(answer.status, row.status, "{}: {answer:?}", row.name);
        assert!(answer.reason.starts_with(row.text), "{}: {answer:?}", row.name);
    } else {
        assert_refusal(answer, row.status, row.text, row.path);
    }
}

fn send(gateway: &Gateway) -> String {
    gateway.send_token("hyco")
}

/// Opens `/$hc/{target}` with `token`, if it is not empty, and expects a refusal.
fn open(gateway: &Gateway, target: &str, token: &str) -> Answer {
    let header = ("ServiceBusAuthorization", token);
    let headers = if token.is_empty() { &[][..] } else { &[header][..] };
    let opened = WebSocket::try_open(gateway.connect(), &format!("/$hc/{target}"), headers);
    opened.err().unwrap_or_else(|| panic!("{target} was accepted"))
}

fn open_at(gateway: &Gateway, host: &str) -> Answer {
    let opened = WebSocket::try_open(gateway.connect(), "/$hc/hyco", &[("Host", host)]);
    opened.err().expect("a refusal")
}
