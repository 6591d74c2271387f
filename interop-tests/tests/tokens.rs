//! The forms of a SAS token and the places it may stand in: hybrid page 1.3, 2.3, 6.

use interop_tests::{
    Config, Gateway, Listener, Message, NAMESPACE, OTHER_KEY, Reply, Request, Token, WebSocket, encode,
};
use serde_json::json;

#[test]
fn every_form_that_a_client_makes_is_good() {
    // Section 6.3, 11.10.
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "plant7/press").serve(|_, _| Reply::ok("in"));
    let uri = |text: &str| Token::for_audience(text).to_string();
    for (name, token) in [
        (".NET", uri(&format!("http://{NAMESPACE}/plant7/press/"))),
        (".NET, namespace", uri(&format!("http://{NAMESPACE}/"))),
        ("Java listener", uri(&format!("sb://{NAMESPACE}/plant7/press"))),
        ("Java sender", uri(&format!("sb://{NAMESPACE}:{}", gateway.port("https")))),
        ("Java over HTTP", uri(&format!("https://{NAMESPACE}/plant7/press//"))),
        ("Java over HTTP, with the query", uri(&format!("https://{NAMESPACE}/plant7/press?a=1"))),
        ("Node", uri(&format!("http://{NAMESPACE}:443/plant7/press"))),
        ("wss", uri(&format!("wss://{NAMESPACE}/$hc/plant7/press"))),
        ("amqp", uri(&format!("amqp://{NAMESPACE}/plant7/press"))),
        ("upper case", uri(&format!("HTTP://{}/PLANT7/Press", NAMESPACE.to_uppercase()))),
        ("first segment", uri(&format!("http://{NAMESPACE}/plant7"))),
        ("whole path with its suffix", uri(&format!("http://{NAMESPACE}/plant7/press/cell"))),
        ("a slash too many", uri(&format!("http://{NAMESPACE}//plant7//press"))),
        ("lower hex", lower_hex(&format!("http://{NAMESPACE}/plant7/press/"))),
        ("secondary key", Token::for_path("plant7/press").key(OTHER_KEY).to_string()),
        ("policy in another spelling", Token::for_path("plant7/press").policy("SEND").to_string()),
        ("ended 299 s ago", Token::for_path("plant7/press").ends_in(-290).to_string()),
        ("ends after 2038", Token::for_path("plant7/press").ends_at("99999999999")),
        ("order of the pairs", reordered(&Token::for_path("plant7/press").to_string())),
        ("word in another case", Token::for_path("plant7/press").to_string().replacen("Shared", "shared", 1)),
        ("names in another case", Token::for_path("plant7/press").to_string().replace("&skn=", "&&SKN=")),
        ("signature not encoded", raw_signature(&Token::for_path("plant7/press").to_string())),
    ] {
        let answer =
            Request::get("/plant7/press/cell/4").header("ServiceBusAuthorization", &token).to(&gateway);

        assert_eq!(answer.status, 200, "{name}: {token}\n{answer:?}");
    }
}

#[test]
fn one_that_ended_beyond_the_grace_is_not() {
    let gateway = Gateway::new();
    let token = Token::for_path("hyco").ends_in(-301).to_string();

    let answer = Request::get("/hyco").header("ServiceBusAuthorization", &token).to(&gateway);

    assert!(
        answer.reason.starts_with("ExpiredToken: The token is expired. Expiration time: '"),
        "{answer:?}"
    );
}

#[test]
fn policies_of_the_relay_and_of_the_namespace_are_both_good() {
    let gateway = Gateway::new();
    let target = "/$hc/hyco?sb-hc-action=listen";
    for policy in ["relay-listen", "listen", "RootManageSharedAccessKey"] {
        let token = Token::for_path("hyco").policy(policy).to_string();
        let opened = WebSocket::try_open(gateway.connect(), target, &[("ServiceBusAuthorization", &token)]);
        assert!(opened.is_ok(), "{policy}");
    }
}

#[test]
fn a_websocket_takes_its_token_from_three_places() {
    let gateway = Gateway::new();
    let token = Token::for_path("hyco").policy("listen");
    let (good, query) = (token.to_string(), token.query());
    let target = "/$hc/hyco?sb-hc-action=listen";
    let in_query = format!("{target}&{query}");
    let plus_for_space = in_query.replacen("SharedAccessSignature%20", "SharedAccessSignature+", 1);
    for (name, target, headers) in [
        ("header", target, &[("ServiceBusAuthorization", good.as_str())][..]),
        ("header in another spelling", target, &[("servicebusauthorization", good.as_str())]),
        ("query", &in_query, &[]),
        ("query with a plus for the space", &plus_for_space, &[]),
        ("Authorization", target, &[("Authorization", good.as_str())]),
        ("query before Authorization", &in_query, &[("Authorization", "Basic eDp5")]),
    ] {
        assert!(WebSocket::try_open(gateway.connect(), target, headers).is_ok(), "{name}");
    }
    // The header comes first.
    let bad_header = &[("ServiceBusAuthorization", "SharedAccessSignature sr=x")];
    assert!(WebSocket::try_open(gateway.connect(), &in_query, bad_header).is_err());
}

#[test]
fn a_request_takes_its_token_from_three_places_and_the_listener_never_sees_it() {
    // 1.3: `Authorization` goes on only when it was not the token.
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "hyco").serve(|request, _| {
        Reply::ok(json!([request["requestHeaders"], request["requestTarget"]]).to_string())
    });
    let token = Token::for_path("hyco").policy("send");
    let (good, query) = (token.to_string(), token.query());
    let ask = |target: &str, headers: &[(&str, &str)]| {
        let request = Request::get(target);
        let answer = headers.iter().fold(request, |request, (n, v)| request.header(n, v)).to(&gateway);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };

    for (target, headers, authorization) in [
        ("/hyco".to_owned(), &[("ServiceBusAuthorization", good.as_str())][..], None),
        ("/hyco".to_owned(), &[("Authorization", good.as_str())], None),
        (format!("/hyco?{query}"), &[("Authorization", "Basic eDp5")], Some("Basic eDp5")),
        (
            "/hyco".to_owned(),
            &[("ServiceBusAuthorization", good.as_str()), ("Authorization", "Basic eDp5")],
            Some("Basic eDp5"),
        ),
        // The query comes first, whatever the header holds.
        (format!("/hyco?{query}"), &[("ServiceBusAuthorization", "nonsense")], None),
    ] {
        let seen = ask(&target, headers);

        assert_eq!(seen[0].get("Authorization").and_then(|value| value.as_str()), authorization, "{target}");
        assert!(!seen.to_string().contains("SharedAccessSignature"), "{seen}");
        assert!(!seen.to_string().to_lowercase().contains("servicebusauthorization"), "{seen}");
        assert_eq!(seen[1], "/hyco");
    }
}

#[test]
fn an_anonymous_relay_ignores_a_wrong_token_and_passes_authorization() {
    let gateway = Gateway::new();
    let _listener = Listener::open(&gateway, "open")
        .serve(|request, _| Reply::ok(request["requestHeaders"]["Authorization"].to_string()));

    let answer =
        Request::get("/open?sb-hc-token=nonsense").header("Authorization", "Basic eDp5").to(&gateway);

    assert_eq!((answer.status, answer.text().as_str()), (200, "\"Basic eDp5\""));
}

#[test]
fn connect_headers_hold_no_token() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "hyco");
    let token = gateway.send_token("hyco");
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/hyco", &[("ServiceBusAuthorization", &token), ("X-Shift", "night")]);

    let accept = listener.next("accept");

    assert_eq!(accept["connectHeaders"]["X-Shift"], "night");
    assert!(!accept.to_string().contains("SharedAccessSignature"), "{accept}");
}

#[test]
fn a_renewed_token_keeps_the_control_channel_and_a_refused_one_closes_it() {
    // 2.3: no reply; 1008 and an error sentence on failure.
    let gateway = Gateway::start(Config::new().timeout("token_grace", "1s").timeout("token_skew", "0s"));
    let renew = |listener: &mut Listener, token: &str| {
        listener.control.send_text(&json!({ "renewToken": { "token": token } }).to_string());
    };
    let short = Token::for_path("open").policy("listen").ends_in(2).to_string();
    let open = || {
        let headers = [("ServiceBusAuthorization", short.as_str())];
        WebSocket::try_open(gateway.connect(), "/$hc/open?sb-hc-action=listen", &headers)
            .unwrap_or_else(|answer| panic!("{answer:?}"))
    };
    let (kept, mut forgotten) = (open(), open());
    let mut kept = Listener::over(kept, &gateway);
    renew(&mut kept, &gateway.listen_token("open"));

    assert_closed(forgotten.message(), 1008, "The token is expired");

    // The renewed one lives on, and is refused when its next token is no good.
    let mut sender = gateway.connect();
    Request::get("/open").send(&mut sender);
    let request = kept.next("request");
    kept.respond(request["id"].as_str().expect("an id"), &Reply::ok("alive"));
    assert_eq!(interop_tests::Answer::read(&mut sender, "GET").text(), "alive");
    renew(&mut kept, &Token::for_path("open").policy("send").to_string());
    assert_closed(kept.control.message(), 1008, "Unauthorized access. 'Listen' claim(s) are required");
}

fn assert_closed(message: Message, code: u16, text: &str) {
    let Message::Close(Some((said, reason))) = &message else { panic!("a close was due, not {message:?}") };
    assert_eq!(*said, code, "{reason}");
    assert!(reason.starts_with(text) && reason.contains("TrackingId:"), "{reason}");
    assert!(reason.len() <= 123, "{reason}");
}

fn lower_hex(uri: &str) -> String {
    let encoded = encode(uri);
    let mut lower = String::new();
    let mut rest = encoded.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        lower.push_str(before);
        lower.push('%');
        lower.push_str(&after[..2].to_lowercase());
        rest = &after[2..];
    }
    lower.push_str(rest);
    Token::for_encoded_audience(&lower).to_string()
}

fn reordered(token: &str) -> String {
    let (word, pairs) = token.split_once(' ').expect("a token");
    let mut pairs: Vec<_> = pairs.split('&').collect();
    pairs.reverse();
    format!("{word}   {}", pairs.join("&"))
}

fn raw_signature(token: &str) -> String {
    let (start, rest) = token.split_once("&sig=").expect("a signature");
    let (signature, end) = rest.split_once("&se=").expect("an end");
    let signature = signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    format!("{start}&sig={signature}&se={end}")
}
