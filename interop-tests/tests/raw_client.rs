//! The raw client of these tests agrees with a WebSocket server that others wrote, with no gateway between.

use std::net::SocketAddr;
use std::time::Duration;

use interop_tests::{Message, Program, WebSocket, Wire, pattern, python, repository};

#[test]
fn the_raw_websocket_client_agrees_with_python() {
    let mut server = Program::new(python())
        .args(["echo_server.py"])
        .directory(&repository().join("interop-tests/python"))
        .start();
    let port = server.line(Duration::from_secs(20)).parse().expect("a port");
    let wire = Wire::tcp(SocketAddr::from(([127, 0, 0, 1], port)));
    let mut socket = WebSocket::try_open(wire, "/", &[]).unwrap_or_else(|answer| panic!("{answer:?}"));

    for length in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
        socket.send_binary(&pattern(length));
        assert!(socket.binary() == pattern(length), "{length} bytes");
    }
    socket.send_fragments(1, "in many pieces".as_bytes(), 1);
    assert_eq!(socket.text(), "in many pieces");
    socket.send_frame(true, 9, b"ping");
    assert_eq!(socket.raw_frame().expect("no reset").expect("no end").payload, b"ping");
    socket.send_close(1000, "enough");
    assert_eq!(socket.message(), Message::Close(Some((1000, "enough".to_owned()))));
    assert_eq!(socket.message(), Message::Ended);
}
