//! What carries the sessions of one-way senders and of listeners from before AMQP. Relay page 1.4, 1.5 and 3.1.

use std::net::SocketAddr;

use crate::Gateway;

use super::oneway::OneWay;
use super::recording::Recording;
use super::road::HOST;
use super::talk::Talk;
use super::web_stream;
use super::websocket::WebSocketLine;

/// What carries a session.
#[derive(Clone, Copy, Debug)]
pub enum Carrier {
    /// TCP on 9351, with TLS inside.
    Tcp,
    /// A WebSocket on 443.
    WebSocket,
    /// A web stream on 443.
    WebStreamInTls,
    /// A web stream on 80, with TLS inside.
    WebStream,
    /// The same through a proxy.
    WebStreamThrough(SocketAddr),
}

/// Where a web stream was recorded.
const WEB_STREAM: &str = "v2.7.5/webstream-http-v2.7.5";

impl Carrier {
    /// A session whose recorded bytes are `sent`. On 443 there is no TLS inside.
    pub(super) fn session(self, gateway: &Gateway, sent: &[u8]) -> OneWay {
        let web_stream = web_stream::Recorded::for_role(&Recording::open(WEB_STREAM), "oneway");
        let stream = match self {
            Self::Tcp => return OneWay::tls(gateway, HOST, sent),
            Self::WebSocket => {
                let line = WebSocketLine::dial(gateway, HOST, "wsrelayedoneway");
                return OneWay::carried(Talk::new(line), sent);
            }
            Self::WebStreamInTls => {
                let wire = web_stream.open_https(gateway, HOST).into_wire();
                return OneWay::carried(Talk::new(wire), sent);
            }
            Self::WebStream => web_stream.open(gateway),
            Self::WebStreamThrough(proxy) => web_stream.open_through(proxy, gateway),
        };
        OneWay::carried_with_tls(stream.into_wire(), gateway, HOST, sent)
    }
}
