//! `viaduct record` between programs that others wrote, and `viaduct replay` in the place of either of them: Mono's WCF, curl and Python's HTTP server,
//! Python's `websockets` at the gateway.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use interop_tests::{
    Gateway, MonoService, Program, Running, curl, mono, output_dir, python, python_script, repository,
    run_mono_client, viaduct,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Long enough for Mono, which takes 5 s to close a duplex channel.
const PATIENCE: Duration = Duration::from_secs(90);

/// A tee that listens; ends with the value.
struct Tee {
    running: Running,
    folder: PathBuf,
    /// `127.0.0.1:40123`.
    address: String,
}

impl Tee {
    fn start(folder: &Path, to: &str, more: &[&str]) -> Self {
        let mut running = Program::new(viaduct())
            .args([Path::new("record"), folder])
            .args(["--listen", "tcp://127.0.0.1:0", "--to", to])
            .args(more.iter().copied())
            .start();
        let line = running.line_starting("recording ", PATIENCE);
        let address = line.split(' ').nth(1).unwrap().to_owned();
        Self { running, folder: folder.to_owned(), address }
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    /// Ends it as Ctrl-C does; its `meta.json`.
    fn stop(mut self) -> Value {
        let id = i32::try_from(self.running.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::INT).unwrap();
        self.end()
    }

    /// Waits for its end; its `meta.json`.
    fn end(&mut self) -> Value {
        assert_eq!(self.running.wait(PATIENCE), Some(0), "{}", self.running.errors());
        serde_json::from_slice(&fs::read(self.folder.join("meta.json")).unwrap()).unwrap()
    }
}

/// Plays the client of a recording against a service; what it says of each connection.
fn play_client(folder: &Path, to: &str, more: &[&str]) -> String {
    Program::new(viaduct())
        .args([Path::new("replay"), folder])
        .args(["--as", "client", "--to", to])
        .args(more.iter().copied())
        .run(PATIENCE)
}

/// Plays the service of a recording at an address.
fn play_service(folder: &Path, address: &str, more: &[&str]) -> Running {
    let listen = format!("tcp://{address}");
    let mut running = Program::new(viaduct())
        .args([Path::new("replay"), folder])
        .args(["--as", "service", "--listen", &listen])
        .args(more.iter().copied())
        .start();
    running.line_starting("playing the service at ", PATIENCE);
    running
}

fn records<'m>(meta: &'m Value, direction: &str) -> Vec<&'m str> {
    let records = meta["streams"][0]["framing"][direction]["records"].as_array().expect("records");
    records.iter().map(|record| record[0].as_str().unwrap()).collect()
}

#[test]
fn mono_is_recorded_and_played_back_against_its_own_client_and_service() {
    for (check, service, calls) in [("request-reply", "probe", 3), ("duplex", "duplex", 2)] {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join(check);
        let mut live = MonoService::start(service, "binary");
        let mut tee = Tee::start(&folder, &live.address, &["--max-connections", "1"]);
        let via = format!("net.tcp://localhost:{}/{service}", tee.port());
        let said = run_mono_client(&[check, &live.address, &via]);
        assert_eq!(said.last().unwrap(), "done");
        let meta = tee.end();
        assert_eq!(records(&meta, "i2r")[..5], ["version", "mode", "via", "known-encoding", "preamble-end"]);
        assert!(records(&meta, "i2r").iter().filter(|record| **record == "sized-envelope").count() >= calls);
        assert_eq!(meta["streams"][0]["framing"]["i2r"]["records"][2][1], via);

        // Not the duplex one: Mono's service calls back with the port of the client's connection in To, which is another one each time.
        if check == "request-reply" {
            let to = format!("tcp://127.0.0.1:{}", live.port);
            assert!(play_client(&folder, &to, &[]).starts_with("conn01 as recorded"));
        }
        live.running.kill();

        // The client's ids are new ones, and it takes an answer only with them.
        let mut played = play_service(&folder, &tee.address, &["--ignore-ids"]);
        assert_eq!(run_mono_client(&[check, &live.address, &via]), said);
        assert_eq!(played.wait(PATIENCE), Some(0), "{}", played.errors());
    }
}

#[test]
fn a_mono_client_that_asks_something_else_is_found_out() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("one-way");
    let live = MonoService::start("probe", "binary");
    let mut tee = Tee::start(&folder, &live.address, &["--max-connections", "1"]);
    let via = format!("net.tcp://localhost:{}/probe", tee.port());
    run_mono_client(&["request-reply", &live.address, &via]);
    tee.end();

    let mut played = play_service(&folder, &tee.address, &["--ignore-ids"]);
    let mut client = interop_tests::mono_client(&["one-way", &live.address, &via]);
    assert_eq!(played.wait(PATIENCE), Some(1));
    client.kill();
    let said = played.errors();
    assert!(said.starts_with("viaduct: conn01 c2s offset "), "{said}");
    assert!(said.contains("SizedEnvelope, ") && said.contains("expected"), "{said}");
}

#[test]
fn the_recorded_microsoft_client_is_answered_by_mono_as_it_was() {
    let host = output_dir().join("mono/recorded_host.exe");
    fs::create_dir_all(host.parent().unwrap()).unwrap();
    Program::new(mono().with_file_name("mcs"))
        .args([format!("-out:{}", host.display())])
        .args(["-r:System.ServiceModel.dll", "-r:System.Runtime.Serialization.dll"])
        .args(["recorded_host.cs", "binding.cs"])
        .directory(&repository().join("interop-tests/mono"))
        .run(PATIENCE);
    let recording = repository().join("fixtures/nettcp/ms-nettcp-none");
    for (name, expected) in [
        ("conn01", "conn01 as recorded: 1048998 bytes sent, 1048969 came\n"),
        ("conn02", "conn02 as recorded: 459 bytes sent, 555 came\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for file in ["c2s.bin", "s2c.bin", "events.jsonl"].map(|suffix| format!("{name}.{suffix}")) {
            fs::copy(recording.join(&file), folder.path().join(&file)).unwrap();
        }
        // The port that To has in the recorded envelopes: a service checks it. Each connection has a service of its own, because Mono's now and then
        // answers nobody any more after a client that left without End.
        let mut service = Program::new(mono()).args([host.to_str().unwrap(), "24004"]).start();
        assert_eq!(service.line(PATIENCE), "ready");
        let via = ["--via", "net.tcp://localhost:24004/probe"];
        assert_eq!(play_client(folder.path(), "net.tcp://127.0.0.1:24004", &via), expected);
    }
}

#[test]
fn curl_and_an_http_server_are_recorded_and_played_back() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("served")).unwrap();
    fs::write(directory.path().join("served/page"), "what is served").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut server = Program::new(python())
        .args(["-u", "-m", "http.server", &port, "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"])
        .directory(&directory.path().join("served"))
        .start();
    server.line_starting("Serving HTTP", PATIENCE);

    let folder = directory.path().join("recording");
    let mut tee = Tee::start(&folder, &format!("http://127.0.0.1:{port}"), &["--max-connections", "1"]);
    let ask = |address: &str, password: &str| {
        Program::new(curl())
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--user",
                password,
                "--cookie",
                "id=hunter2",
            ])
            .args([format!("http://{address}/page"), format!("http://{address}/nothing")])
            .run(PATIENCE)
    };
    let said = ask(&tee.address, "me:hunter2");
    assert!(said.starts_with("what is served"), "{said}");
    tee.end();
    let sent = fs::read_to_string(folder.join("conn01.c2s.bin")).unwrap();
    assert!(sent.contains("GET /page HTTP/1.1\r\n") && sent.contains("GET /nothing HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("Authorization: AAAA") && sent.contains("Cookie: AAAAAAAAAA\r\n"), "{sent}");

    let to = format!("http://127.0.0.1:{port}");
    assert!(play_client(&folder, &to, &["--ignore-ids"]).starts_with("conn01 as recorded"));
    let mut played = play_service(&folder, &tee.address, &[]);
    // Another password of the same length is no difference: it was not recorded.
    assert_eq!(ask(&tee.address, "me:hunter3"), said);
    assert_eq!(played.wait(PATIENCE), Some(0), "{}", played.errors());
}

#[test]
fn hybrid_connections_are_recorded_through_tls_and_no_token_is_in_the_files() {
    let gateway = Gateway::new();
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("hybrid");
    let authority = gateway.authority().to_string_lossy().into_owned();
    let to = format!("https://localhost:{}", gateway.port("https"));
    let tee = Tee::start(&folder, &to, &["--ca", &authority]);

    // Listener and senders go through the tee: the gateway tells listeners to dial what they dialled.
    let output = python_script(&gateway, "connect_without_action.py")
        .env("RELAY_PORT", tee.port())
        .env("RELAY_CA", &folder.join("ca.pem").to_string_lossy())
        .run(PATIENCE);
    assert!(output.ends_with("ok anonymous\n"), "{output}");
    let meta = tee.stop();

    let streams = meta["streams"].as_array().unwrap();
    assert!(streams.len() >= 10, "listeners, senders, rendezvous: {meta}");
    let (mut heads, mut accepts) = (0, 0);
    for stream in streams {
        let name = stream["name"].as_str().unwrap();
        for (direction, count) in [("c2s", "c2s_bytes"), ("s2c", "s2c_bytes")] {
            let bytes = fs::read(folder.join(format!("{name}.{direction}.bin"))).unwrap();
            assert_eq!(bytes.len() as u64, stream[count].as_u64().unwrap());
            let text = String::from_utf8_lossy(&bytes);
            for secret in ["sig=", "sig%3D", "sig%253D", "skn=", "skn%3D", "RootManage", "SignatureR"] {
                assert!(!text.contains(secret), "{secret} is in {name}.{direction}.bin");
            }
            heads += text.matches("GET /$hc/").count();
            for (_, rest) in
                text.match_indices("sb-hc-rendezvous=").map(|(at, mark)| text.split_at(at + mark.len()))
            {
                assert!(rest.starts_with("AAAAAAAA"), "{name}.{direction}.bin");
                accepts += 1;
            }
        }
    }
    assert_eq!(heads, streams.len(), "every connection is a WebSocket");
    assert!(accepts >= 8, "each rendezvous is told of and used: {accepts}");
}
