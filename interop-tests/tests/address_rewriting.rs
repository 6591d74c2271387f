//! Mono's WCF client knows the relay's address alone, and its service, at another port and path, takes nothing that does not
//! name its own: To is rewritten between them by `viaduct listen --to net.tcp://…` (and `viaduct forward`).
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use interop_tests::{
    Config, Connector, Gateway, MonoService, Program, REQUEST, Readdressed, Running, Service, Wire,
    mono_client, proportional_set_size, relay_address, repository, run_mono_client, sized_record,
    text_envelope, via_record, viaduct,
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
    let relay = relay_address(&gateway);

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
    let world = Readdressed::start(&[]);
    let (_forward, door) = Connector::forward(&world.gateway, "net.tcp://127.0.0.1:0/here", "wcf");
    // By the gateway's own door, and by one of `viaduct forward`.
    for address in [world.relay(), format!("net.tcp://{door}/here")] {
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
fn a_streamed_gibibyte_passes_in_constant_memory() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 1 << 10;
    let world = Readdressed::start(&[]);
    let mut sender = world.sender();
    // Mode 1, text.
    sender.send(&[b"\x00\x01\x00\x01\x01", &via_record(&world.relay())[..], b"\x03\x03\x0c"].concat());
    let mut service = world.service.connection();
    service.receive(5 + via_record(&world.to).len() + 3);
    service.send(ACK);
    assert_eq!(sender.receive(1), ACK);
    let before = proportional_set_size(world.connector.running.id());

    let (head, tail) = (text_envelope(&world.relay(), REQUEST, ""), "</s:Body></s:Envelope>");
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

    (run_mono_client(&[check, &relay_address(&gateway), "-", binding]), service.running)
}
