//! What of a sender's path and query a listener is handed: hybrid page 1.2 (the table of the official tests), 3.1, 5.2.

use interop_tests::{Gateway, Listener, Reply, Request, WebSocket, accept_address, request_target};

/// What is sent after the path, and what a listener is handed.
const QUERIES: [(&str, &str); 16] = [
    ("", ""),
    ("?a=1&a=2&", "?a=1&a=2&"),
    ("?&&&", "?&&&"),
    ("?&foo=bar", "?&foo=bar"),
    ("?sb-hc-id=1", ""),
    ("?sb-hc-id=1&custom=value", "?custom=value"),
    ("?custom=value&SB-HC-ID=1&x", "?custom=value&x"),
    ("?sb-hc-undefined", "?sb-hc-undefined"),
    ("?sb-hc-whatever=", ""),
    ("?+", "?+"),
    ("?%2B", "?%2B"),
    ("?%20", "?%20"),
    ("?%2f%3a%3d%26", "?%2f%3a%3d%26"),
    ("?key='value'", "?key='value'"),
    ("?name=%C3%b8", "?name=%C3%b8"),
    ("?sb%2Dhc-other=1&y=2", "?y=2"),
];

#[test]
fn a_request_target_carries_the_filtered_query_as_it_was_sent() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, _| Reply::ok(request_target(request)));

    for (sent, handed) in QUERIES {
        let answer = Request::get(&format!("/open/a{sent}")).to(&gateway);

        assert_eq!(answer.text(), format!("/open/a{handed}"), "{sent}");
    }
}

#[test]
fn an_accept_address_carries_the_filtered_query_before_its_own_parameters() {
    // 3.1: the sender's filtered query, then the action and the id, then private ones.
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");

    for (sent, handed) in QUERIES {
        let mut sender = gateway.connect();
        WebSocket::ask(&mut sender, &format!("/$hc/open/a{sent}"), &[]);
        let address = accept_address(&listener.next("accept"));

        let query = address.split_once("/$hc/open/a?").unwrap_or_else(|| panic!("{address}")).1;
        let (own, rest) =
            query.split_once("sb-hc-action=accept&sb-hc-id=").unwrap_or_else(|| panic!("{address}"));
        let expected = handed.strip_prefix('?').map_or_else(String::new, |handed| format!("{handed}&"));
        assert_eq!(own, expected, "{sent}");
        assert!(rest.split('&').skip(1).all(|private| private.starts_with("sb-hc-")), "{address}");
    }
}

#[test]
fn a_request_target_is_percent_decoded_but_for_what_would_change_its_meaning() {
    // Rule 13 and 5.2: UTF-8; an encoded `?`, `#` stays, and so do control characters.
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open").serve(|request, _| Reply::ok(request_target(request)));

    for (sent, handed) in [
        ("/open", "/open"),
        ("/open/", "/open/"),
        ("/OPEN/Mixed", "/OPEN/Mixed"),
        ("/open/a%20b/%C3%B8", "/open/a b/\u{f8}"),
        ("/open/%41%2d%5F", "/open/A-_"),
        ("/open/what%3Fnot%23this", "/open/what%3Fnot%23this"),
        ("/open/x?q=%20%41", "/open/x?q=%20%41"),
        ("/open//two///slashes/", "/open//two///slashes/"),
    ] {
        let answer = Request::get(sent).to(&gateway);

        assert_eq!(answer.text(), handed, "{sent}: {answer:?}");
    }
}

#[test]
fn a_relay_may_ask_for_targets_as_they_were_sent() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "raw").serve(|request, _| Reply::ok(request_target(request)));

    let answer = Request::get("/raw/a%20b/%C3%b8?q=%20").to(&gateway);

    assert_eq!(answer.text(), "/raw/a%20b/%C3%b8?q=%20", "{answer:?}");
}

#[test]
fn an_accept_address_keeps_the_path_encoded() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open/a%20b/%C3%b8/", &[]);

    let address = accept_address(&listener.next("accept"));

    assert!(address.contains("/$hc/open/a%20b/%C3%b8/?"), "{address}");
}

#[test]
fn the_longest_relay_that_is_a_whole_prefix_takes_the_request() {
    let nested = "path = \"open/deeper\"\nkind = \"hybrid\"\nrequires_client_authorization = false\n";
    let gateway = Gateway::start(interop_tests::Config::new().relay(nested));
    let _upper = Listener::open(&gateway, "open").serve(|_, _| Reply::ok("open"));
    let _lower = Listener::open(&gateway, "open/deeper").serve(|_, _| Reply::ok("open/deeper"));

    for (sent, taken) in [
        ("/open", "open"),
        ("/open/", "open"),
        ("/open/deep", "open"),
        ("/open/deeper2", "open"),
        ("/open/deeper", "open/deeper"),
        ("/Open/Deeper/still", "open/deeper"),
        ("/open/%64eeper", "open/deeper"),
    ] {
        assert_eq!(Request::get(sent).to(&gateway).text(), taken, "{sent}");
    }
}

#[test]
fn the_marker_of_a_websocket_may_be_spelled_in_any_way() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    for marker in ["$hc", "$HC", "%24hc", "%24Hc"] {
        let mut sender = gateway.connect();
        WebSocket::ask(&mut sender, &format!("/{marker}/open"), &[]);
        listener.accept();
        assert!(WebSocket::answered(sender).is_ok(), "{marker}");
    }
}
