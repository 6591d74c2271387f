//! A gateway that the test plays itself, in clear.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use crate::program::{PATIENCE, Viaduct};

/// The key in the connection strings of these tests; it must show up nowhere.
pub(crate) const KEY: &str = "c2VjcmV0LXRlc3Qta2V5";

/// Waits for connections and lets the test decide what becomes of each.
pub(crate) struct FakeGateway {
    listener: TcpListener,
}

/// A connection with its request head.
pub(crate) struct Arrival {
    stream: TcpStream,
    /// The request line and the headers.
    pub(crate) head: String,
}

/// A WebSocket that the connector opened.
pub(crate) type Socket = WebSocketStream<TcpStream>;

impl FakeGateway {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn authority(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    pub(crate) fn connection_string(&self) -> String {
        format!("Endpoint=sb://{}/;SharedAccessKeyName=listen;SharedAccessKey={KEY}", self.authority())
    }

    /// `viaduct listen plant7/api --to TO` at this gateway.
    pub(crate) fn listen(&self, to: &str) -> Viaduct {
        let connection_string = self.connection_string();
        let args = ["listen", "plant7/api", "--to", to, "--clear", "--connection-string", &connection_string];
        Viaduct::start(&args, &[])
    }

    /// The same, with its control channel already open.
    pub(crate) async fn listening(&self, to: &str) -> (Viaduct, Socket) {
        let mut connector = self.listen(to);
        let control = self.arrival().await.accept().await;
        connector.line("listening").await;
        (connector, control)
    }

    pub(crate) async fn arrival(&self) -> Arrival {
        let (mut stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("a connection").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        Arrival { stream, head: String::from_utf8(head).unwrap() }
    }

    /// Whether somebody connects within this time.
    pub(crate) async fn is_dialled_within(&self, time: std::time::Duration) -> bool {
        timeout(time, self.listener.accept()).await.is_ok()
    }

    /// An address for a rendezvous here; `id` tells it apart.
    pub(crate) fn address(&self, path: &str, action: &str, id: &str) -> String {
        format!("ws://{}/$hc{path}?sb-hc-action={action}&sb-hc-id={id}", self.authority())
    }
}

impl Arrival {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value =
            |line: &'_ str| -> bool { line.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)) };
        let line = self.head.lines().skip(1).find(|line| value(line))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// Opens the WebSocket.
    pub(crate) async fn accept(mut self) -> Socket {
        let accept = derive_accept_key(self.header("Sec-WebSocket-Key").unwrap().as_bytes());
        let protocol =
            self.header("Sec-WebSocket-Protocol").map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{}\r\n",
            protocol.unwrap_or_default()
        );
        self.stream.write_all(answer.as_bytes()).await.unwrap();
        WebSocketStream::from_raw_socket(self.stream, Role::Server, None).await
    }

    /// Answers something else.
    pub(crate) async fn refuse(mut self, status_and_reason: &str) {
        let answer = format!("HTTP/1.1 {status_and_reason}\r\nContent-Length: 0\r\n\r\n");
        self.stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// Sends JSON text.
pub(crate) async fn tell(socket: &mut Socket, message: serde_json::Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message, which must come.
pub(crate) async fn next(socket: &mut Socket) -> Message {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("a message").expect("no end").unwrap() {
            Message::Ping(_) | Message::Pong(_) => {}
            message => return message,
        }
    }
}

/// The next message as the object under `response`.
pub(crate) async fn response(socket: &mut Socket) -> serde_json::Value {
    let Message::Text(text) = next(socket).await else { panic!("no text") };
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["response"].take()
}
