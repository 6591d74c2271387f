//! The WebSockets of the library, wcf-relay page 1.4: it writes and reads the handshake by hand, and what it reads is less
//! than RFC 6455 allows.

use crate::wire::websocket::FrameDialect;

/// The path of every upgrade.
pub const WEBSOCKET_PATH: &str = "/$servicebus/websocket";

/// Bytes of payload in one frame that every client takes: a program may have set its buffer for a joined connection down
/// to this.
pub const SAFE_FRAME: usize = 8 << 10;

/// Bytes of payload in one frame that a listener's link takes.
pub const LINK_FRAME: usize = 64 << 10;

/// What a WebSocket carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubProtocol {
    /// A listener's link: AMQP, whatever the borders of frames.
    Amqp,
    /// Protocol C: [`super::RelayedRequest`] behind its length, then raw bytes.
    Connection,
    /// Protocol B: net.tcp framing without an upgrade to TLS.
    Oneway,
}

impl SubProtocol {
    /// All that are served. `AMQPWSB10` is of queues, not of the relay.
    pub const ALL: [Self; 3] = [Self::Amqp, Self::Connection, Self::Oneway];

    /// Its name, which the answer repeats in the same letters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amqp => "wsrelayedamqp",
            Self::Connection => "wsrelayedconnection",
            Self::Oneway => "wsrelayedoneway",
        }
    }

    /// The first one that is served of those a `Sec-WebSocket-Protocol` header offers. Case counts: the client compares
    /// what it gets back with what it sent.
    pub fn choose(offered: &str) -> Option<Self> {
        let mut names = offered.split(',').map(str::trim);
        names.find_map(|name| Self::ALL.into_iter().find(|known| known.name() == name))
    }

    /// How frames go, ours never as pings, never in fragments and never masked. The client masks with zeros, which is a
    /// key like any other.
    pub const fn dialect(self) -> FrameDialect {
        FrameDialect::wcf_server(match self {
            Self::Amqp => LINK_FRAME,
            Self::Connection | Self::Oneway => SAFE_FRAME,
        })
    }
}

/// Whether a request's path, without its query, is that of an upgrade.
pub fn is_websocket_path(path: &str) -> bool {
    let path = path.strip_prefix("/%24").or_else(|| path.strip_prefix("/$"));
    path.is_some_and(|path| path.eq_ignore_ascii_case(&WEBSOCKET_PATH[2..]))
}

/// The headers of the 101, with their values as the client compares them: `Connection` is one word, not a list.
///
/// `accept` is the value of RFC 6455 4.2.2 for the client's key. Other headers may come with them, 8 KiB in all; none may
/// be an extension's, and each has a blank behind its colon.
pub fn upgrade_headers(protocol: SubProtocol, accept: &str) -> [(&'static str, &str); 4] {
    [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", accept),
        ("Sec-WebSocket-Protocol", protocol.name()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_protocols_are_told_by_their_exact_names() {
        for protocol in SubProtocol::ALL {
            assert_eq!(SubProtocol::choose(protocol.name()), Some(protocol));
            assert_eq!(SubProtocol::choose(&protocol.name().to_uppercase()), None);
        }
        assert_eq!(
            SubProtocol::choose("chat,  wsrelayedconnection , wsrelayedamqp"),
            Some(SubProtocol::Connection)
        );
        assert_eq!(SubProtocol::choose("AMQPWSB10"), None);
        assert_eq!(SubProtocol::choose(""), None);
    }

    #[test]
    fn path_of_an_upgrade() {
        assert!(is_websocket_path(WEBSOCKET_PATH));
        assert!(is_websocket_path("/%24ServiceBus/WebSocket"));
        for path in ["/", "", "/$servicebus/websocket/", "/$servicebus", "/servicebus/websocket", "/$hc/a"] {
            assert!(!is_websocket_path(path), "{path}");
        }
    }

    #[test]
    fn frames_to_a_client_are_whole_and_small() {
        for protocol in SubProtocol::ALL {
            let dialect = protocol.dialect();
            assert!(!dialect.may_ping && !dialect.may_fragment && !dialect.borders);
            assert!(dialect.largest_frame <= 65_536);
        }
        assert_eq!(SubProtocol::Connection.dialect().largest_frame, 8192);
    }
}
