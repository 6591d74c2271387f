//! Every refusal of an HTTP request, status, words, code and JSON: hybrid page 5.7 and 6.6. One row for each case.
//!
//! Not provoked: 500 (a fault in the gateway itself).

use interop_tests::{Answer, Config, Gateway, Listener, Reply, Request, Token, assert_refusal_json};
use serde_json::json;

/// One refusal.
struct Row {
    name: &'static str,
    path: &'static str,
    provoke: fn(&Gateway) -> Answer,
    status: u16,
    code: &'static str,
    /// The words before `. TrackingId:`.
    text: &'static str,
}

/// `se` of the expired token below, 2017-07-14 02:40:00 UTC.
const LONG_AGO: &str = "1500000000";

const ROWS: &[Row] = &[
    Row {
        name: "no token",
        path: "hyco/a",
        provoke: |gateway| Request::get("/hyco/a?x=1").to(gateway),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "MissingToken: Relay security token is required",
    },
    Row {
        name: "no token, unknown relay",
        path: "nowhere",
        provoke: |gateway| Request::get("/nowhere").to(gateway),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "MissingToken: Relay security token is required",
    },
    Row {
        name: "words that are no token",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", "Bearer"),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "MalformedToken: The token is malformed",
    },
    Row {
        name: "expired token",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", &Token::for_path("hyco").ends_at(LONG_AGO)),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "ExpiredToken: The token is expired. Expiration time: '2017-07-14 02:40:00Z'",
    },
    Row {
        name: "wrong key",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", &Token::for_path("hyco").key("another").to_string()),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "InvalidSignature: The token has an invalid signature",
    },
    Row {
        name: "token for another relay",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", &gateway.send_token("open")),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "InvalidAudience: The authorization header contains a token with a wrong audience",
    },
    Row {
        name: "the right to listen alone",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", &gateway.listen_token("hyco")),
        status: 401,
        code: "TokenMissingOrInvalid",
        text: "Unauthorized access. 'Send' claim(s) are required to perform this operation",
    },
    Row {
        name: "unknown relay",
        path: "nowhere",
        provoke: |gateway| get(gateway, "/nowhere", &gateway.send_token("")),
        status: 404,
        code: "EndpointNotFound",
        text: "Endpoint does not exist",
    },
    Row {
        name: "no listener",
        path: "hyco",
        provoke: |gateway| get(gateway, "/hyco", &gateway.send_token("hyco")),
        status: 404,
        code: "EndpointNotFound",
        text: "There are no listeners connected for the endpoint",
    },
    Row {
        name: "no listener is allowed",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open");
            Request::get("/open")
                .header("Microsoft-Relay-AllowedListeners", "99999999-2222-3333-4444-555555555555")
                .to(gateway)
        },
        status: 404,
        code: "EndpointNotFound",
        text: "None of the connected listeners meet the AllowedListeners/DisallowedListeners criteria",
    },
    Row {
        name: "the sender stops inside its body",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open");
            let mut wire = gateway.connect();
            wire.send(
                b"POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nand then nothing",
            );
            Answer::read(&mut wire, "POST")
        },
        status: 408,
        code: "RequestTimeout",
        text: "The request body did not arrive in the required time",
    },
    Row {
        name: "headers larger than the limit",
        path: "open",
        provoke: |gateway| Request::get("/open").header("X-Large", &"x".repeat(20_000)).to(gateway),
        status: 431,
        code: "BadRequest",
        text: "The request line and headers are larger than this relay takes",
    },
    Row {
        name: "the listener dies before it answers",
        path: "open",
        provoke: |gateway| {
            let mut listener = Listener::open(gateway, "open");
            let mut wire = gateway.connect();
            Request::get("/open").send(&mut wire);
            listener.next("request");
            listener.control.abort();
            Answer::read(&mut wire, "GET")
        },
        status: 502,
        code: "BadGateway",
        text: "The listener closed its connection before it had answered the request",
    },
    Row {
        name: "the listener answers 1xx",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open").serve(|_, _| Reply::new(101, ""));
            Request::get("/open").to(gateway)
        },
        status: 502,
        code: "BadGateway",
        text: "The listener's answer breaks the protocol",
    },
    Row {
        name: "the rendezvous begins with something else",
        path: "open",
        provoke: |gateway| {
            let mut listener = Listener::open(gateway, "open");
            let mut wire = gateway.connect();
            Request::get("/open").send(&mut wire);
            let request = listener.next("request");
            let mut rendezvous = listener.dial(request["address"].as_str().expect("an address"), &[]);
            rendezvous.send_binary(b"no response");
            Answer::read(&mut wire, "GET")
        },
        status: 502,
        code: "BadGateway",
        text: "The listener's answer breaks the protocol",
    },
    Row {
        name: "the listener does not answer",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open");
            Request::get("/open").to(gateway)
        },
        status: 504,
        code: "GatewayTimeout",
        text: "The request was routed to the listener but the listener did not respond in the required time",
    },
    Row {
        name: "the listener does not fetch a large request",
        path: "open",
        provoke: |gateway| {
            let _listener = Listener::open(gateway, "open");
            Request::post("/open", &[b'x'; 65_537]).to(gateway)
        },
        status: 504,
        code: "GatewayTimeout",
        text: "The request was routed to the listener but the listener did not respond in the required time",
    },
];

#[test]
fn each_row_is_refused_with_its_status_words_and_json() {
    let config = Config::new()
        .limit("request_head", "\"16KiB\"")
        .limit("failed_handshakes_per_minute", "0")
        .timeout("response", "1s")
        .timeout("request_idle", "500ms");
    let mut failed = Vec::new();
    for row in ROWS {
        let outcome = std::panic::catch_unwind(|| {
            // A gateway for each row: no row can lean on what another left behind.
            let gateway = Gateway::start(config.clone());
            let answer = (row.provoke)(&gateway);
            assert_refusal_json(&answer, row.status, row.text, row.path, row.code);
        });
        if outcome.is_err() {
            failed.push(row.name);
        }
    }
    assert!(failed.is_empty(), "of {} rows: {failed:?}", ROWS.len());
}

#[test]
fn a_path_that_climbs_is_a_bad_request() {
    let gateway = Gateway::new();
    for path in ["/open/../hyco", "/open/%2e%2e/hyco", "/open/a%2fb", "/open/a%5cb", "/open/%00", "/open/%zz"]
    {
        let answer = Request::get(path).to(&gateway);

        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.reason.starts_with("The path is not valid: "), "{path}: {answer:?}");
        assert_eq!(answer.json()["error"]["code"], json!("BadRequest"), "{path}");
    }
}

#[test]
fn a_path_beyond_the_limit_is_a_bad_request() {
    let gateway = Gateway::start(Config::new().limit("request_path", "\"64B\""));
    for (target, status) in [("/open/$hc", 404), (&*format!("/open/{}", "a".repeat(64)), 400)] {
        assert_eq!(Request::get(target).to(&gateway).status, status, "{target}");
    }
}

#[test]
fn a_request_whose_address_does_not_fit_a_control_message_is_refused() {
    // Hybrid page 0, rule 4, and 5.1. In JSON each of these takes two bytes.
    let gateway = Gateway::new();
    let listener = Listener::open(&gateway, "open");

    let answer = Request::get(&format!("/open?{}", "\\".repeat(40_000))).to(&gateway);

    assert_eq!(answer.status, 431, "{answer:?}");
    drop(listener);
}

#[test]
fn a_host_that_belongs_to_nobody_is_refused_and_not_defaulted() {
    let gateway = Gateway::new();

    let answer = Request::get("/open").header("Host", "elsewhere.example").to(&gateway);

    assert_eq!(answer.status, 421, "{answer:?}");
    assert!(answer.reason.starts_with("The host name belongs to no namespace of this relay. "), "{answer:?}");
}

fn get(gateway: &Gateway, target: &str, token: &str) -> Answer {
    Request::get(target).header("ServiceBusAuthorization", token).to(gateway)
}
