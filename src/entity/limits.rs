//! Every limit and every time-out, each with its unit, its default and where it comes from.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units;

/// What a peer may make the gateway hold. Sizes are bytes, written `"64KiB"`; counts are numbers, 0 means no limit where it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Listeners of one relay at a time; 0 = no limit. Source: Azure Relay's quota, hybrid page 9.
    pub listeners_per_relay: u32,
    /// Joined and waiting connections of one namespace at a time; 0 = no limit. Source: Azure Relay's quota, hybrid page 9.
    pub connections_per_namespace: u32,
    /// Relays of one namespace; 0 = no limit. Source: Azure Relay's quota, hybrid page 9.
    pub relays_per_namespace: u32,
    /// Policies on one namespace or one relay. Source: hybrid page 6.5.
    pub policies_per_level: u32,
    /// One control-channel text message. More than 64 KiB breaks the .NET and Java listeners. Source: hybrid page 0, rule 4.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub control_message: usize,
    /// One request or response body on the control channel; larger ones take a rendezvous. Source: hybrid page 5.1.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub control_body: usize,
    /// Payload of one WebSocket data frame sent to a peer. More than 64 KiB breaks the Java client. Source: hybrid page 0, rule 5.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub frame: usize,
    /// An HTTP request head, request line included; beyond it the answer is 431. Source: hybrid page 5.1.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub request_head: usize,
    /// Header lines in one request head.
    pub request_headers: u32,
    /// The path of a request as sent.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub request_path: usize,
    /// A SAS token. Source: hybrid page 6.1.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub token: usize,
    /// Senders of one relay waiting for a listener at a time; 0 = no limit. Design, section 5.
    pub pending_per_relay: u32,
    /// Invitations one listener may have outstanding; 0 = no limit. Design, section 5.
    pub pending_per_listener: u32,
    /// Senders of one address waiting at a time; 0 = no limit. Design, section 5.
    pub pending_per_address: u32,
    /// Open connections of one door; further ones wait in the operating system's queue.
    pub connections_per_door: u32,
    /// Failed handshakes of one address within a minute before answers are delayed; 0 = never. Source: hybrid page 2.5.
    pub failed_handshakes_per_minute: u32,
    /// A net.tcp Via, in bytes of UTF-8. Source: [MC-NMF] as .NET keeps it, framing page 1.2 (2048), and room for a token in its last segments.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub via: usize,
    /// A sized net.tcp envelope; 0 = whatever the service takes. Source: framing page 2.3.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub envelope: usize,
    /// A message that a WCF listener sends on its control link. No public binding sends any. Source: relay page 11.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub listener_message: usize,
    /// A one-way message or an event, as its sender sent it and as its listeners get it; more than 64 KiB is never taken. Source: relay page 11.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub oneway_message: usize,
    /// One-way messages that wait for one listener, or that it has not answered; beyond it a message goes to the next listener, or is refused.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub oneway_outstanding: usize,
    /// One-way messages of one sender's connection that wait for their answers; beyond it no more is read from it.
    pub oneway_in_flight: u32,
    /// HTTP bindings: what is held back of a request until its body is over, so that a malformed one never reaches a listener; a longer one reaches
    /// it without an end. Source: relay page 7.3.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_held: usize,
    /// HTTP bindings: a SOAP message up to its body, kept until an action was put in and tokens were taken out. Source: relay page 7.4.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_soap_head: usize,
    /// HTTP bindings: a request body; 0 = no limit. Source: relay page 11.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_request: usize,
    /// HTTP bindings: objects and arrays inside one another in a JSON request.
    pub binding_json_depth: u32,
    /// HTTP bindings: the headers of a reply. Source: the library's own limit, relay page 0.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_reply_head: usize,
    /// HTTP bindings: a reply; 0 = no limit.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_reply: usize,
    /// HTTP bindings: a number in a reply that becomes JSON.
    #[serde(with = "units::size")]
    #[schemars(with = "String")]
    pub binding_json_scalar: usize,
    /// HTTP bindings: connections of one listener that are kept for a next request; 0 = none. Source: relay page 7.3 (one or two).
    pub binding_kept: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            listeners_per_relay: 25,
            connections_per_namespace: 5_000,
            relays_per_namespace: 10_000,
            policies_per_level: 12,
            control_message: 64 << 10,
            control_body: 64 << 10,
            frame: 64 << 10,
            request_head: 64 << 10,
            request_headers: 200,
            request_path: 8 << 10,
            token: 8 << 10,
            pending_per_relay: 1_000,
            pending_per_listener: 1_000,
            pending_per_address: 1_000,
            connections_per_door: 50_000,
            failed_handshakes_per_minute: 30,
            via: 2_048,
            envelope: 0,
            listener_message: 64 << 10,
            oneway_message: 64 << 10,
            oneway_outstanding: 4 << 20,
            oneway_in_flight: 16,
            binding_held: 64 << 10,
            binding_soap_head: 256 << 10,
            binding_request: 0,
            binding_json_depth: 128,
            binding_reply_head: 64 << 10,
            binding_reply: 0,
            binding_json_scalar: 1 << 10,
            binding_kept: 1,
        }
    }
}

/// How long the gateway waits. Written `"30s"`, `"5m"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// From accepting a connection to a complete request head, preamble or TLS handshake. Source: framing page 6.2 (30 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub handshake: Duration,
    /// A sender waits this long for a listener to take it; then 504. Source: hybrid page 3.2.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub accept: Duration,
    /// A listener that has not taken an invitation after this long is passed over for another. Source: hybrid page 2.6.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub pass_over: Duration,
    /// From handing a request to a listener to its `response`; `"0s"` = none. A relay may set its own. Source: hybrid page 5.6.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub response: Duration,
    /// Silence inside a response body before the exchange is given up. Source: hybrid page 5.6.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub response_idle: Duration,
    /// Silence of a sender inside its request body; then 408. Source: hybrid page 5.6.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub request_idle: Duration,
    /// After one side closed, the other may go on this long; activity prolongs it. Source: hybrid page 3.5.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub half_close: Duration,
    /// A WebSocket that was quiet this long is pinged; `"0s"` = never. Source: hybrid page 2.4.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub ping: Duration,
    /// A WebSocket from which nothing came this long is dropped. Source: hybrid page 2.4.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub silence: Duration,
    /// How far clocks may differ when a token's end is checked. Source: hybrid page 6.6.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub token_skew: Duration,
    /// How long a control channel outlives its token. Source: hybrid page 0, rule 17.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub token_grace: Duration,
    /// An HTTP connection without a request is closed after this long.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// A net.tcp connection without a new preamble is closed after this long. Source: framing page 6.2 (2 min).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub net_tcp_idle: Duration,
    /// After SIGTERM, running exchanges and connections get this long.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub drain: Duration,
    /// How long the answer to a refused handshake is held back once an address failed too often. Source: hybrid page 2.5.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub refusal_delay: Duration,
    /// A WCF listener's control link is told to give a sign of life this often; at least `"60s"`. Source: relay page 2.2 (120 s to 240 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub amqp_idle: Duration,
    /// A WCF listener's control link from which nothing came this long is dropped. Source: [AMQP 2.4.5], longer than `amqp_idle`.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub amqp_silence: Duration,
    /// After this much silence of ours a WCF listener gets an empty frame. Source: relay page 2.2 (20 s to 30 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub amqp_keep_alive: Duration,
    /// A WCF listener that is sent away has this long to say goodbye; then the connection is closed. Source: relay page 2.2.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub amqp_closing: Duration,
    /// How long every refusal of a WCF listener is held back: old libraries come again at once. Source: relay page 2.2 (1 s to 3 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub listener_refusal: Duration,
    /// A one-way message waits this long for its listener to take it; then its sender is told a fault. Source: relay page 3.2 (below 60 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub oneway: Duration,
    /// A one-way sender, or a listener older than 2.4, from which nothing came this long is dropped. Source: relay page 3.2 (90 s).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub oneway_idle: Duration,
    /// How long a simple web token is good that the token service makes. Source: a signature's usual life, relay page 8.1 (20 min).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub issued_token: Duration,
    /// HTTP bindings: how long a listener's connection is kept for a next request. Source: relay page 7.3 (the listener ends it after 2 min).
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub binding_kept: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(30),
            accept: Duration::from_secs(30),
            pass_over: Duration::from_secs(10),
            response: Duration::from_secs(60),
            response_idle: Duration::from_secs(60),
            request_idle: Duration::from_secs(60),
            half_close: Duration::from_secs(60),
            ping: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            token_skew: Duration::from_secs(300),
            token_grace: Duration::from_secs(300),
            keep_alive: Duration::from_secs(120),
            net_tcp_idle: Duration::from_secs(120),
            drain: Duration::from_secs(30),
            refusal_delay: Duration::from_secs(2),
            amqp_idle: Duration::from_secs(120),
            amqp_silence: Duration::from_secs(180),
            amqp_keep_alive: Duration::from_secs(25),
            amqp_closing: Duration::from_secs(5),
            listener_refusal: Duration::from_secs(2),
            oneway: Duration::from_secs(10),
            oneway_idle: Duration::from_secs(90),
            issued_token: Duration::from_secs(20 * 60),
            binding_kept: Duration::from_secs(60),
        }
    }
}
