//! HTTP bindings: curl and Python's zeep call Mono's HTTP services behind a listener of an HTTP binding. The listener and what unwraps the
//! requests are ours, in C# (`mono/relay_listener.cs`, `mono/http_host.cs`); Mono's own binary XML and JSON read and write all that passes.
//! Relay page 7.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::time::Duration;

use interop_tests::{
    Config, Connector, Gateway, HttpHost, Program, RelayListener, Token, curl_at, encode, python_script,
    shim_gateway, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(240);

/// Where the relay stands; nobody declared it.
const PATH: &str = "mono/accounts";

const MIB: u64 = 1 << 20;

/// Gateway, services and listener, all of them up.
struct Relayed {
    gateway: Gateway,
    host: HttpHost,
    _listener: RelayListener,
}

impl Relayed {
    fn start(more: &[&str]) -> Self {
        Self::with(Config::new(), more)
    }

    fn with(config: Config, more: &[&str]) -> Self {
        let gateway = shim_gateway(config);
        let host = HttpHost::start(PATH);
        let more = [&["--type", "RelayedHttp"], more].concat();
        let listener = RelayListener::before(&gateway, PATH, host.port, &more);
        Self { gateway, host, _listener: listener }
    }

    /// curl with a good token.
    fn curl(&self, below: &str) -> Program {
        self.anonymous(below).args(["-H", &format!("ServiceBusAuthorization: {}", self.token())])
    }

    fn anonymous(&self, below: &str) -> Program {
        curl_at(&self.gateway, &format!("/{PATH}{below}"))
    }

    fn token(&self) -> String {
        self.gateway.send_token(PATH)
    }

    /// What zeep says.
    fn zeep(&self, version: &str) -> Vec<String> {
        let base = format!("https://localhost:{}/{PATH}", self.gateway.port("https"));
        let output = python_script(&self.gateway, "soap_client.py")
            .args([base, version.to_owned(), self.token()])
            .run(PATIENCE);
        output.lines().map(ToOwned::to_owned).collect()
    }
}

/// Body, and the status in the line behind it.
fn run(curl: Program) -> (String, u16) {
    let output = curl.run(PATIENCE);
    let (body, end) = output.trim_end().rsplit_once('\n').unwrap();
    (body.to_owned(), end.split(' ').next().unwrap().parse().unwrap())
}

const ENVELOPE: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">HEADER<s:Body>BODY</s:Body></s:Envelope>"#;

/// A call over SOAP 1.1.
fn soap(curl: Program, operation: &str, header: &str) -> Program {
    let body = format!("<{operation} xmlns=\"urn:interop\"><text>hi</text><why>so</why></{operation}>");
    let envelope = ENVELOPE.replace("HEADER", header).replace("BODY", &body);
    curl.args(["-H", "Content-Type: text/xml; charset=utf-8"])
        .args(["-H", &format!("SOAPAction: \"urn:interop/Accounts/{operation}\"")])
        .args(["-d", &envelope])
}

#[test]
fn zeep_reads_the_description_and_calls_over_soap_1_1() {
    zeep_calls("1.1", "text/xml; charset=utf-8");
}

#[test]
fn zeep_calls_over_soap_1_2_with_addressing() {
    zeep_calls("1.2", "application/soap+xml; charset=utf-8");
}

/// Calls each operation, and expects answers of this type.
#[track_caller]
fn zeep_calls(version: &str, content_type: &str) {
    let ok = &*format!("status 200 {content_type}");
    let failed = &*format!("status 500 {content_type}");
    assert_eq!(
        Relayed::start(&[]).zeep(version),
        [
            "wsdl Add,Echo,Fail,Fire,Fired",
            ok,
            "echo h\u{e9} <&> \u{20ac}",
            ok,
            "add 42",
            ok,
            "long True",
            failed,
            "fault refused: too late | too late",
            "status 202 None",
            ok,
            "fired away",
            "done",
        ]
    );
}

#[test]
fn curl_calls_over_soap_and_is_told_the_fault_and_the_202() {
    let relayed = Relayed::start(&[]);
    let (body, status) = run(soap(relayed.curl("/soap11"), "Echo", ""));
    assert!(status == 200 && body.contains("<EchoResult>hi</EchoResult>"), "{status} {body}");
    let (body, status) = run(soap(relayed.curl("/soap11"), "Fail", ""));
    assert!(status == 500 && body.contains("<Why>so</Why>"), "{status} {body}");
    assert_eq!(run(soap(relayed.curl("/soap11"), "Fire", "")), (String::new(), 202));
    let (body, status) = run(relayed.curl("/soap11?wsdl"));
    assert!(status == 200 && body.contains("wsdl:definitions"), "{status} {body}");
    // One after the other, on one connection with the listener (7.3).
    assert_eq!(relayed.host.sessions(), [1, 2, 3, 4]);
}

#[test]
fn curl_speaks_to_a_service_without_soap() {
    let relayed = Relayed::start(&[]);
    let json = r#"{"a":40,"b":2}"#;
    let (body, status) =
        run(relayed.curl("/plain/sum").args(["-H", "content-type: application/json", "-d", json]));
    assert_eq!(status, 201, "{body}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        serde_json::json!({ "sum": 42, "note": "\u{e9}\u{20ac} \"quoted\"" })
    );
    let (body, status) =
        run(relayed.curl("/plain/sum").args(["-H", "Content-Type: application/json", "-d", "{\"a\":"]));
    assert!(status == 400 && body.starts_with("<Error><Code>400</Code>"), "{status} {body}");
    let (head, status) =
        run(relayed.curl("/plain/x%20y?q=%2f&r").args(["-X", "DELETE", "-D", "-", "-H", "X-Probe: 1"]));
    assert_eq!(status, 204);
    assert!(head.to_lowercase().contains("x-seen: delete /plain/x%20y?q=%2f&r 1"), "{head}");
    let (body, status) = run(relayed.curl("/plain/?1000").args(["-o", "-"]));
    assert_eq!((body.len(), status), (1000, 200));
}

#[test]
fn a_hundred_mebibytes_pass_each_way_in_constant_memory() {
    let relayed = Relayed::start(&[]);
    let file = relayed.gateway.directory().join("large");
    let put = |size: u64| {
        File::create(&file).and_then(|file| file.set_len(size)).unwrap();
        let put = relayed.curl("/plain/up").args(["-T", &file.to_string_lossy()]);
        put.args(["-H", "Content-Type: application/octet-stream"])
    };
    let get = |size: u64| relayed.curl(&format!("/plain/down?{size}")).args(["-o", "/dev/null"]);
    // What first transfers allocate for good is not growth.
    put(8 * MIB).run(PATIENCE);
    get(8 * MIB).run(PATIENCE);
    let before = relayed.gateway.memory();
    let mut most = before;
    // SHA-256 of 100 * 2^20 zeros.
    let up =
        format!("{} 20492a4d0d84f8beb1767f6616229f85d44c2827b64bdbfb260ee12fa1109e0e\n200 74\n", 100 * MIB);
    for (transfer, expected) in [(put(100 * MIB), up), (get(100 * MIB), format!("\n200 {}\n", 100 * MIB))] {
        let mut running = transfer.start();
        let status = running.wait_watching(PATIENCE, || most = most.max(relayed.gateway.memory()));
        assert_eq!(status, Some(0), "{}\n{}", running.output(), running.errors());
        assert_eq!(running.output(), expected);
    }
    println!("gateway memory: {} KiB before, {} KiB more at most", before >> 10, (most - before) >> 10);
    assert!(most - before < 16 * MIB, "{} bytes more", most - before);
}

#[test]
fn a_token_is_looked_for_where_clients_put_it() {
    let relayed = Relayed::start(&[]);
    let token = relayed.token();
    let in_header = |name: &str| relayed.anonymous("/soap11").args(["-H", &format!("{name}: {token}")]);
    assert_eq!(run(soap(in_header("ServiceBusAuthorization"), "Echo", "")).1, 200);
    assert_eq!(run(soap(in_header("Authorization"), "Echo", "")).1, 200);
    let in_query = relayed.anonymous(&format!("/soap11?sb-hc-token={}", encode(&token)));
    assert_eq!(run(soap(in_query, "Echo", "")).1, 200);
    let inside = |token: &str| {
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, token);
        format!(
            "<s:Header><RelayAccessToken xmlns=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\"><t:BinarySecurityToken xmlns:t=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" ValueType=\"http://schemas.xmlsoap.org/ws/2009/11/swt-token-profile-1.0\">{encoded}</t:BinarySecurityToken></RelayAccessToken></s:Header>"
        )
    };
    let (body, status) = run(soap(relayed.anonymous("/soap11"), "Echo", &inside(&token)));
    assert_eq!(status, 200, "{body}");
    let wrong = Token::for_path(PATH).policy("send").key("d3Jvbmc=").to_string();
    for (curl, code) in [
        (soap(relayed.anonymous("/soap11"), "Echo", &inside(&wrong)), "40103"),
        (soap(relayed.anonymous("/soap11"), "Echo", ""), "40102"),
        (relayed.anonymous("/plain/x"), "40102"),
    ] {
        let (body, status) = run(curl);
        assert!(status == 401 && body.contains(code), "{status} {body}");
    }
    // What was refused reached nobody.
    assert_eq!(relayed.host.sessions(), [1, 2, 3, 4]);
}

#[test]
fn what_the_listener_asks_of_its_senders_is_kept() {
    let anonymous = Relayed::with(
        Config::new().namespace("dynamic_relays = \"anonymous\""),
        &["--anonymous-senders", "--clear-senders"],
    );
    let clear = |relayed: &Relayed| {
        let address = format!("http://localhost:{}/{PATH}/plain/?3", relayed.gateway.port("http"));
        Program::new(interop_tests::curl()).args(["--silent", "--write-out", "\n%{http_code}\n", &address])
    };
    assert_eq!(run(clear(&anonymous)).1, 200);
    drop(anonymous);
    let strict = Relayed::start(&[]);
    let token = strict.token();
    let (body, status) = run(clear(&strict).args(["-H", &format!("ServiceBusAuthorization: {token}")]));
    assert!(status == 403 && body.contains("40101"), "{status} {body}");
}

#[test]
fn senders_are_told_that_nobody_listens() {
    let relayed = Relayed::start(&[]);
    let Relayed { gateway, host, mut _listener } = relayed;
    _listener.stop();
    let relayed = Relayed { gateway, host, _listener };
    let gone = || run(soap(relayed.curl("/soap11"), "Echo", ""));
    wait_until("the relay goes with its listener", || gone().1 == 404);
    let (body, _) = gone();
    assert!(body.contains("EndpointNotFound") && body.contains("TrackingId:"), "{body}");
}

#[test]
fn public_relays_are_listed_at_the_root() {
    let relayed = Relayed::start(&["--title", "Accounts & more"]);
    let (body, status) = run(curl_at(&relayed.gateway, "/"));
    assert_eq!(status, 200);
    assert!(body.contains("<title>Publicly Listed Services</title>"), "{body}");
    let port = relayed.gateway.port("https");
    assert!(body.contains("<title>Accounts &amp; more</title>"), "{body}");
    assert!(body.contains(&format!("href=\"https://localhost:{port}/{PATH}/\"")), "{body}");
    let (parent, status) = run(curl_at(&relayed.gateway, "/mono"));
    assert!(status == 200 && parent.contains("Accounts &amp; more"), "{parent}");
    let quiet = Gateway::new();
    let (body, status) = run(curl_at(&quiet, "/"));
    assert!(status == 200 && !body.contains("<entry>"), "{body}");
}

#[test]
fn a_connector_serves_the_same_relay_alone_and_beside_the_listener() {
    let config = Config::new().relay(&format!("path = \"{PATH}\"\nkind = \"wcf\"\nwcf_type = \"Http\"\n"));
    let gateway = shim_gateway(config);
    let _connector = Connector::listen(&gateway, PATH, "echo");
    let header = format!("ServiceBusAuthorization: {}", gateway.send_token(PATH));
    let put = || {
        let curl = curl_at(&gateway, &format!("/{PATH}/plain/up")).args(["-X", "PUT", "-H", &header]);
        run(curl.args(["-H", "Content-Type: text/plain", "-d", "hello"]))
    };
    assert_eq!(put(), ("hello".to_owned(), 200));
    let (body, status) = run(curl_at(&gateway, &format!("/{PATH}/plain/up")).args(["-d", "hello"]));
    assert!(status == 401 && body.starts_with("<Error><Code>401</Code>"), "{status} {body}");

    let host = HttpHost::start(PATH);
    let _listener =
        RelayListener::before(&gateway, PATH, host.port, &["--type", "RelayedHttp", "--declared"]);
    // One of the two is drawn for each request.
    let (mut echoed, mut measured) = (0, 0);
    wait_until("both answer", || {
        let (body, status) = put();
        assert_eq!(status, 200, "{body}");
        match body.as_str() {
            "hello" => echoed += 1,
            "5 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" => measured += 1,
            other => panic!("{other}"),
        }
        echoed > 0 && measured > 0
    });
}

#[test]
fn many_at_once_are_answered_each_with_its_own_and_few_connections_are_kept() {
    let relayed = Relayed::start(&[]);
    let file = relayed.gateway.directory().join("numbers");
    std::fs::create_dir(&file).unwrap();
    let url = format!("https://localhost:{}/{PATH}/plain/?[1001-1040]", relayed.gateway.port("https"));
    let sizes = Program::new(interop_tests::curl())
        .args(["--silent", "--parallel", "--parallel-max", "20", "--cacert"])
        .args([relayed.gateway.authority()])
        .args(["-H", &format!("ServiceBusAuthorization: {}", relayed.token())])
        .args(["-o", &file.join("#1").to_string_lossy(), &url]);
    sizes.run(PATIENCE);
    for number in 1001..=1040 {
        assert_eq!(std::fs::metadata(file.join(number.to_string())).unwrap().len(), number);
    }
    let sessions = relayed.host.sessions();
    assert_eq!(sessions.len(), 40);
    // One connection is kept at a time: most had a new one, some a used one.
    assert!(sessions.iter().filter(|number| **number == 1).count() > 1, "{sessions:?}");
}

#[test]
fn a_sender_that_leaves_takes_its_request_with_it_and_the_next_is_answered() {
    let relayed = Relayed::start(&[]);
    let file = relayed.gateway.directory().join("large");
    File::create(&file).and_then(|file| file.set_len(1 << 30)).unwrap();
    let put = relayed.curl("/plain/up").args(["-T", &file.to_string_lossy(), "--limit-rate", "4M"]);
    let mut running = put.args(["-H", "Content-Type: application/octet-stream"]).start();
    wait_until("the listener has the request", || !relayed.host.sessions().is_empty());
    running.kill();
    let mut host = relayed.host;
    host.running.line_starting("broken ", PATIENCE);
    let relayed = Relayed { host, ..relayed };
    assert_eq!(run(soap(relayed.curl("/soap11"), "Echo", "")).1, 200);
    assert_eq!(relayed.host.sessions(), [1, 1]);
}

#[test]
fn a_kept_connection_that_its_listener_ended_costs_no_request() {
    let config = Config::new().timeout("binding_kept", "20s");
    let relayed = Relayed::with(config, &[]);
    assert_eq!(run(soap(relayed.curl("/soap11"), "Echo", "")).1, 200);
    // The service goes and comes again: what was kept leads nowhere now.
    let Relayed { gateway, host, _listener } = relayed;
    let port = host.port;
    drop(host);
    let host = HttpHost::at(PATH, port);
    let relayed = Relayed { gateway, host, _listener };
    assert_eq!(run(soap(relayed.curl("/soap11"), "Echo", "")).1, 200);
    assert_eq!(relayed.host.sessions(), [1]);
}

#[test]
fn xml_that_is_no_soap_reaches_a_service_as_the_relay_says() {
    for (xml_body, length) in [("octets", "35"), ("element", "63")] {
        let relay =
            format!("path = \"{PATH}\"\nkind = \"wcf\"\nwcf_type = \"Http\"\nxml_body = \"{xml_body}\"\n");
        let relayed = Relayed::with(Config::new().relay(&relay), &["--declared"]);
        let put = relayed.curl("/plain/up").args(["-X", "PUT", "-H", "Content-Type: application/xml"]);
        let (body, status) = run(put.args(["-d", "<!-- a --><order id='1'>two</order>"]));
        assert_eq!(status, 200, "{body}");
        // Octets as they came; of an element what Mono writes of it, with a declaration and without the comment.
        assert_eq!(body.split(' ').next(), Some(length), "{xml_body}: {body}");
    }
}
