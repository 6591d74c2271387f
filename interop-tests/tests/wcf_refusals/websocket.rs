//! What is refused on 5671, 9352 and 9351 is refused alike where a WebSocket on 443 carries it. Relay page 1.4.

use interop_tests::relay_play::refused::{Carrier, ListeningPeer, OneWayPeer, Question, RelayedPeer};

use crate::peer::Peer;
use crate::{listener_link, oneway, rendezvous};

const LISTENER: Peer = Peer {
    ask: |gateway, question| ListeningPeer::ask(gateway, &question.over(Carrier::WebSocket)).refused(),
    ..listener_link::LISTENER
};

const SENDER: Peer = Peer {
    ask: |gateway, question| RelayedPeer::ask(gateway, &question.over(Carrier::WebSocket)).refused(),
    wait: |gateway| Box::new(RelayedPeer::ask(gateway, &Question::default().over(Carrier::WebSocket))),
    ..rendezvous::SENDER
};

const ONEWAY_SENDER: Peer = Peer {
    ask: |gateway, question| OneWayPeer::connect(gateway, &question.over(Carrier::WebSocket)).refused(),
    wait: |gateway| {
        let mut sender = OneWayPeer::connect(gateway, &Question::default().over(Carrier::WebSocket));
        sender.granted();
        Box::new(sender)
    },
    ..oneway::SENDER
};

refusals! { LISTENER:
    fn a_listener_on_443_with_a_wrong_key_is_refused_for_good() is WrongKey,
        "com.microsoft:auth-failed", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_listener_on_443_whose_token_ended_lately_may_come_again() is EndedLately,
        "com.microsoft:timeout", "not authorised: ExpiredToken: The token is expired.";
    fn a_listener_on_443_whose_token_ended_long_ago_is_refused_for_good() is EndedLongAgo,
        "com.microsoft:auth-failed", "not authorised: ExpiredToken: The token is expired.";
    fn a_listener_on_443_that_may_only_send_is_refused_for_good() is WrongRight,
        "com.microsoft:auth-failed",
        "not authorised: Unauthorized access. 'Listen' claim(s) are required to perform this operation";
    fn a_listener_on_443_without_a_token_is_refused_for_good() is NoToken,
        "com.microsoft:auth-failed", "not authorised: MissingToken: Relay security token is required";
    fn a_listener_on_443_with_a_malformed_token_is_refused_for_good() is MalformedToken,
        "com.microsoft:auth-failed", "not authorised: MalformedToken: The token is malformed";
    fn a_listener_on_443_with_a_token_for_another_relay_is_refused_for_good() is OtherAudience,
        "com.microsoft:auth-failed",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_listener_on_443_at_a_relay_that_is_not_there_is_refused_for_good() is UnknownRelay,
        "com.microsoft:relay-not-found", "no such relay";
    fn a_listener_on_443_at_a_relay_that_is_switched_off_may_come_again() is Disabled,
        "com.microsoft:entity-disabled", "the relay is disabled";
    fn a_listener_on_443_at_a_host_of_nobody_may_come_again() is UnknownHost,
        "amqp:not-found", "malformed request: unknown host";
    fn a_listener_on_443_more_than_the_relay_may_have_may_come_again() is ListenersOfTheRelay,
        "amqp:resource-limit-exceeded", "the relay has its 1 listeners";
    fn a_listener_on_443_at_a_relay_of_another_kind_is_told_of_the_conflict() is OtherKind,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_on_443_at_a_hybrid_connection_is_told_of_the_conflict() is HybridRelay,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_on_443_with_other_terms_is_told_of_the_conflict() is OtherTerms,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_on_443_above_a_relay_of_somebody_else_is_told_of_the_conflict() is OtherOwner,
        "com.microsoft:address-already-in-use", "the relay is in use in another way";
    fn a_listener_on_443_that_comes_while_the_gateway_drains_may_come_again() is Draining,
        "com.microsoft:server-busy", "the gateway is draining";
}

refusals! { SENDER:
    fn a_sender_on_443_with_a_wrong_key() is WrongKey,
        "AuthorizationFailedFault", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_sender_on_443_whose_token_ended() is EndedLately,
        "AuthorizationFailedFault", "not authorised: ExpiredToken: The token is expired.";
    fn a_sender_on_443_that_may_only_listen() is WrongRight,
        "AuthorizationFailedFault",
        "not authorised: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_sender_on_443_without_a_token() is NoToken,
        "AuthorizationFailedFault", "not authorised: MissingToken: Relay security token is required";
    fn a_sender_on_443_with_a_malformed_token() is MalformedToken,
        "AuthorizationFailedFault", "not authorised: MalformedToken: The token is malformed";
    fn a_sender_on_443_with_a_token_for_another_relay() is OtherAudience,
        "AuthorizationFailedFault",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_sender_on_443_when_nobody_listens() is NoListener,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_on_443_to_a_relay_that_is_not_there() is UnknownRelay,
        "RelayNotFoundFault", "no such relay";
    fn a_sender_on_443_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_on_443_to_a_relay_that_is_switched_off() is Disabled,
        "EndpointNotFoundFault", "the relay is disabled";
    fn a_sender_on_443_to_a_host_of_nobody() is UnknownHost,
        "AddressNotFoundFault", "malformed request: unknown host";
    fn a_sender_on_443_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "QuotaExceededFault", "the namespace has its 1 connections";
    fn a_sender_on_443_more_than_may_wait() is SendersThatWait,
        "QuotaExceededFault", "too many senders are waiting";
    fn a_sender_on_443_more_than_a_listener_may_be_told_of() is InvitationsOfTheListener,
        "QuotaExceededFault", "overloaded";
    fn a_sender_on_443_that_no_listener_can_take() is OtherShape,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_sender_on_443_that_no_listener_takes_in_time() is NotAccepted,
        "EndpointNotFoundFault", "the listener did not accept the connection in time";
    fn a_sender_on_443_whose_listener_leaves() is ListenerLeaves,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_on_443_that_is_rejected() is Rejected,
        "ConnectionFailedFault", "the listener rejected the connection with status 403";
    fn a_sender_on_443_that_comes_while_the_gateway_drains() is Draining,
        "ServerErrorFault", "the gateway is draining";
}

refusals! { ONEWAY_SENDER:
    fn a_oneway_sender_on_443_with_a_wrong_key() is WrongKey,
        "AuthorizationFailedFault", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_oneway_sender_on_443_whose_token_ended() is EndedLately,
        "AuthorizationFailedFault", "not authorised: ExpiredToken: The token is expired.";
    fn a_oneway_sender_on_443_that_may_only_listen() is WrongRight,
        "AuthorizationFailedFault",
        "not authorised: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_oneway_sender_on_443_without_a_token() is NoToken,
        "AuthorizationFailedFault", "not authorised: MissingToken: Relay security token is required";
    fn a_oneway_sender_on_443_with_a_malformed_token() is MalformedToken,
        "AuthorizationFailedFault", "not authorised: MalformedToken: The token is malformed";
    fn a_oneway_sender_on_443_with_a_token_for_another_relay() is OtherAudience,
        "AuthorizationFailedFault",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_oneway_sender_on_443_when_nobody_listens() is NoListener,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_oneway_sender_on_443_to_a_relay_that_is_not_there() is UnknownRelay,
        "RelayNotFoundFault", "no such relay";
    fn a_oneway_sender_on_443_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_oneway_sender_on_443_to_a_relay_that_is_switched_off() is Disabled,
        "EndpointNotFoundFault", "the relay is disabled";
    fn a_oneway_sender_on_443_to_a_host_of_nobody() is UnknownHost,
        "AddressNotFoundFault", "malformed request: unknown host";
    fn a_oneway_sender_on_443_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "QuotaExceededFault", "the namespace has its 1 connections";
    fn a_oneway_sender_on_443_to_a_relay_of_connections() is OtherKind,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_oneway_sender_on_443_that_no_listener_can_take() is OtherShape,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_oneway_sender_on_443_that_comes_while_the_gateway_drains() is Draining,
        "ServerErrorFault", "the gateway is draining";
}
