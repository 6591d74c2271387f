//! `viaduct record` and `viaduct replay`, between sockets of the test.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use viaduct::inspect::Direction;
use viaduct::inspect::scrub::{Protocol, Scrubber};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viaduct"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A command that has said where it listens.
struct Listening {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Listening {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let Some(at) = line.find("127.0.0.1:") else {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("{args:?} listens nowhere: {line}{errors}");
        };
        let end = line[at..].find([' ', '"', '\n']).unwrap();
        let address = line[at..at + end].trim_end_matches(':').to_owned();
        Self { child, out, address }
    }

    fn record(folder: &Path, to: &str, more: &[&str]) -> Self {
        let folder = folder.to_str().unwrap();
        Self::start(&[&["record", folder, "--listen", "tcp://127.0.0.1:0", "--to", to], more].concat())
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Waits for its end: its status, the rest of what it printed, and what it complained about.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut errors) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), out, errors)
    }

    fn terminate(&self) {
        let id = i32::try_from(self.child.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }
}

fn service() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn accepted(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn receive(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn replay(folder: &Path, more: &[&str]) -> Output {
    command(&[&["replay", folder.to_str().unwrap()], more].concat()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn meta(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("meta.json")).unwrap()).unwrap()
}

/// Every recorded connection of the fixtures that can be played: its folder.
fn playable() -> Vec<PathBuf> {
    let folders = ["nettcp", "http"].iter().flat_map(|kind| fs::read_dir(fixtures().join(kind)).unwrap());
    let mut folders: Vec<PathBuf> =
        folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn every_recording_played_by_both_sides_at_once_is_as_recorded() {
    let folders = playable();
    assert!(folders.len() >= 60, "{}", folders.len());
    for folder in folders {
        let service = Listening::start(&[
            "replay",
            folder.to_str().unwrap(),
            "--as",
            "service",
            "--listen",
            "tcp://127.0.0.1:0",
        ]);
        let to = format!("tcp://{}", service.address);
        let client = replay(&folder, &["--as", "client", "--to", &to]);
        assert_eq!(client.status.code(), Some(0), "{}: {client:?}", folder.display());
        let (status, out, errors) = service.end();
        assert_eq!(status, Some(0), "{}: {out}{errors}", folder.display());
        assert!(out.contains(" as recorded: "), "{out}");
    }
}

#[test]
fn a_recording_of_a_played_recording_is_the_recording() {
    for name in [
        "mono-nettcp-none-add",
        "mono-nettcp-duplex-askback",
        "mono-nettcp-streamed-echo-echo",
        "ms-nettcp-none",
    ] {
        let original = fixtures().join("nettcp").join(name);
        let folder = TempDir::new().unwrap();
        let folder = folder.path().join("again");
        let connections = meta(&original)["streams"].as_array().unwrap().len().to_string();
        let service = Listening::start(&[
            "replay",
            original.to_str().unwrap(),
            "--as",
            "service",
            "--listen",
            "tcp://127.0.0.1:0",
        ]);
        let tee = Listening::record(
            &folder,
            &format!("net.tcp://{}", service.address),
            &["--max-connections", &connections],
        );
        let to = format!("tcp://{}", tee.address);
        let client = replay(&original, &["--as", "client", "--to", &to]);
        assert_eq!(client.status.code(), Some(0), "{client:?}");
        assert_eq!(service.end().0, Some(0));
        assert_eq!(tee.end().0, Some(0));

        let (again, before) = (meta(&folder), meta(&original));
        for (stream, was) in
            again["streams"].as_array().unwrap().iter().zip(before["streams"].as_array().unwrap())
        {
            for key in ["name", "c2s_bytes", "s2c_bytes", "events", "protocol", "framing"] {
                assert_eq!(stream[key], was[key], "{name} {key}");
            }
            for direction in ["c2s", "s2c"] {
                let file = format!("{}.{direction}.bin", was["name"].as_str().unwrap());
                assert!(
                    fs::read(folder.join(&file)).unwrap() == fs::read(original.join(&file)).unwrap(),
                    "{name} {file}"
                );
            }
        }
        let played = replay(&folder, &["--as", "client", "--to", "tcp://127.0.0.1:1", "--timeout", "1s"]);
        assert_eq!(played.status.code(), Some(1));
        assert!(text(&played.stderr).contains("is not reachable"), "{played:?}");
    }
}

#[test]
fn what_passes_is_not_changed_half_closes_are_carried_over_and_no_secret_is_written() {
    let token = "SharedAccessSignature sr=http%3a%2f%2fh%2fe&sig=c2lnbmF0dXJl%3d&se=1700000000&skn=send";
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("http://{to}"), &["--max-connections", "1"]);
    let mut client = tee.connect();
    let request = format!(
        "GET /?sb-hc-token={} HTTP/1.1\r\nServiceBusAuthorization: {token}\r\n\r\n",
        token.replace('&', "%26").replace(' ', "%20")
    );
    client.write_all(request.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();

    let mut server = accepted(&listener);
    assert_eq!(text(&to_end(&mut server)), request);
    server.write_all(b"HTTP/1.1 200 OK\r\nSet-Cookie: secret=1\r\n\r\nlate").unwrap();
    drop(server);
    assert!(to_end(&mut client).ends_with(b"secret=1\r\n\r\nlate"));

    let (status, out, _) = tee.end();
    assert_eq!(status, Some(0));
    assert!(out.contains("recorded 1 connection"), "{out}");
    let sent = text(&fs::read(folder.path().join("conn01.c2s.bin")).unwrap());
    let answered = text(&fs::read(folder.path().join("conn01.s2c.bin")).unwrap());
    assert_eq!(sent.len(), request.len());
    for secret in ["sig", "c2lnbmF0dXJl", "secret"] {
        assert!(!sent.contains(secret) && !answered.contains(secret), "{sent}{answered}");
    }
    assert!(answered.ends_with("Set-Cookie: AAAAAAAA\r\n\r\nlate"), "{answered}");
    let events = fs::read_to_string(folder.path().join("conn01.events.jsonl")).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let order: Vec<_> =
        events.iter().map(|event| (event["dir"].as_str().unwrap(), event["eof"] == true)).collect();
    let eofs: Vec<_> = order.iter().filter(|(_, eof)| *eof).collect();
    assert_eq!(eofs, [&("c2s", true), &("s2c", true)]);
    assert_eq!(meta(folder.path())["protocol"], "http");
}

#[test]
fn a_recording_that_is_stopped_is_whole() {
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &[]);
    let mut client = tee.connect();
    let sent = b"\0\x01\0\x01\x02\x02\rnet.tcp://h/e\x03\x08\x0c\x06\x03abc";
    client.write_all(sent).unwrap();
    let mut server = accepted(&listener);
    assert_eq!(receive(&mut server, sent.len()), sent);
    server.write_all(b"\x0b").unwrap();
    assert_eq!(receive(&mut client, 1), b"\x0b");
    tee.terminate();
    let (status, out, errors) = tee.end();
    assert_eq!(status, Some(0), "{out}{errors}");
    assert_eq!(fs::read(folder.path().join("conn01.c2s.bin")).unwrap(), sent);
    assert_eq!(fs::read(folder.path().join("conn01.s2c.bin")).unwrap(), b"\x0b");
    let stream = &meta(folder.path())["streams"][0];
    assert!(stream["cut"].is_string(), "{stream}");
    assert_eq!(stream["framing"]["r2i"]["records"][0][0], "preamble-ack");
    assert_eq!(stream["framing"]["i2r"]["end_of_stream"], "tolerated");
}

#[test]
fn limits_end_a_recording() {
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &["--max-bytes", "1KiB"]);
    let mut client = tee.connect();
    let _server = accepted(&listener);
    client.write_all(&[7; 2000]).unwrap();
    assert_eq!(tee.end().0, Some(0));
    assert!(meta(folder.path())["streams"][0]["c2s_bytes"].as_u64().unwrap() >= 1024);

    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &["--duration", "50ms"]);
    assert_eq!(tee.end().0, Some(0));
    assert_eq!(meta(folder.path())["streams"], serde_json::json!([]));
}

#[test]
fn connections_are_recorded_side_by_side() {
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &["--max-connections", "3"]);
    let mut pairs: Vec<(TcpStream, TcpStream)> = Vec::new();
    for number in 0..3u8 {
        let mut client = tee.connect();
        client.write_all(&[number]).unwrap();
        let mut server = accepted(&listener);
        assert_eq!(receive(&mut server, 1), [number]);
        pairs.push((client, server));
    }
    for (number, (client, server)) in pairs.iter_mut().enumerate() {
        server.write_all(&vec![number as u8; 100_000]).unwrap();
        assert_eq!(receive(client, 100_000), vec![number as u8; 100_000]);
    }
    drop(pairs);
    assert_eq!(tee.end().0, Some(0));
    for number in 0..3 {
        let bytes = fs::read(folder.path().join(format!("conn0{}.s2c.bin", number + 1))).unwrap();
        assert_eq!(bytes, vec![number as u8; 100_000]);
    }
}

#[test]
fn a_reset_is_carried_over_and_noted() {
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &["--max-connections", "1"]);
    let mut client = tee.connect();
    client.write_all(b"x").unwrap();
    let mut server = accepted(&listener);
    receive(&mut server, 1);
    rustix::net::sockopt::set_socket_linger(&server, Some(Duration::ZERO)).unwrap();
    drop(server);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(tee.end().0, Some(0));
    let events = fs::read_to_string(folder.path().join("conn01.events.jsonl")).unwrap();
    assert!(events.contains("\"reset\":true"), "{events}");
}

#[test]
fn a_folder_with_a_recording_is_left_alone() {
    let folder = fixtures().join("nettcp/mono-nettcp-none-add");
    let output =
        command(&["record", folder.to_str().unwrap(), "--listen", "tcp://127.0.0.1:0", "--to", "http://h"])
            .output()
            .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("holds a recording already; name a folder"), "{output:?}");
}

#[test]
fn a_disk_that_cannot_be_written_ends_the_command_with_status_1() {
    let (listener, to) = service();
    let folder = TempDir::new().unwrap();
    // A folder where the file should be: nobody can write there, root included.
    let tee = Listening::record(folder.path(), &format!("net.tcp://{to}"), &[]);
    fs::create_dir(folder.path().join("conn01.c2s.bin")).unwrap();
    let mut client = tee.connect();
    let _server = accepted(&listener);
    client.write_all(b"x").unwrap();
    let (status, _, errors) = tee.end();
    assert_eq!(status, Some(1));
    assert!(errors.contains("cannot write") && errors.contains("conn01.c2s.bin"), "{errors}");
}

#[test]
fn the_first_difference_is_named_with_its_meaning() {
    let folder = fixtures().join("nettcp/mono-nettcp-none-add");
    let recorded = fs::read(folder.join("conn01.s2c.bin")).unwrap();
    let uri = b"http://schemas.microsoft.com/ws/2006/05/framing/faults/EndpointNotFound";
    let fault = [&[8, u8::try_from(uri.len()).unwrap()], &uri[..]].concat();
    let mut other = recorded.clone();
    let last = other.len() - 5;
    other[last] ^= 1;
    for (answer, expected) in [
        ([b"\x0b", &fault[..]].concat(), "s2c offset 1: SizedEnvelope, 122 bytes expected (06 7a"),
        ([b"\x0b", &fault[..]].concat(), ", Fault EndpointNotFound: http://schemas"),
        (recorded[..1].to_vec(), "s2c offset 1: SizedEnvelope, 122 bytes expected"),
        (b"\x0bXYZ".to_vec(), "bytes that cannot be read came (58 59 5a)"),
        (other, "of <AddResult>42</AddResult> expected"),
    ] {
        let (listener, to) = service();
        let serving = std::thread::spawn(move || {
            let mut stream = accepted(&listener);
            receive(&mut stream, 41 + 205);
            stream.write_all(&answer).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            // The player ends the connection once it has seen enough.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let copy = TempDir::new().unwrap();
        for file in ["conn01.c2s.bin", "conn01.s2c.bin"] {
            fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
        // Everything is sent before anything is waited for.
        let events = "{\"t\":0,\"dir\":\"c2s\",\"off\":0,\"len\":246}\n{\"t\":0,\"dir\":\"s2c\",\"off\":0,\"len\":125}\n";
        fs::write(copy.path().join("conn01.events.jsonl"), events).unwrap();
        let output = replay(copy.path(), &["--as", "client", "--to", &format!("tcp://{to}")]);
        serving.join().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(text(&output.stderr).starts_with("viaduct: conn01 s2c offset"), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{expected}: {output:?}");
    }
}

#[test]
fn a_difference_is_an_object_for_programs() {
    let folder = fixtures().join("http/ms-basichttp");
    let (listener, to) = service();
    let serving = std::thread::spawn(move || {
        let mut stream = accepted(&listener);
        receive(&mut stream, 367);
        stream.write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = replay(&folder, &["--as", "client", "--to", &format!("http://{to}"), "--format", "json"]);
    serving.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let difference: Value = serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
    assert_eq!(difference["stream"], "conn01");
    assert_eq!(difference["dir"], "s2c");
    assert_eq!(difference["offset"], 9);
    assert!(difference["found_meaning"].as_str().unwrap().contains("500 Internal"), "{difference}");
}

#[test]
fn without_events_a_recording_goes_in_turns_and_a_wait_has_an_end() {
    let folder = TempDir::new().unwrap();
    for file in ["conn01.c2s.bin", "conn01.s2c.bin"] {
        fs::copy(fixtures().join("nettcp/mono-nettcp-session-session").join(file), folder.path().join(file))
            .unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let service = Listening::start(&["replay", path, "--as", "service", "--listen", "tcp://127.0.0.1:0"]);
    let client = replay(folder.path(), &["--as", "client", "--to", &format!("tcp://{}", service.address)]);
    assert_eq!(client.status.code(), Some(0), "{client:?}");
    assert_eq!(service.end().0, Some(0));

    let (_listener, to) = self::service();
    let output =
        replay(folder.path(), &["--as", "client", "--to", &format!("tcp://{to}"), "--timeout", "200ms"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("PreambleAck") && text(&output.stderr).contains("nothing came"),
        "{output:?}"
    );
}

#[test]
fn a_via_takes_the_place_of_the_recorded_one() {
    let folder = fixtures().join("nettcp/mono-nettcp-none-add");
    let via = "net.tcp://other.example.net:9999/a/longer/path";
    let path = folder.to_str().unwrap();
    let service =
        Listening::start(&["replay", path, "--as", "service", "--listen", "tcp://127.0.0.1:0", "--via", via]);
    let to = format!("tcp://{}", service.address);
    let client = replay(&folder, &["--as", "client", "--to", &to, "--via", via]);
    assert_eq!(client.status.code(), Some(0), "{client:?}");
    assert_eq!(service.end().0, Some(0));

    let service =
        Listening::start(&["replay", path, "--as", "service", "--listen", "tcp://127.0.0.1:0", "--via", via]);
    let to = format!("tcp://{}", service.address);
    replay(&folder, &["--as", "client", "--to", &to, "--timeout", "1s"]);
    let (status, _, errors) = service.end();
    assert_eq!(status, Some(1));
    assert!(
        errors.contains("c2s offset 6: byte 1 of Via, 46 bytes: net.tcp://other.example.net"),
        "{errors}"
    );
}

#[test]
fn a_recording_is_played_inside_tls() {
    let folder = fixtures().join("http/ms-basichttp");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TempDir::new().unwrap();
    let (chain, key) = (files.path().join("server.pem"), files.path().join("server.key"));
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let play = ["replay", folder.to_str().unwrap(), "--as", "service", "--listen", "tcp://127.0.0.1:0"];
    let service = Listening::start(&[&play[..], &["--certificate", chain, "--key", key]].concat());
    let recording = TempDir::new().unwrap();
    let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
    let to = format!("https://localhost:{}", port(&service.address));
    let more = ["--ca", chain, "--certificate", chain, "--key", key, "--max-connections", "1"];
    let tee = Listening::record(recording.path(), &to, &more);
    let to = format!("https://localhost:{}", port(&tee.address));
    let client = replay(&folder, &["--as", "client", "--to", &to, "--ca", chain]);
    assert_eq!(client.status.code(), Some(0), "{client:?}");
    assert_eq!(service.end().0, Some(0));
    assert_eq!(tee.end().0, Some(0));
    for file in ["conn01.c2s.bin", "conn01.s2c.bin"] {
        assert_eq!(fs::read(recording.path().join(file)).unwrap(), fs::read(folder.join(file)).unwrap());
    }
    assert!(!recording.path().join("ca.pem").exists());
}

#[test]
fn no_token_of_microsofts_recorded_relay_clients_survives() {
    let mut signatures = 0;
    let mut folders = vec![fixtures().join("relay")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "bin") {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            // In clear, and the beginning of the same in base64.
            let marks: [&[u8]; 2] = [b"&sig=", b"U2hhcmVkQWNjZXNzU2lnbmF0dXJl"];
            let places = marks.iter().flat_map(|mark| {
                let places = bytes.windows(mark.len()).enumerate().filter(move |(_, window)| window == mark);
                places.map(move |(at, _)| at + mark.len())
            });
            let secrets: Vec<&[u8]> = places.map(|at| &bytes[at + 4..at + 24]).collect();
            for protocol in [Protocol::NetTcp, Protocol::Http] {
                let mut scrubbed = bytes.clone();
                Scrubber::new(protocol).scrub(Direction::InitiatorToReceiver, &mut scrubbed);
                for secret in &secrets {
                    assert!(
                        !scrubbed.windows(secret.len()).any(|window| window == *secret),
                        "{} {protocol:?}",
                        path.display()
                    );
                }
            }
            signatures += secrets.len();
        }
    }
    assert!(signatures >= 60, "{signatures}");
}

#[test]
fn a_command_line_that_is_wrong_has_status_2() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().to_str().unwrap();
    for args in [
        &["record", folder, "--listen", "http://127.0.0.1:0", "--to", "http://h"][..],
        &["record", folder, "--listen", "tcp://127.0.0.1:0", "--to", "ftp://h"],
        &["record", folder, "--listen", "tcp://127.0.0.1:0", "--to", "tcp://h:1"],
        &["record", folder, "--listen", "tcp://127.0.0.1:0", "--to", "https://h", "--key", "k"],
        &["record", folder, "--listen", "tcp://127.0.0.1:0", "--to", "http://h", "--max-connections", "0"],
        &["replay", folder, "--as", "service", "--to", "tcp://h:1", "--listen", "tcp://127.0.0.1:0"],
    ] {
        let output = command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {output:?}");
    }
    let fixture = fixtures().join("nettcp/mono-nettcp-none-add");
    assert_eq!(replay(&fixture, &["--as", "client"]).status.code(), Some(2));
    assert_eq!(replay(Path::new(folder), &["--as", "client", "--to", "tcp://h:1"]).status.code(), Some(1));
}
