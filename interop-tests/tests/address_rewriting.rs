//! Mono's WCF client knows the relay's address alone, and its service, at another port and path, takes nothing that does not
//! name its own: To is rewritten between them by `viaduct listen --to net.tcp://…` (and `viaduct forward`).
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use interop_tests::{
    Config, Connector, Gateway, MonoService, Program, Running, Service, Wire, mono_client, preamble,
    preamble_start, proportional_set_size, repository, run_mono_client, sized_record, via_record, viaduct,
    wait_until,
};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn buffered_binary_with_a_session_dictionary() {
    assert_eq!(call("request-reply", "probe", "binary").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn streamed_binary() {
    assert_eq!(
        call("one-call-each", "probe", "streamed").0,
        ["ok echo", "ok add", "ok 1 MiB came back", "done"]
    );
}

#[test]
fn text_of_soap_11() {
    assert_eq!(call("request-reply", "probe", "text11").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn text_in_utf_16() {
    assert_eq!(call("request-reply", "probe", "utf16").0, ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn a_session_of_20_calls() {
    let (lines, _) = call("session", "session", "binary");
    assert_eq!(lines.len(), 22, "{lines:?}");
    assert_eq!(lines.last().unwrap(), "done");
}

#[test]
fn duplex_callbacks() {
    assert_eq!(
        call("duplex", "duplex", "binary").0,
        ["ok three notices came", "ok in order", "ok the service asked back", "done"]
    );
}

#[test]
fn one_way_calls_arrive_once_each_and_in_order() {
    let (lines, mut service) = call("one-way", "probe", "binary");

    assert_eq!(lines, ["ok five shots arrived once each", "done"]);
    for shot in 0..5 {
        assert_eq!(service.line(PATIENCE), format!("fired shot {shot}"));
    }
}

#[test]
fn a_message_of_1_mib_both_ways() {
    assert_eq!(call("blob", "probe", "binary").0, ["ok 1 MiB came back", "done"]);
}

#[test]
fn without_rewriting_the_same_service_answers_its_own_address_alone() {
    // A stream of bytes, so that To is what the client writes.
    let gateway = Gateway::new();
    let service = MonoService::start("probe", "binary");
    let _connector = Connector::listen(&gateway, "wcf", &format!("tcp://localhost:{}", service.port));
    let relay = relay(&gateway);

    assert_eq!(
        run_mono_client(&["request-reply", &service.address, &relay]),
        ["ok echo", "ok add", "ok empty", "done"]
    );
    let mut client = mono_client(&["request-reply", &relay]);
    assert_eq!(client.wait(PATIENCE), Some(1), "{}", client.output());
    assert!(client.output().starts_with("failed: "), "{}", client.output());
}

#[test]
fn a_client_that_knows_the_local_door_alone() {
    let gateway = Gateway::new();
    let service = MonoService::start("probe", "binary");
    let _listen = Connector::listen(&gateway, "wcf", &service.address);
    let (_forward, door) = Connector::forward(&gateway, "net.tcp://127.0.0.1:0/here", "wcf");

    let address = format!("net.tcp://{door}/here");
    assert_eq!(run_mono_client(&["request-reply", &address]), ["ok echo", "ok add", "ok empty", "done"]);
}

#[test]
fn recorded_microsoft_sessions_say_the_same_but_for_to() {
    // The recordings name the path `probe`.
    let relay =
        "path = \"probe\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\nrequires_client_authorization = false\n";
    let gateway = Gateway::start(Config::new().relay(relay));
    let service = Service::start();
    // Another path and port, and longer than the recorded ones.
    let to = format!("net.tcp://localhost:{}/a/path/that/is/longer/Service.svc", service.port());
    let _connector = Connector::listen(&gateway, "probe", &to);

    for (scenario, due) in [("ms-nettcp-none", 7), ("ms-nettcp-streamed-echo", 5)] {
        let mut rewritten = 0;
        for file in fs::read_dir(repository().join("fixtures/nettcp").join(scenario)).unwrap() {
            let file = file.unwrap().path();
            if !file.to_string_lossy().ends_with(".c2s.bin") {
                continue;
            }
            let recorded = inspect(&file);
            let address = to_of(&recorded[0]).expect("an address").to_owned();
            let arrived = play(&gateway, &service, &fs::read(&file).unwrap(), &to);

            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("arrived.c2s.bin");
            fs::write(&copy, arrived).unwrap();
            let arrived = inspect(&copy);
            assert_eq!(arrived.len(), recorded.len(), "{}", file.display());
            for (arrived, recorded) in arrived.iter().zip(&recorded) {
                assert_eq!(to_of(arrived), Some(&*to), "{}", file.display());
                assert_eq!(*arrived, recorded.replacen(&format!(">{address}<"), &format!(">{to}<"), 1));
                rewritten += 1;
            }
        }
        assert_eq!(rewritten, due, "{scenario}: envelopes");
    }
}

#[test]
fn a_second_session_on_the_same_connection_is_rewritten_too() {
    let world = World::new(&[]);
    let (_forward, door) = Connector::forward(&world.gateway, "net.tcp://127.0.0.1:0/here", "wcf");
    // By the gateway's own door, and by one of `viaduct forward`.
    for address in [relay(&world.gateway), format!("net.tcp://{door}/here")] {
        let mut sender = Wire::tcp(
            address["net.tcp://".len()..]
                .split_once('/')
                .unwrap()
                .0
                .replace("localhost", "127.0.0.1")
                .parse()
                .unwrap(),
        );
        for suffix in ["", "/v2"] {
            let to = format!("{address}{suffix}");
            let mut service = world.begin(&mut sender, &to, suffix);
            sender.send(&sized_record(&text_envelope(&to, REQUEST, "")));
            let expected = sized_record(&text_envelope(&format!("{}{suffix}", world.to), REQUEST, ""));
            assert_eq!(service.receive(expected.len()), expected, "{to}");
            sender.send(END);
            assert_eq!(service.receive(1), END);
            service.send(END);
            assert_eq!(sender.receive(1), END);
        }
    }
}

#[test]
fn a_to_outside_the_path_is_refused_in_the_words_of_a_service() {
    let world = World::new(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");

    sender.send(&sized_record(&text_envelope("net.tcp://localhost/elsewhere", REQUEST, "")));

    let answer = String::from_utf8_lossy(&sender.receive_to_end()).into_owned();
    assert!(answer.contains("DestinationUnreachable"), "{answer}");
    assert!(answer.contains("to is outside the path of the service"), "{answer}");
    assert!(answer.contains("urn:uuid:7</a:RelatesTo>") && answer.ends_with('\u{7}'), "{answer}");
    assert_eq!(service.receive_to_end(), b"", "the service sees nothing of it");
    world.assert_logged("the session was ended: to is outside the path of the service");
}

#[test]
fn a_one_way_message_outside_the_path_is_refused_by_a_framing_fault() {
    let world = World::new(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");

    sender.send(&sized_record(&text_envelope("net.tcp://localhost/elsewhere", "", "")));

    assert_eq!(sender.receive_to_end(), interop_tests::fault_record("EndpointNotFound"));
    assert_eq!(service.receive_to_end(), b"");
}

#[test]
fn any_to_passes_on_what_is_neither() {
    let world = World::new(&["--any-to"]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");

    let elsewhere = sized_record(&text_envelope("net.tcp://localhost/elsewhere", REQUEST, ""));
    sender.send(&elsewhere);
    assert_eq!(service.receive(elsewhere.len()), elsewhere);
    // What is below the relay is rewritten all the same.
    sender.send(&sized_record(&text_envelope(&relay(&world.gateway), REQUEST, "")));
    let expected = sized_record(&text_envelope(&world.to, REQUEST, ""));
    assert_eq!(service.receive(expected.len()), expected);
}

#[test]
fn a_signed_to_is_refused_and_says_what_to_do() {
    let world = World::new(&[]);
    let signature = "<w:Security><d:Signature><d:SignedInfo><d:Reference URI='#to'/></d:SignedInfo></d:Signature></w:Security>";
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");

    sender.send(&sized_record(&text_envelope(&relay(&world.gateway), REQUEST, signature)));

    let answer = String::from_utf8_lossy(&sender.receive_to_end()).into_owned();
    let words = "to is signed and cannot be rewritten: give both sides one address, or use a via";
    assert!(answer.contains("s:Sender") && answer.contains(words), "{answer}");
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged(words);

    // One that need not change is the service's own matter.
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");
    let signed = sized_record(&text_envelope(&world.to, REQUEST, signature));
    sender.send(&signed);
    assert_eq!(service.receive(signed.len()), signed);
}

#[test]
fn headers_that_are_too_large_are_refused() {
    let world = World::new(&[]);
    let mut sender = world.sender();
    let mut service = world.begin(&mut sender, &relay(&world.gateway), "");

    let padding = format!("<x>{}</x>", "x".repeat(256 << 10));
    sender.send(&sized_record(&text_envelope(&relay(&world.gateway), REQUEST, &padding)));

    assert_eq!(sender.receive_to_end(), interop_tests::fault_record("MaxMessageSizeExceededFault"));
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged("headers exceed the limit of 262144 bytes");
}

#[test]
fn a_buffered_binary_envelope_that_is_too_large_is_refused_by_its_size() {
    let world = World::new(&[]);
    let mut sender = world.sender();
    sender.send(&preamble(&relay(&world.gateway)));
    let mut service = world.service.connection();
    service.receive(preamble(&world.to).len());
    service.send(ACK);
    assert_eq!(sender.receive(1), ACK);

    // 16 MiB and one byte; the envelope itself never comes.
    sender.send(b"\x06\x81\x80\x80\x08");

    assert_eq!(sender.receive_to_end(), interop_tests::fault_record("MaxMessageSizeExceededFault"));
    assert_eq!(service.receive_to_end(), b"");
    world.assert_logged("envelope of 16777217 bytes exceeds the limit of 16777216 bytes");
}

#[test]
fn after_an_upgrade_everything_passes_and_the_log_says_so_once() {
    let world = World::new(&[]);
    let upgrade = b"\x09\x13application/ssl-tls";
    for _ in 0..2 {
        let mut sender = world.sender();
        sender.send(&[&preamble_start(&relay(&world.gateway))[..], upgrade].concat());
        let mut service = world.service.connection();
        let expected = [&preamble_start(&world.to)[..], upgrade].concat();
        assert_eq!(service.receive(expected.len()), expected);
        service.send(b"\x0a");
        assert_eq!(sender.receive(1), b"\x0a");
        // A TLS record by its head.
        sender.send(b"\x16\x03\x01\x00\x05hello");
        assert_eq!(service.receive(10), b"\x16\x03\x01\x00\x05hello");
    }
    let log = world.connector.running.errors();
    assert_eq!(log.matches("to is not rewritten").count(), 1, "{log}");
    assert!(log.contains("encrypted between client and service"), "{log}");
}

#[test]
fn a_streamed_gibibyte_passes_in_constant_memory() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 1 << 10;
    let world = World::new(&[]);
    let mut sender = world.sender();
    // Mode 1, text.
    sender
        .send(&[b"\x00\x01\x00\x01\x01", &via_record(&relay(&world.gateway))[..], b"\x03\x03\x0c"].concat());
    let mut service = world.service.connection();
    service.receive(5 + via_record(&world.to).len() + 3);
    service.send(ACK);
    assert_eq!(sender.receive(1), ACK);
    let before = proportional_set_size(world.connector.running.id());

    let (head, tail) = (text_envelope(&relay(&world.gateway), REQUEST, ""), "</s:Body></s:Envelope>");
    let head = head[..head.len() - tail.len()].to_vec();
    let sending = std::thread::spawn(move || {
        sender.send(&[b"\x05", &sized_record(&head)[1..]].concat());
        let body = [&sized_record(&[b'x'; CHUNK])[1..]].concat();
        for _ in 0..CHUNKS {
            sender.send(&body);
        }
        sender.send(&[&sized_record(tail.as_bytes())[1..], b"\x00\x07"].concat());
        sender
    });
    let (mut most, mut envelope, mut bytes) = (before, Vec::new(), 0_usize);
    assert_eq!(service.receive(1), b"\x05");
    loop {
        let size = chunk_size(&mut service);
        if size == 0 {
            break;
        }
        let chunk = service.receive(size);
        bytes += size;
        if envelope.len() < 4096 || size < 4096 {
            envelope.extend_from_slice(&chunk[..size.min(4096)]);
        }
        most = most.max(proportional_set_size(world.connector.running.id()));
    }
    assert_eq!(service.receive(1), END);
    sending.join().unwrap();

    let expected = text_envelope(&world.to, REQUEST, "");
    assert!(
        envelope.starts_with(&expected[..expected.len() - tail.len()]),
        "{}",
        String::from_utf8_lossy(&envelope)
    );
    assert!(envelope.ends_with(tail.as_bytes()));
    assert_eq!(bytes, expected.len() + CHUNK * CHUNKS);
    println!("connector: {} KiB before, {} KiB more at most", before >> 10, (most - before) >> 10);
    assert!(most - before < 8 << 20, "{} bytes more", most - before);
}

const ACK: &[u8] = b"\x0b";
const END: &[u8] = b"\x07";

/// What a message has that wants a reply.
const REQUEST: &str = "<a:MessageID>urn:uuid:7</a:MessageID>";

/// SOAP 1.2 in text.
fn text_envelope(to: &str, id: &str, more: &str) -> Vec<u8> {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
         xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" \
         xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><s:Header><a:Action>urn:a</a:Action>{id}{more}\
         <a:To u:Id='to'>{to}</a:To></s:Header><s:Body></s:Body></s:Envelope>"
    )
    .into_bytes()
}

/// A gateway, a connector of `wcf`, and a raw service at another path and port.
struct World {
    gateway: Gateway,
    service: Service,
    connector: Connector,
    /// The service's address.
    to: String,
}

impl World {
    fn new(more: &[&str]) -> Self {
        let (gateway, service) = (Gateway::new(), Service::start());
        let to = format!("net.tcp://localhost:{}/legacy/Service.svc", service.port());
        let connector = Connector::listen_with(&gateway, "wcf", &to, more);
        Self { gateway, service, connector, to }
    }

    fn sender(&self) -> Wire {
        Wire::tcp(self.gateway.door("net_tcp"))
    }

    /// Begins a duplex session of text; the service's end of it.
    fn begin(&self, sender: &mut Wire, via: &str, suffix: &str) -> Wire {
        let text = |via: &str| [b"\x00\x01\x00\x01\x02", &via_record(via)[..], b"\x03\x03\x0c"].concat();
        sender.send(&text(via));
        let mut service = self.service.connection();
        let expected = text(&format!("{}{suffix}", self.to));
        assert_eq!(service.receive(expected.len()), expected);
        service.send(ACK);
        assert_eq!(sender.receive(1), ACK);
        service
    }

    fn assert_logged(&self, words: &str) {
        wait_until(words, || self.connector.running.errors().contains(words));
    }
}

/// The size of the next chunk.
fn chunk_size(service: &mut Wire) -> usize {
    let (mut size, mut shift) = (0, 0);
    loop {
        let byte = service.receive(1)[0];
        size |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return size;
        }
    }
}

/// The envelopes of the first session in a recorded stream, as text that is the same for the same infoset.
fn inspect(stream: &Path) -> Vec<String> {
    let json = Program::new(viaduct())
        .args(["inspect", "--format", "json", &stream.to_string_lossy()])
        .run(PATIENCE);
    let records = json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut sessions = 0;
    records
        .take_while(|record| {
            sessions += usize::from(record["record"][0] == "version");
            sessions < 2
        })
        .filter_map(|record| record["envelope"].as_str().map(ToOwned::to_owned))
        .collect()
}

fn to_of(envelope: &str) -> Option<&str> {
    let (_, behind) = envelope.split_once("<a:To ")?;
    behind.split_once('>')?.1.split_once('<').map(|(to, _)| to)
}

/// Plays the first session of a recorded initiator with the address of the relay `probe` in its Via: what arrives.
fn play(gateway: &Gateway, service: &Service, recorded: &[u8], to: &str) -> Vec<u8> {
    let via_end = 7 + usize::from(recorded[6]);
    let end = recorded[via_end..].windows(4).position(|bytes| bytes == b"\x00\x01\x00\x01");
    let session = &recorded[..end.map_or(recorded.len(), |end| via_end + end)];
    // Version and mode; Via; encoding and the end of the preamble; the rest.
    let mut sender = Wire::tcp(gateway.door("net_tcp"));
    let via = via_record(&format!("net.tcp://localhost:{}/probe", gateway.port("net_tcp")));
    sender.send(&[&session[..5], &via, &session[via_end..via_end + 3]].concat());
    let mut connection = service.connection();
    let start = [&session[..5], &via_record(to), &session[via_end..via_end + 3]].concat();
    assert_eq!(connection.receive(start.len()), start);
    connection.send(ACK);
    assert_eq!(sender.receive(1), ACK);
    sender.send(&session[via_end + 3..]);
    sender.finish();
    [start, connection.receive_to_end()].concat()
}

/// Runs one check of the client, which knows the relay alone: what it said, and the service.
fn call(check: &str, service: &str, binding: &str) -> (Vec<String>, Running) {
    let gateway = Gateway::new();
    let service = MonoService::start(service, binding);
    let _connector = Connector::listen(&gateway, "wcf", &service.address);

    (run_mono_client(&[check, &relay(&gateway), "-", binding]), service.running)
}

/// What the client takes for the service's address: neither port nor path are.
fn relay(gateway: &Gateway) -> String {
    format!("net.tcp://localhost:{}/wcf", gateway.port("net_tcp"))
}
