//! No spelling of a path leaves the base of `viaduct listen --to http://host/base`. Design, section 5.

use std::time::Duration;

use interop_tests::{Answer, Connector, Gateway, Request, Service, WebSocket};

/// Spellings of "one level up" and their relatives.
const ESCAPES: [&str; 12] = [
    "../secret",
    "./../secret",
    "a/../../secret",
    "..%2fsecret",
    "..%2Fsecret",
    "%2e%2e/secret",
    "%2E%2e%2fsecret",
    ".%2e/secret",
    "..%5csecret",
    "..%5Csecret",
    "..\\secret",
    "a/./secret",
];

#[test]
fn what_is_below_the_base_reaches_the_service_below_its_base() {
    let (gateway, service, _connector) = world();

    let (line, answer) = ask(&gateway, &service, "/open/a%20b/c?x=%2f..");

    assert_eq!(line, "GET /base/a%20b/c?x=%2f.. HTTP/1.1");
    assert_eq!((answer.status, answer.text().as_str()), (200, "here"));
}

#[test]
fn a_request_that_climbs_is_refused_and_reaches_nobody() {
    let (gateway, service, _connector) = world();

    for escape in ESCAPES {
        let answer = Request::get(&format!("/open/{escape}")).to(&gateway);

        assert_eq!(answer.status, 400, "{escape}: {answer:?}");
    }
    assert!(service.connection_within(Duration::from_millis(500)).is_none(), "the service was reached");
}

#[test]
fn a_websocket_that_climbs_is_refused_and_reaches_nobody() {
    let (gateway, service, _connector) = world();

    for escape in ESCAPES {
        let opened = WebSocket::try_open(gateway.connect(), &format!("/$hc/open/{escape}"), &[]);

        let answer = opened.err().unwrap_or_else(|| panic!("{escape} was accepted"));
        assert_eq!(answer.status, 400, "{escape}: {answer:?}");
    }
    assert!(service.connection_within(Duration::from_millis(500)).is_none(), "the service was reached");
}

#[test]
fn a_path_that_only_begins_like_the_relay_is_another() {
    let (gateway, service, _connector) = world();

    let answer = Request::get("/openly/secret").to(&gateway);

    assert_eq!(answer.status, 401, "an unknown relay wants a token first: {answer:?}");
    assert!(service.connection_within(Duration::from_millis(500)).is_none(), "the service was reached");
}

fn world() -> (Gateway, Service, Connector) {
    let (gateway, service) = (Gateway::new(), Service::start());
    let connector = Connector::listen(&gateway, "open", &format!("http://127.0.0.1:{}/base", service.port()));
    (gateway, service, connector)
}

/// Sends a request through the relay; the request line the service got, and the answer to the sender.
fn ask(gateway: &Gateway, service: &Service, target: &str) -> (String, Answer) {
    std::thread::scope(|scope| {
        let line = scope.spawn(|| {
            let mut connection = service.connection();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.extend_from_slice(&connection.receive(1));
            }
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere");
            String::from_utf8_lossy(&head).lines().next().expect("a request line").to_owned()
        });
        let answer = Request::get(target).to(gateway);
        (line.join().expect("the service's side"), answer)
    })
}
