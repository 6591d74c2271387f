//! Hybrid Connections over WebSocket: a refused handshake, with the words in the reason phrase. Hybrid page 2.1, 4, 6.6.

use interop_tests::relay_play::refused::{Question, RECORDING, RELAY, Told};
use interop_tests::{Answer, Gateway, WebSocket};

use crate::peer::{HYBRID, Heard, NET_TCP, Peer, Right};

const LISTENER: Peer = Peer {
    right: Right::Listen,
    path: RELAY,
    listener: RECORDING,
    kind: HYBRID,
    other_kind: NET_TCP,
    other_shape: "",
    ask: |gateway, question| ask(gateway, question, "listen"),
    heard: Heard::Invitation,
    wait: |_| Box::new(()),
};

pub(crate) const SENDER: Peer = Peer {
    right: Right::Send,
    other_shape: "exchange",
    ask: |gateway, question| ask(gateway, question, "connect"),
    wait: |gateway| {
        let mut wire = gateway.connect();
        let token = Question::default().token(RELAY, "send").expect("a good one");
        WebSocket::ask(&mut wire, &target("connect"), &[("ServiceBusAuthorization", &token)]);
        Box::new(wire)
    },
    ..LISTENER
};

fn target(action: &str) -> String {
    format!("/$hc/{RELAY}?sb-hc-action={action}")
}

fn ask(gateway: &Gateway, question: &Question, action: &str) -> Told {
    let token = question.token(RELAY, if action == "listen" { "listen" } else { "send" });
    let mut headers: Vec<(&str, &str)> = Vec::new();
    headers.extend(token.iter().map(|token| ("ServiceBusAuthorization", token.as_str())));
    if question.unknown_host {
        headers.push(("Host", "contosi.servicebus.windows.net"));
    }
    let answer = WebSocket::try_open(gateway.connect(), &target(action), &headers).err().expect("a refusal");
    assert_eq!(answer.body, b"", "a refused handshake has no body");
    told(&answer)
}

/// Status and reason phrase. The tracking id is in a header, too; behind a listener's own words there only.
pub(crate) fn told(answer: &Answer) -> Told {
    let told = Told::new(answer.status.to_string(), &answer.reason);
    let id = answer.header("TrackingId").map(str::to_owned);
    assert!(told.id.is_none() || told.id == id, "{answer:?}");
    Told { id, ..told }
}

refusals! { LISTENER:
    fn a_hybrid_listener_with_a_wrong_key() is WrongKey,
        "401", "InvalidSignature: The token has an invalid signature";
    fn a_hybrid_listener_whose_token_ended() is EndedLately,
        "401", "ExpiredToken: The token is expired.";
    fn a_hybrid_listener_that_may_only_send() is WrongRight,
        "401", "Unauthorized access. 'Listen' claim(s) are required to perform this operation";
    fn a_hybrid_listener_without_a_token() is NoToken,
        "401", "MissingToken: Relay security token is required";
    fn a_hybrid_listener_with_a_malformed_token() is MalformedToken,
        "401", "MalformedToken: The token is malformed";
    fn a_hybrid_listener_with_a_token_for_another_relay() is OtherAudience,
        "401", "InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_hybrid_listener_at_a_relay_that_is_not_there() is UnknownRelay,
        "404", "Endpoint does not exist";
    fn a_hybrid_listener_at_a_relay_that_is_switched_off() is Disabled,
        "403", "The endpoint is disabled";
    fn a_hybrid_listener_at_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_hybrid_listener_more_than_the_relay_may_have() is ListenersOfTheRelay,
        "403", "MaximumListenersPerEndpointExceeded: the maximum number of listeners, 1, has been reached";
    fn a_hybrid_listener_at_a_wcf_relay() is OtherKind,
        "409", "Conflict";
    fn a_hybrid_listener_that_comes_while_the_gateway_drains() is Draining,
        "503", "ServerBusy";
}

refusals! { SENDER:
    fn a_hybrid_sender_with_a_wrong_key() is WrongKey,
        "401", "InvalidSignature: The token has an invalid signature";
    fn a_hybrid_sender_whose_token_ended() is EndedLately,
        "401", "ExpiredToken: The token is expired.";
    fn a_hybrid_sender_that_may_only_listen() is WrongRight,
        "401", "Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_hybrid_sender_without_a_token() is NoToken,
        "401", "MissingToken: Relay security token is required";
    fn a_hybrid_sender_with_a_malformed_token() is MalformedToken,
        "401", "MalformedToken: The token is malformed";
    fn a_hybrid_sender_with_a_token_for_another_relay() is OtherAudience,
        "401", "InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_hybrid_sender_when_nobody_listens() is NoListener,
        "404", "There are no listeners connected for the endpoint";
    fn a_hybrid_sender_to_a_relay_that_is_not_there() is UnknownRelay,
        "404", "Endpoint does not exist";
    fn a_hybrid_sender_to_a_relay_that_is_switched_off() is Disabled,
        "403", "The endpoint is disabled";
    fn a_hybrid_sender_to_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_hybrid_sender_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "403", "QuotaExceeded: the maximum number of connections of the namespace, 1, has been reached";
    fn a_hybrid_sender_more_than_may_wait() is SendersThatWait,
        "429", "TooManyRequests: too many senders are waiting for a listener";
    fn a_hybrid_sender_more_than_a_listener_may_be_told_of() is InvitationsOfTheListener,
        "503", "ServerBusy";
    fn a_hybrid_sender_that_no_listener_can_take() is OtherShape,
        "404", "There are no listeners connected for the endpoint that take this kind of request";
    fn a_hybrid_sender_that_no_listener_takes_in_time() is NotAccepted,
        "504", "The listener did not accept the connection within the allotted time";
    fn a_hybrid_sender_whose_listener_leaves() is ListenerLeaves,
        "404", "There are no listeners connected for the endpoint";
    fn a_hybrid_sender_that_is_rejected() is Rejected,
        "403", "not today";
    fn a_hybrid_sender_that_comes_while_the_gateway_drains() is Draining,
        "503", "ServerBusy";
}
