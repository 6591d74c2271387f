//! Recorded .NET and Mono traffic (`fixtures/nettcp`), played as the initiator through the door `net_tcp`, the gateway
//! and `viaduct listen`: what arrives at the service is the recording, byte for byte, but for the port in its Via.
//!
//! That port is the service's own, so that no address has to be rewritten; `address_rewriting` has those that must be.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;

use interop_tests::{Config, Connector, Gateway, Service, Wire, repository, via_record};
use serde_json::Value;

#[test]
fn every_recorded_stream_arrives_as_it_was_sent() {
    // The recordings name `localhost` and the path `probe`.
    let relay =
        "path = \"probe\"\nkind = \"wcf\"\nwcf_type = \"NetTcp\"\nrequires_client_authorization = false\n";
    let gateway = Gateway::start(Config::new().relay(relay));
    let service = Service::start();
    let to = format!("net.tcp://localhost:{}/probe", service.port());
    let _connector = Connector::listen(&gateway, "probe", &to);

    let mut played = 0;
    for scenario in fs::read_dir(repository().join("fixtures/nettcp")).expect("recordings") {
        let scenario = scenario.unwrap().path();
        let Ok(meta) = fs::read_to_string(scenario.join("meta.json")) else { continue };
        let meta: Value = serde_json::from_str(&meta).unwrap();
        for stream in meta["streams"].as_array().expect("streams") {
            let recording = Recording::read(&scenario, stream, &to);
            println!("{}", recording.name);
            recording.play(&gateway, &service);
            played += 1;
        }
    }
    assert!(played >= 50, "only {played} recorded streams were found");
}

/// One recorded TCP connection, cut into framing sessions: each is a connection of its own to the service.
struct Recording {
    name: String,
    sessions: Vec<Vec<Step>>,
    /// The Via record.
    via: Vec<u8>,
    /// Whether the service of the recording ended its sessions as the protocol wants: then a second one is due.
    service_ended_well: bool,
}

/// What one side wrote at once.
enum Step {
    Initiator(Vec<u8>),
    Receiver(Vec<u8>),
}

impl Recording {
    fn read(scenario: &Path, stream: &Value, to: &str) -> Self {
        let connection = stream["name"].as_str().expect("a name");
        let file = |suffix: &str| {
            let path = scenario.join(format!("{connection}.{suffix}"));
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let (mut sent, answered) = (file("c2s.bin"), file("s2c.bin"));
        let records = stream["framing"]["i2r"]["records"].as_array().expect("records");
        let vias: Vec<_> = records.iter().filter(|record| record[0] == "via").collect();
        let starts = session_starts(&sent);
        assert_eq!(starts.len(), vias.len(), "{} {connection}: sessions", scenario.display());

        let (from, via) = (via_record(vias[0][1].as_str().expect("a via")), via_record(to));
        assert_eq!(from.len(), via.len(), "both ports have five digits");
        for start in &starts {
            let place = &mut sent[start + 5..][..via.len()];
            assert_eq!(place, from, "version and mode, then the Via");
            place.copy_from_slice(&via);
        }
        let mut sessions: Vec<Vec<Step>> = Vec::new();
        let mut starts: VecDeque<_> = starts.into();
        for line in String::from_utf8(file("events.jsonl")).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let (Some(offset), Some(length)) = (event["off"].as_u64(), event["len"].as_u64()) else {
                continue;
            };
            let (offset, length) = (offset as usize, length as usize);
            if event["dir"] == "s2c" {
                let step = Step::Receiver(answered[offset..offset + length].to_vec());
                sessions.last_mut().expect("the initiator speaks first").push(step);
                continue;
            }
            let (mut from, end) = (offset, offset + length);
            while let Some(start) = starts.front().copied().filter(|start| *start < end) {
                if start > from {
                    sessions.last_mut().expect("it began").push(Step::Initiator(sent[from..start].to_vec()));
                }
                sessions.push(Vec::new());
                from = start;
                starts.pop_front();
            }
            sessions.last_mut().expect("it began").push(Step::Initiator(sent[from..end].to_vec()));
        }
        Self {
            name: format!("{} {connection}", scenario.file_name().unwrap().to_string_lossy()),
            sessions,
            via,
            service_ended_well: stream["framing"]["r2i"]["end_of_stream"] == "clean",
        }
    }

    fn play(&self, gateway: &Gateway, service: &Service) {
        let mut initiator = Wire::tcp(gateway.door("net_tcp"));
        for (index, session) in self.sessions.iter().enumerate() {
            if index > 0 && !self.service_ended_well {
                return;
            }
            let last = index + 1 == self.sessions.len();
            self.play_session(session, &mut initiator, service, last);
        }
    }

    /// Both sides write in the recorded order, and each waits for what the other wrote before.
    fn play_session(&self, session: &[Step], initiator: &mut Wire, service: &Service, last: bool) {
        let expected = self.expected(session);
        std::thread::scope(|scope| {
            let (all_arrived, arrived) = channel();
            let receiver = scope.spawn(move || {
                let mut connection = service.connection();
                let mut received = Vec::new();
                let mut due = 0;
                for step in session {
                    match step {
                        Step::Initiator(bytes) => due += bytes.len(),
                        Step::Receiver(bytes) => {
                            received.extend_from_slice(
                                &connection.receive(due.min(expected.len()) - received.len()),
                            );
                            connection.send(bytes);
                        }
                    }
                }
                received.extend_from_slice(&connection.receive(expected.len() - received.len()));
                assert!(received == expected, "{}: the service received something else", self.name);
                all_arrived.send(()).unwrap();
                if !last {
                    // The service ends as Mono does after a singleton exchange; the initiator stays connected.
                    connection.finish();
                }
                assert!(connection.receive_to_end().is_empty(), "{}: more than was sent", self.name);
            });
            for step in session {
                match step {
                    Step::Initiator(bytes) => initiator.send(bytes),
                    Step::Receiver(bytes) => {
                        assert!(initiator.receive(bytes.len()) == *bytes, "{}: another answer", self.name);
                    }
                }
            }
            arrived.recv().unwrap_or_else(|_| panic!("{}: the service has not received all", self.name));
            if last {
                initiator.finish();
                // Mono sends no End where it is due; the gateway may add it. Framing page, section 9.
                let rest = initiator.receive_to_end();
                assert!(matches!(rest[..], [] | [0x07]), "{}: {rest:02x?} at the end", self.name);
            }
            receiver.join().unwrap();
        });
    }

    /// What the service must receive in a session: all the initiator wrote.
    fn expected(&self, session: &[Step]) -> Vec<u8> {
        let written = session.iter().filter_map(|step| match step {
            Step::Initiator(bytes) => Some(bytes.as_slice()),
            Step::Receiver(_) => None,
        });
        let written = written.collect::<Vec<_>>().concat();
        assert!(written[5..].starts_with(&self.via), "{}: version and mode, then the Via", self.name);
        written
    }
}

/// Where the sessions of an initiator's stream begin: version 1.0, a mode, a Via. [MC-NMF] 2.2.3
fn session_starts(sent: &[u8]) -> Vec<usize> {
    let begins = |bytes: &[u8]| {
        bytes.starts_with(&[0, 1, 0, 1]) && bytes.get(5) == Some(&2) && bytes[7..].starts_with(b"net.tcp://")
    };
    (0..sent.len().saturating_sub(17)).filter(|offset| begins(&sent[*offset..])).collect()
}
