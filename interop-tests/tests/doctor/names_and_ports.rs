//! Names that lead nowhere, ports that are closed, dropped, forbidden, or somebody else's.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use interop_tests::{Config, Gateway};
use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, listen, socket};

use crate::consult::Consult;
use crate::peer::{self, Shows};

#[test]
fn a_name_without_an_address_is_told_from_a_silent_name_server() {
    let nowhere = || Consult::at("nowhere.invalid", 443);
    // Without any name server, on a machine of its own.
    let alone = nowhere().in_namespace(&["--net"], "ip link set lo up && ").run();
    alone.fails_only_by("name_server_silent");
    assert_eq!(alone.seen("port", "https"), "the name has no address");
    // With one that knows it not.
    let script = "ip link set lo up && python3 -c \"
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
print(flush=True)
import os
if os.fork() == 0:
    while True:
        q, a = s.recvfrom(512)
        s.sendto(q[:2] + b'\\x81\\x83' + q[4:6] + bytes(6) + q[12:], a)
\" >&2 && echo nameserver 127.0.0.1 > /tmp/resolv.$$ && mount --bind /tmp/resolv.$$ /etc/resolv.conf && rm /tmp/resolv.$$ && ";
    let kinds = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
    nowhere().in_namespace(&kinds, script).run().fails_only_by("name_unknown");
}

#[test]
fn a_hosts_file_is_seen_and_wcf_wants_an_ipv4_address() {
    let gateway = Gateway::start(Config::new().host("relay.example.net"));
    let string = gateway.connection_string("send").replace("localhost", "relay.example.net");
    let consult = || Consult::new(&string).trusting(gateway.authority());
    let report = consult().with_hosts("127.0.0.1 relay.example.net\n").run();
    report.is_good();
    assert_eq!(report.seen("name", ""), "relay.example.net is 127.0.0.1 (from the hosts file)");
    let report = consult().with_hosts("::1 relay.example.net\n").with(&["--wcf=https"]).run();
    report.fault("no_ipv4");
}

#[test]
fn a_refusal_is_told_from_silence() {
    let closed =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let report = Consult::at("127.0.0.1", closed).run();
    report.fails_only_by("port_refused");

    let full = Full::new();
    let report = Consult::at("127.0.0.1", full.port).run();
    let seen = report.fails_only_by("port_dropped")["seen"].as_str().expect("words");
    assert!(seen.contains("did not answer in 5 s"), "{seen}");
}

// Relay page 1.2: refuse, never drop.
#[test]
fn where_443_is_alone_the_other_ports_must_refuse() {
    let gateway = Gateway::new();
    let full = Full::new();
    let report = Consult::new(&gateway.connection_string("send"))
        .trusting(gateway.authority())
        .with(&["--wcf=https", "--port", &format!("amqps={}", full.port), "--port", "oneway=1"])
        .run();
    let line = report.fault("port_dropped");
    assert_eq!((line["status"].as_str(), &line["doors"]), (Some("warning"), &serde_json::json!(["amqps"])));
    assert!(report.seen("port", "oneway").contains("as it should"), "{}", report.said);
}

#[test]
fn a_machine_that_forbids_and_a_net_without_a_way_are_told_apart() {
    let at = |script: &str| Consult::at("203.0.113.7", 443).in_namespace(&["--net"], script).run();
    at("").fails_only_by("port_unreachable");
    at("ip link set lo up && ip route add prohibit 203.0.113.7 && ").fails_only_by("port_forbidden");
}

#[test]
fn one_address_of_two_that_answers_is_a_warning() {
    let shows = Shows::for_names(&["two.example.net"], |_| {});
    // On 127.0.0.1 alone.
    let port = peer::gateway(&shows, None);
    let report = Consult::at("two.example.net", port)
        .trusting(shows.root())
        .with_hosts("127.0.0.1 two.example.net\n127.0.0.2 two.example.net\n")
        .run();
    let line = report.fault("port_partly");
    assert_eq!(line["status"], "warning");
    assert!(line["seen"].as_str().expect("words").starts_with("1 of 2 addresses answer"), "{line}");
}

#[test]
fn what_else_is_behind_a_port_is_named() {
    for (bytes, expected) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "an SSH server"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "a web server"),
        (b"220 mail.example.net ESMTP\r\n", "a mail or FTP server"),
        (b"AMQP\0\0\x09\x01", "an AMQP server"),
        (b"\x08\0", "something that says the bytes 08 00"),
    ] {
        let report = Consult::at("127.0.0.1", peer::says(bytes)).run();
        let line = report.fails_only_by("port_else");
        assert!(line["seen"].as_str().expect("words").contains(expected), "{line}");
    }
}

#[test]
fn a_web_server_over_tls_that_is_no_relay_is_told() {
    let shows = Shows::localhost();
    let config = shows.config();
    let port = peer::serve(move |socket| {
        let mut line = peer::tls(&config, socket)?;
        peer::head(&mut line)?;
        std::io::Write::write_all(
            &mut line,
            b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
        )
    });
    let report = Consult::at("localhost", port).trusting(shows.root()).run();
    let line = report.fault("port_else");
    assert!(line["seen"].as_str().expect("words").ends_with("404 Not Found (Server: nginx)"), "{line}");
    assert!(report.seen("key", "").starts_with("not asked"), "{}", report.said);
}

#[test]
fn a_port_that_hangs_up_is_told_from_one_that_is_silent() {
    let hangs_up = peer::serve(|mut socket| socket.read(&mut [0; 1024]).map(|_| ()));
    Consult::at("127.0.0.1", hangs_up).run().fails_only_by("port_hangs_up");
    let silent = peer::serve(|mut socket| std::io::copy(&mut socket, &mut std::io::sink()).map(|_| ()));
    Consult::at("127.0.0.1", silent).run().fails_only_by("port_silent");
}

#[test]
fn doors_that_were_mixed_up_are_told() {
    let gateway =
        Gateway::start(Config::new().door("amqps", "127.0.0.1:0").door("rendezvous", "127.0.0.1:0"));
    let ask = |door: &str, at: &str| {
        Consult::new(&gateway.connection_string("send"))
            .trusting(gateway.authority())
            .with(&["--port", &format!("{door}={}", gateway.port(at))])
            .run()
    };
    for (door, at) in [
        ("amqps", "https"),
        ("amqps", "http"),
        ("oneway", "http"),
        ("oneway", "https"),
        ("oneway_tls", "http"),
        ("probe", "http"),
        ("http", "net_tcp"),
    ] {
        let report = ask(door, at);
        let wrong = report.lines.iter().find(|line| line["status"] == "failed" && line["check"] == "port");
        let wrong = wrong.unwrap_or_else(|| panic!("{door} at {at}: {}", report.said));
        assert_eq!(wrong["doors"], serde_json::json!([door]), "{}", report.said);
    }
    for door in ["net_tcp", "net_tcps"] {
        assert!(ask(door, door).seen("port", door).contains("speaks net.tcp framing"));
    }
}

#[test]
fn a_probe_that_is_answered_says_from_where_we_come() {
    let shows = Shows::localhost();
    let https = peer::gateway(&shows, None);
    let probe = peer::serve(|mut socket| {
        let mut asked = [0; 13];
        socket.read_exact(&mut asked)?;
        std::io::Write::write_all(&mut socket, b"\xcb\x00\x71\x0a\0\0\0\0\x40\x9c\0\0")
    });
    let report = Consult::at("localhost", https)
        .trusting(shows.root())
        .with(&["--port", &format!("probe={probe}")])
        .run();
    assert!(report.seen("port", "probe").ends_with("we come from 203.0.113.10:40000"), "{}", report.said);
}

#[test]
fn an_http_door_that_sends_one_way_senders_away_is_a_warning() {
    let shows = Shows::localhost();
    let https = peer::gateway(&shows, None);
    let answers = |root: &'static str| {
        peer::serve(move |mut socket| {
            let head = peer::head(&mut socket)?;
            let answer = match head.starts_with("GET / ") {
                true => root,
                false => {
                    "HTTP/1.1 400 This endpoint is only for web-socket requests. TrackingId:1_G0\r\n\r\n"
                }
            };
            std::io::Write::write_all(&mut socket, answer.as_bytes())
        })
    };
    let ask = |port: u16| {
        let port = format!("http={port}");
        Consult::at("localhost", https).trusting(shows.root()).with(&["--port", &port]).run()
    };
    let moved = ask(answers("HTTP/1.1 301 Moved Permanently\r\nLocation: https://x/\r\n\r\n"));
    assert_eq!(moved.fault("http_not_ok")["status"], "warning");
    let good = ask(answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(
        good.seen("port", "http").split(' ').skip(1).collect::<Vec<_>>().join(" "),
        "speaks HTTP; a relay is behind it"
    );
}

#[test]
fn without_websockets_for_wcf_443_is_not_enough_for_it() {
    let shows = Shows::localhost();
    let port = peer::refusing_gateway(&shows, "404 Not Found");
    let ask = |more: &[&str]| Consult::at("localhost", port).trusting(shows.root()).with(more).run();
    assert_eq!(ask(&["--wcf=https"]).fault("no_websocket")["status"], "failed");
    assert_eq!(ask(&["--wcf"]).fault("no_websocket")["status"], "warning");
    assert!(!ask(&[]).said.contains("no_websocket"));
}

/// A port whose queue is full: the kernel drops what comes, as a firewall does.
struct Full {
    port: u16,
    _held: Vec<OwnedFd>,
}

impl Full {
    fn new() -> Self {
        let new = || socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let listener = new();
        bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listen(&listener, 0).expect("it listens");
        let name: std::net::SocketAddr =
            getsockname(&listener).expect("an address").try_into().expect("IPv4");
        let mut held = vec![listener];
        // The first takes the one place; where the kernel has one more, the second does.
        for _ in 0..2 {
            let filler = new();
            rustix::io::ioctl_fionbio(&filler, true).expect("it does not block");
            let _ = connect(&filler, &name);
            held.push(filler);
        }
        assert!(
            TcpStream::connect_timeout(&name, std::time::Duration::from_millis(300)).is_err(),
            "the queue is full"
        );
        Self { port: name.port(), _held: held }
    }
}
