//! A listener on 5671 is refused: both links detached with a condition, on which the library acts. Relay page 2.2.

use interop_tests::relay_play::refused::{HOST, ListeningPeer, Question, RECORDING, RELAY};
use interop_tests::{Config, Gateway};

use crate::logged_once;
use crate::peer::{HTTP, Heard, NET_TCP, Peer, Right};

pub(crate) const LISTENER: Peer = Peer {
    right: Right::Listen,
    path: RELAY,
    listener: RECORDING,
    kind: NET_TCP,
    other_kind: HTTP,
    other_shape: "",
    ask: |gateway, question| ListeningPeer::ask(gateway, question).refused(),
    heard: Heard::Invitation,
    wait: |_| Box::new(()),
};

refusals! { LISTENER:
    fn a_listener_with_a_wrong_key_is_refused_for_good() is WrongKey,
        "com.microsoft:auth-failed", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_listener_whose_token_ended_lately_may_come_again() is EndedLately,
        "com.microsoft:timeout", "not authorised: ExpiredToken: The token is expired.";
    fn a_listener_whose_token_ended_long_ago_is_refused_for_good() is EndedLongAgo,
        "com.microsoft:auth-failed", "not authorised: ExpiredToken: The token is expired.";
    fn a_listener_that_may_only_send_is_refused_for_good() is WrongRight,
        "com.microsoft:auth-failed",
        "not authorised: Unauthorized access. 'Listen' claim(s) are required to perform this operation";
    fn a_listener_without_a_token_is_refused_for_good() is NoToken,
        "com.microsoft:auth-failed", "not authorised: MissingToken: Relay security token is required";
    fn a_listener_with_a_malformed_token_is_refused_for_good() is MalformedToken,
        "com.microsoft:auth-failed", "not authorised: MalformedToken: The token is malformed";
    fn a_listener_with_a_token_for_another_relay_is_refused_for_good() is OtherAudience,
        "com.microsoft:auth-failed",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_listener_at_a_relay_that_is_not_there_is_refused_for_good() is UnknownRelay,
        "com.microsoft:relay-not-found", "no such relay";
    fn a_listener_at_a_relay_that_is_switched_off_may_come_again() is Disabled,
        "com.microsoft:entity-disabled", "the relay is disabled";
    fn a_listener_at_a_host_of_nobody_may_come_again() is UnknownHost,
        "amqp:not-found", "malformed request: unknown host";
    fn a_listener_more_than_the_relay_may_have_may_come_again() is ListenersOfTheRelay,
        "amqp:resource-limit-exceeded", "the relay has its 1 listeners";
    fn a_listener_at_a_relay_of_another_kind_is_told_of_the_conflict() is OtherKind,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_at_a_hybrid_connection_is_told_of_the_conflict() is HybridRelay,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_with_other_terms_is_told_of_the_conflict() is OtherTerms,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_above_a_relay_of_somebody_else_is_told_of_the_conflict() is OtherOwner,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_that_comes_while_the_gateway_drains_may_come_again() is Draining,
        "com.microsoft:server-busy", "the gateway is draining";
    fn a_listener_that_cannot_be_told_where_to_dial_is_refused() is NowhereToDial,
        "amqp:internal-error", "internal error";
}

#[test]
fn a_listener_that_wants_no_relay_made_for_it_finds_none() {
    let gateway = gateway();
    let question = Question::changed(b"com.microsoft:dynamic-relay\x41", b"com.microsoft:dynamic-relay\x42");

    let told = ListeningPeer::ask(&gateway, &question).refused();

    assert_eq!((&*told.code, &*told.words), ("com.microsoft:relay-not-found", "no such relay"));
    logged_once(&gateway, &told);
}

#[test]
fn a_relay_has_25_listeners_and_no_26th() {
    let gateway = gateway();
    let _listeners: Vec<ListeningPeer> =
        (0..25).map(|_| ListeningPeer::registered(&gateway, &Question::default())).collect();

    let told = ListeningPeer::ask(&gateway, &Question::default()).refused();

    assert_eq!(
        (&*told.code, &*told.words),
        ("amqp:resource-limit-exceeded", "the relay has its 25 listeners")
    );
    logged_once(&gateway, &told);
}

fn gateway() -> Gateway {
    let config = Config::new().host(HOST).timeout("listener_refusal", "50ms");
    Gateway::start(config.door("amqps", "127.0.0.1:0").door("rendezvous", "127.0.0.1:0"))
}
