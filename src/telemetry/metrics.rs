//! The one list of metrics. Names are `relay_<thing>_<unit>`; labels come from closed sets, never from a peer.
//!
//! A handle is an atomic number behind a pointer: taking one from [`Metrics`] and counting takes no lock.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::config::DoorName;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted. One for each gateway; shared behind an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Listeners that tried to connect. `relay_listener_connections_total{outcome}`
    pub listener_connections: ByOutcome,
    /// Senders that tried to connect or sent a request. `relay_sender_connections_total{outcome}`
    pub sender_connections: ByOutcome,
    /// Listeners connected now. `relay_active_listeners`
    pub active_listeners: Gauge,
    /// Senders joined with a listener now. `relay_active_connections`
    pub active_connections: Gauge,
    /// Invitations and one-way messages that a listener had no room for. `relay_listener_overflows_total`
    pub listener_overflows: Counter,
    /// One-way messages and events of senders. `relay_oneway_messages_total{outcome}`
    pub oneway_messages: ByOutcome,
    /// Listeners that went. `relay_listener_disconnects_total`
    pub listener_disconnects: Counter,
    /// Joined senders that went. `relay_sender_disconnects_total`
    pub sender_disconnects: Counter,
    /// Payload from senders to listeners. `relay_transferred_bytes_total{direction="to_listener"}`
    pub bytes_to_listener: Counter,
    /// Payload from listeners to senders. `relay_transferred_bytes_total{direction="to_sender"}`
    pub bytes_to_sender: Counter,
    /// Relayed HTTP requests. `relay_exchanges_total`
    pub exchanges: Counter,
    /// Answers to HTTP requests of senders. `relay_http_responses_total{class}`
    pub http_responses: ByClass,
    /// Senders waiting for a listener now. `relay_pending_rendezvous`
    pub pending_rendezvous: Gauge,
    /// Connections that ended before a complete request, preamble or TLS handshake, or in a refusal of it. `relay_handshake_failures_total{door}`
    pub handshake_failures: ByDoor<Counter>,
    /// Connections open now. `relay_door_connections{door}`
    pub door_connections: ByDoor<Gauge>,
}

/// How an attempt ended, as Azure Relay's metrics divide it (hybrid page, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It worked.
    Success,
    /// The peer was at fault: what HTTP says with 4xx.
    ClientError,
    /// We or the other side were: 5xx.
    ServerError,
}

impl Outcome {
    /// By the HTTP status that the peer got, 101 and 2xx being success.
    pub fn of_status(status: u16) -> Self {
        match status {
            400..=499 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Success,
        }
    }
}

/// A counter for each outcome.
#[derive(Clone, Debug)]
pub struct ByOutcome {
    /// It worked.
    pub success: Counter,
    /// The peer was at fault.
    pub client_error: Counter,
    /// We or the other side were.
    pub server_error: Counter,
}

impl ByOutcome {
    /// The counter of one outcome.
    pub fn of(&self, outcome: Outcome) -> &Counter {
        match outcome {
            Outcome::Success => &self.success,
            Outcome::ClientError => &self.client_error,
            Outcome::ServerError => &self.server_error,
        }
    }
}

/// The first digit of an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// 1xx, of which senders see 101.
    Informational,
    /// 2xx.
    Successful,
    /// 3xx.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx and above.
    ServerError,
}

/// A counter for each class of HTTP statuses.
#[derive(Clone, Debug)]
pub struct ByClass([Counter; 5]);

impl ByClass {
    /// The counter of a class.
    pub fn of(&self, class: StatusClass) -> &Counter {
        &self.0[class as usize]
    }

    /// The counter of a status.
    pub fn of_status(&self, status: u16) -> &Counter {
        self.of(match status {
            ..200 => StatusClass::Informational,
            200..300 => StatusClass::Successful,
            300..400 => StatusClass::Redirection,
            400..500 => StatusClass::ClientError,
            500.. => StatusClass::ServerError,
        })
    }
}

/// One metric for each door.
#[derive(Clone, Debug)]
pub struct ByDoor<M>([M; DoorName::ALL.len()]);

impl<M> ByDoor<M> {
    /// The metric of one door.
    pub fn of(&self, door: DoorName) -> &M {
        &self.0[door as usize]
    }
}

impl Metrics {
    /// All at nought.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("relay");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);

        let listeners = outcomes(&mut registry, "listener_connections", "Listeners that tried to connect");
        let senders =
            outcomes(&mut registry, "sender_connections", "Senders that tried to connect or sent a request");
        let active_listeners = gauge(&mut registry, "active_listeners", "Listeners connected now");
        let active_connections =
            gauge(&mut registry, "active_connections", "Senders joined with a listener now");
        let listener_overflows = counter(
            &mut registry,
            "listener_overflows",
            "Invitations and one-way messages that a listener had no room for",
        );
        let oneway_messages =
            outcomes(&mut registry, "oneway_messages", "One-way messages and events of senders");
        let listener_disconnects = counter(&mut registry, "listener_disconnects", "Listeners that went");
        let sender_disconnects = counter(&mut registry, "sender_disconnects", "Joined senders that went");

        let bytes = Labelled::<Counter>::default();
        registry.register_with_unit("transferred", "Payload relayed", Unit::Bytes, bytes.clone());
        let exchanges = counter(&mut registry, "exchanges", "HTTP requests relayed");
        let responses = Labelled::<Counter>::default();
        registry.register("http_responses", "Answers to HTTP requests of senders", responses.clone());
        let pending_rendezvous =
            gauge(&mut registry, "pending_rendezvous", "Senders waiting for a listener now");
        let failures = Labelled::<Counter>::default();
        let help = "Connections that ended before a complete request, preamble or TLS handshake, or in a refusal of it";
        registry.register("handshake_failures", help, failures.clone());
        let connections = Labelled::<Gauge>::default();
        registry.register("door_connections", "Connections open now", connections.clone());

        Self {
            registry,
            listener_connections: listeners,
            sender_connections: senders,
            active_listeners,
            active_connections,
            listener_overflows,
            oneway_messages,
            listener_disconnects,
            sender_disconnects,
            bytes_to_listener: bytes.get_or_create_owned(&[("direction", "to_listener")]),
            bytes_to_sender: bytes.get_or_create_owned(&[("direction", "to_sender")]),
            exchanges,
            http_responses: ByClass(
                ["1xx", "2xx", "3xx", "4xx", "5xx"]
                    .map(|class| responses.get_or_create_owned(&[("class", class)])),
            ),
            pending_rendezvous,
            handshake_failures: ByDoor(
                DoorName::ALL.map(|door| failures.get_or_create_owned(&[("door", door.as_str())])),
            ),
            door_connections: ByDoor(
                DoorName::ALL.map(|door| connections.get_or_create_owned(&[("door", door.as_str())])),
            ),
        }
    }

    /// All metrics in OpenMetrics text ([`CONTENT_TYPE`]).
    pub fn encode(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot go wrong");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A metric with one label.
type Labelled<M> = Family<[(&'static str, &'static str); 1], M>;

fn outcomes(registry: &mut Registry, name: &str, help: &str) -> ByOutcome {
    let family = Labelled::<Counter>::default();
    registry.register(name, help, family.clone());
    let of = |outcome| family.get_or_create_owned(&[("outcome", outcome)]);
    ByOutcome { success: of("success"), client_error: of("client_error"), server_error: of("server_error") }
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let metric = Counter::default();
    registry.register(name, help, metric.clone());
    metric
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let metric = Gauge::default();
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_there_from_the_start() {
        let text = Metrics::new().encode();
        for line in [
            "relay_listener_connections_total{outcome=\"success\"} 0",
            "relay_sender_connections_total{outcome=\"server_error\"} 0",
            "relay_active_listeners 0",
            "relay_active_connections 0",
            "relay_listener_disconnects_total 0",
            "relay_sender_disconnects_total 0",
            "relay_transferred_bytes_total{direction=\"to_sender\"} 0",
            "relay_listener_overflows_total 0",
            "relay_oneway_messages_total{outcome=\"success\"} 0",
            "relay_exchanges_total 0",
            "relay_http_responses_total{class=\"5xx\"} 0",
            "relay_pending_rendezvous 0",
            "relay_handshake_failures_total{door=\"net_tcp\"} 0",
            "relay_door_connections{door=\"https\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in:\n{text}");
        }
        assert!(text.contains("relay_build_info{version="), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn what_is_counted_shows() {
        let metrics = Metrics::new();
        metrics.listener_connections.of(Outcome::of_status(401)).inc();
        metrics.http_responses.of_status(204).inc();
        metrics.bytes_to_listener.inc_by(7);
        metrics.door_connections.of(DoorName::NetTcps).inc();
        let text = metrics.encode();
        assert!(text.contains("relay_listener_connections_total{outcome=\"client_error\"} 1\n"));
        assert!(text.contains("relay_http_responses_total{class=\"2xx\"} 1\n"));
        assert!(text.contains("relay_transferred_bytes_total{direction=\"to_listener\"} 7\n"));
        assert!(text.contains("relay_door_connections{door=\"net_tcps\"} 1\n"));
    }

    #[test]
    fn a_status_is_somebodys_fault() {
        assert_eq!(Outcome::of_status(101), Outcome::Success);
        assert_eq!(Outcome::of_status(404), Outcome::ClientError);
        assert_eq!(Outcome::of_status(504), Outcome::ServerError);
    }
}
