//! A raw listener: it sees each control message as it stands.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::{Answer, Gateway, Message, NAMESPACE, WebSocket, Wire};

/// A listener connected to a relay.
pub struct Listener {
    /// The control channel.
    pub control: WebSocket,
    authority: PathBuf,
}

impl Listener {
    /// Registers at `path` with a token of the policy `listen`.
    pub fn open(gateway: &Gateway, path: &str) -> Self {
        Self::open_as(gateway, path, "")
    }

    /// As [`Listener::open`], naming itself: `id` is its `sb-hc-id`; none when empty.
    pub fn open_as(gateway: &Gateway, path: &str, id: &str) -> Self {
        match Self::try_open(gateway, path, id) {
            Ok(listener) => listener,
            Err(answer) => panic!("the listener was refused: {answer:?}"),
        }
    }

    /// Registers, or returns the refusal.
    pub fn try_open(gateway: &Gateway, path: &str, id: &str) -> Result<Self, Answer> {
        let id = if id.is_empty() { String::new() } else { format!("&sb-hc-id={id}") };
        let target = format!("/$hc/{path}?sb-hc-action=listen{id}");
        let token = gateway.listen_token(path);
        let control =
            WebSocket::try_open(gateway.connect(), &target, &[("ServiceBusAuthorization", &token)])?;
        Ok(Self { control, authority: gateway.authority().to_owned() })
    }

    /// A listener over a control channel that was opened in another way.
    pub fn over(control: WebSocket, gateway: &Gateway) -> Self {
        Self { control, authority: gateway.authority().to_owned() }
    }

    /// The next control message, which must hold `key` and nothing else; what it holds.
    ///
    /// [Hybrid page 0, rules 2 and 4] one known key, at most 64 KiB.
    pub fn next(&mut self, key: &str) -> Value {
        let text = self.control.text();
        assert!(text.len() <= 65_536, "{} bytes", text.len());
        let mut message: Value = serde_json::from_str(&text).expect("JSON");
        let object = message.as_object_mut().expect("an object");
        assert_eq!(object.keys().collect::<Vec<_>>(), [key], "{text}");
        object.remove(key).expect("it is the one key")
    }

    /// Dials a rendezvous address as it stands; a refusal fails the test.
    pub fn dial(&self, address: &str, headers: &[(&str, &str)]) -> WebSocket {
        match self.try_dial(address, headers) {
            Ok(socket) => socket,
            Err(answer) => panic!("the rendezvous {address} was refused: {answer:?}"),
        }
    }

    /// Dials a rendezvous address as it stands, or returns the refusal.
    pub fn try_dial(&self, address: &str, headers: &[(&str, &str)]) -> Result<WebSocket, Answer> {
        dial(address, headers, &self.authority)
    }

    /// Takes the next invitation: the `accept` message and the joined connection.
    pub fn accept(&mut self) -> (Value, WebSocket) {
        let accept = self.next("accept");
        let address = accept_address(&accept);
        let socket = self.dial(&address, &[]);
        (accept, socket)
    }

    /// Answers a request on the control channel.
    pub fn respond(&mut self, id: &str, reply: &Reply) {
        send_response(&mut self.control, id, reply);
    }

    /// Answers every request by `handler` in a thread of its own until the value it returns is dropped.
    ///
    /// Replies of at most 64 KiB go over the control channel, larger ones by a rendezvous.
    pub fn serve(mut self, mut handler: impl FnMut(&Value, &[u8]) -> Reply + Send + 'static) -> Served {
        let handle = self.control.wire().handle();
        let thread = std::thread::spawn(move || {
            while let Message::Text(text) = self.control.message() {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                self.exchange(&message["request"], &mut handler);
            }
        });
        Served { handle, thread: Some(thread) }
    }

    fn exchange(&mut self, request: &Value, handler: &mut impl FnMut(&Value, &[u8]) -> Reply) {
        let address = accept_address(request);
        let (request, body, rendezvous) = if request.get("body").is_some() {
            let body = if request["body"] == true { self.control.binary() } else { Vec::new() };
            (request.clone(), body, None)
        } else {
            // The address alone: the request waits at the rendezvous. Hybrid page 5.4 A.
            let mut rendezvous = self.dial(&address, &[]);
            let message: Value = serde_json::from_str(&rendezvous.text()).expect("JSON");
            assert_eq!(message["request"]["body"], true, "Java needs a body here");
            let body = rendezvous.binary();
            (message["request"].clone(), body, Some(rendezvous))
        };
        let id = request["id"].as_str().expect("an id").to_owned();
        let reply = handler(&request, &body);
        match rendezvous {
            None if reply.body.len() <= 65_536 => self.respond(&id, &reply),
            other => {
                let mut rendezvous = other.unwrap_or_else(|| self.dial(&address, &[]));
                send_response(&mut rendezvous, &id, &reply);
                // The gateway ends a rendezvous whose response is over, here in answer to our close.
                rendezvous.send_close(1000, "");
                while !matches!(rendezvous.message(), Message::Ended | Message::Cut) {}
            }
        }
    }
}

/// What a listener answers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// `statusCode`.
    pub status: Value,
    /// `statusDescription`; left out when nothing.
    pub reason: Option<String>,
    /// `responseHeaders`.
    pub headers: Value,
    /// The body message; none when empty.
    pub body: Vec<u8>,
}

impl Reply {
    /// A status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status: json!(status), reason: None, headers: json!({}), body: body.into() }
    }

    /// 200 and a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// With a reason phrase.
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// With headers: a JSON object.
    pub fn headers(mut self, headers: Value) -> Self {
        self.headers = headers;
        self
    }
}

/// A listener that answers in a thread; ends with the value.
pub struct Served {
    handle: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.handle.shutdown(Shutdown::Both);
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(_)) = ended
            && !std::thread::panicking()
        {
            panic!("the listener's thread panicked");
        }
    }
}

/// The `address` of an `accept` or `request` message.
pub fn accept_address(message: &Value) -> String {
    message["address"].as_str().unwrap_or_else(|| panic!("no address in {message}")).to_owned()
}

/// The `requestTarget` of a `request` message.
pub fn request_target(request: &Value) -> String {
    request["requestTarget"].as_str().unwrap_or_else(|| panic!("no target in {request}")).to_owned()
}

fn dial(address: &str, headers: &[(&str, &str)], authority: &Path) -> Result<WebSocket, Answer> {
    let rest = address.strip_prefix("wss://").unwrap_or_else(|| panic!("not wss: {address}"));
    let (host, target) = rest.split_once('/').unwrap_or_else(|| panic!("no path: {address}"));
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    assert_eq!(name, NAMESPACE, "the authority that the listener itself used: {address}");
    let socket = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
    WebSocket::try_open(Wire::tls(socket, name, authority), &format!("/{target}"), headers)
}

fn send_response(socket: &mut WebSocket, id: &str, reply: &Reply) {
    let mut response = json!({
        "requestId": id,
        "statusCode": reply.status,
        "responseHeaders": reply.headers,
        "body": !reply.body.is_empty(),
    });
    if let Some(reason) = &reply.reason {
        response["statusDescription"] = json!(reason);
    }
    socket.send_text(&json!({ "response": response }).to_string());
    if !reply.body.is_empty() {
        socket.send_fragments(2, &reply.body, 16 << 10);
    }
}
