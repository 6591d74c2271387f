//! On 9350 and 9351 a sender of one-way messages is told a fault in answer to its Connect or its message, and a listener that is older than
//! AMQP in answer to its Listen. Relay page 2.7, 3.2 and 8.4.

use interop_tests::relay_play::refused::{
    HOST, ListeningPeer, ONEWAY_RECORDING, ONEWAY_RELAY, OneWayPeer, Question, Shown, Told,
};
use interop_tests::{Config, Gateway};

use crate::peer::{Heard, NET_TCP, ONEWAY, Peer, Right};
use crate::{listener_link, logged_once, reload};

pub(crate) const SENDER: Peer = Peer {
    right: Right::Send,
    path: ONEWAY_RELAY,
    listener: ONEWAY_RECORDING,
    kind: ONEWAY,
    other_kind: NET_TCP,
    other_shape: "stream",
    ask: |gateway, question| OneWayPeer::connect(gateway, question).refused(),
    heard: Heard::Nothing,
    wait: |gateway| {
        let mut sender = OneWayPeer::connect(gateway, &Question::default());
        sender.granted();
        Box::new(sender)
    },
};

const LISTENER: Peer = Peer {
    ask: |gateway, question| OneWayPeer::listen(gateway, question).refused(),
    heard: Heard::Nothing,
    ..listener_link::LISTENER
};

refusals! { SENDER:
    fn a_oneway_sender_with_a_wrong_key() is WrongKey,
        "AuthorizationFailedFault", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_oneway_sender_whose_token_ended() is EndedLately,
        "AuthorizationFailedFault", "not authorised: ExpiredToken: The token is expired.";
    fn a_oneway_sender_that_may_only_listen() is WrongRight,
        "AuthorizationFailedFault",
        "not authorised: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_oneway_sender_without_a_token() is NoToken,
        "AuthorizationFailedFault", "not authorised: MissingToken: Relay security token is required";
    fn a_oneway_sender_with_a_malformed_token() is MalformedToken,
        "AuthorizationFailedFault", "not authorised: MalformedToken: The token is malformed";
    fn a_oneway_sender_with_a_token_for_another_relay() is OtherAudience,
        "AuthorizationFailedFault",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_oneway_sender_when_nobody_listens() is NoListener,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_oneway_sender_to_a_relay_that_is_not_there() is UnknownRelay,
        "RelayNotFoundFault", "no such relay";
    fn a_oneway_sender_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_oneway_sender_to_a_relay_that_is_switched_off() is Disabled,
        "EndpointNotFoundFault", "the relay is disabled";
    fn a_oneway_sender_to_a_host_of_nobody() is UnknownHost,
        "AddressNotFoundFault", "malformed request: unknown host";
    fn a_oneway_sender_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "QuotaExceededFault", "the namespace has its 1 connections";
    fn a_oneway_sender_to_a_relay_of_connections() is OtherKind,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_oneway_sender_that_no_listener_can_take() is OtherShape,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_oneway_sender_in_clear_where_tls_is_required() is InClear,
        "NoTransportSecurityFault", "the relay requires transport security";
    fn a_oneway_sender_that_comes_while_the_gateway_drains() is Draining,
        "ServerErrorFault", "the gateway is draining";
}

refusals! { LISTENER:
    fn an_old_listener_with_a_wrong_key() is WrongKey,
        "AuthorizationFailedFault", "not authorised: InvalidSignature: The token has an invalid signature";
    fn an_old_listener_whose_token_ended() is EndedLately,
        "AuthorizationFailedFault", "not authorised: ExpiredToken: The token is expired.";
    fn an_old_listener_that_may_only_send() is WrongRight,
        "AuthorizationFailedFault",
        "not authorised: Unauthorized access. 'Listen' claim(s) are required to perform this operation";
    fn an_old_listener_without_a_token() is NoToken,
        "AuthorizationFailedFault", "not authorised: MissingToken: Relay security token is required";
    fn an_old_listener_with_a_malformed_token() is MalformedToken,
        "AuthorizationFailedFault", "not authorised: MalformedToken: The token is malformed";
    fn an_old_listener_with_a_token_for_another_relay() is OtherAudience,
        "AuthorizationFailedFault",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn an_old_listener_at_a_relay_that_is_not_there() is UnknownRelay,
        "RelayNotFoundFault", "no such relay";
    fn an_old_listener_at_a_relay_that_is_switched_off() is Disabled,
        "EndpointNotFoundFault", "the relay is disabled";
    fn an_old_listener_at_a_host_of_nobody() is UnknownHost,
        "AddressNotFoundFault", "malformed request: unknown host";
    fn an_old_listener_more_than_the_relay_may_have() is ListenersOfTheRelay,
        "QuotaExceededFault", "the relay has its 1 listeners";
    fn an_old_listener_at_a_relay_of_another_kind() is OtherKind,
        "AddressAlreadyInUseFault", "the relay is in use in another way";
    fn an_old_listener_at_a_hybrid_connection() is HybridRelay,
        "AddressAlreadyInUseFault", "the relay is in use in another way";
    fn an_old_listener_with_other_terms() is OtherTerms,
        "AddressAlreadyInUseFault", "the relay is in use in another way";
    fn an_old_listener_above_a_relay_of_somebody_else() is OtherOwner,
        "AddressAlreadyInUseFault", "the relay is in use in another way";
    fn an_old_listener_that_comes_while_the_gateway_drains() is Draining,
        "ServerErrorFault", "the gateway is draining";
    fn an_old_listener_that_cannot_be_told_where_to_dial() is NowhereToDial,
        "ServerErrorFault", "internal error";
}

/// A gateway with the relay of the one-way recording, a listener that is there, and a sender whose Connect was accepted.
fn connected(config: Config, shown: Shown) -> (Gateway, ListeningPeer, OneWayPeer) {
    let doors = ["amqps", "rendezvous", "oneway", "oneway_tls"];
    let relay = format!("path = \"{ONEWAY_RELAY}\"\n{ONEWAY}locked = true\nenabled = true\n");
    let config = doors.into_iter().fold(config, |config, door| config.door(door, "127.0.0.1:0"));
    let gateway = Gateway::start(config.host(HOST).relay(&relay));
    let listener = ListeningPeer::registered_as(&gateway, ONEWAY_RECORDING, &Question::default());
    let mut sender = OneWayPeer::connect(&gateway, &Question::with(shown));
    sender.granted();
    (gateway, listener, sender)
}

#[track_caller]
fn message_refused(gateway: &Gateway, sender: &mut OneWayPeer, code: &str, words: &str) -> Told {
    sender.send();
    let told = sender.refused();
    assert_eq!((&*told.code, &*told.words), (code, words));
    logged_once(gateway, &told);
    told
}

#[test]
fn a_message_to_an_address_that_somebody_else_has_taken() {
    let (gateway, _listener, mut sender) = connected(Config::new(), Shown::Good);

    reload(&gateway, "wcf_type = \"NetOneway\"\nlocked", "wcf_type = \"NetTcp\"\nlocked");

    message_refused(&gateway, &mut sender, "AddressReplacedFault", "no connected listener takes this shape");
}

#[test]
fn a_message_to_a_relay_that_was_switched_off() {
    let (gateway, _listener, mut sender) = connected(Config::new(), Shown::Good);

    reload(&gateway, "enabled = true", "enabled = false");

    message_refused(&gateway, &mut sender, "EndpointNotFoundFault", "the relay is disabled");
}

#[test]
fn a_message_whose_listener_has_left() {
    let (gateway, listener, mut sender) = connected(Config::new(), Shown::Good);

    listener.hang_up();

    message_refused(&gateway, &mut sender, "EndpointNotFoundFault", "no listener is connected");
}

#[test]
fn a_message_that_the_listener_does_not_settle_in_time() {
    let config = Config::new().timeout("oneway", "1s");
    let (gateway, _listener, mut sender) = connected(config, Shown::Good);

    let words = "the listener did not respond in time";
    message_refused(&gateway, &mut sender, "ConnectionFailedFault", words);
}
