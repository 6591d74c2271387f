//! A sender on 9352 is told a fault in place of its reply, and so is a listener that takes a connection which is not there. Relay page 4.4,
//! 4.6 and 8.4.

use interop_tests::relay_play::refused::{RECORDING, RELAY, RelayedPeer};

use crate::peer::{HYBRID, Heard, NET_TCP, Peer, Right};

pub(crate) const SENDER: Peer = Peer {
    right: Right::Send,
    path: RELAY,
    listener: RECORDING,
    kind: NET_TCP,
    other_kind: HYBRID,
    other_shape: "exchange",
    ask: |gateway, question| RelayedPeer::ask(gateway, question).refused(),
    heard: Heard::Invitation,
    wait: |gateway| Box::new(RelayedPeer::ask(gateway, &Default::default())),
};

refusals! { SENDER:
    fn a_sender_with_a_wrong_key() is WrongKey,
        "AuthorizationFailedFault", "not authorised: InvalidSignature: The token has an invalid signature";
    fn a_sender_whose_token_ended() is EndedLately,
        "AuthorizationFailedFault", "not authorised: ExpiredToken: The token is expired.";
    fn a_sender_that_may_only_listen() is WrongRight,
        "AuthorizationFailedFault",
        "not authorised: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_sender_without_a_token() is NoToken,
        "AuthorizationFailedFault", "not authorised: MissingToken: Relay security token is required";
    fn a_sender_with_a_malformed_token() is MalformedToken,
        "AuthorizationFailedFault", "not authorised: MalformedToken: The token is malformed";
    fn a_sender_with_a_token_for_another_relay() is OtherAudience,
        "AuthorizationFailedFault",
        "not authorised: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_sender_when_nobody_listens() is NoListener,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_to_a_relay_that_is_not_there() is UnknownRelay,
        "RelayNotFoundFault", "no such relay";
    fn a_sender_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_to_a_relay_that_is_switched_off() is Disabled,
        "EndpointNotFoundFault", "the relay is disabled";
    fn a_sender_to_a_host_of_nobody() is UnknownHost,
        "AddressNotFoundFault", "malformed request: unknown host";
    fn a_sender_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "QuotaExceededFault", "the namespace has its 1 connections";
    fn a_sender_more_than_may_wait() is SendersThatWait,
        "QuotaExceededFault", "too many senders are waiting";
    fn a_sender_more_than_a_listener_may_be_told_of() is InvitationsOfTheListener,
        "QuotaExceededFault", "overloaded";
    fn a_sender_that_no_listener_can_take() is OtherShape,
        "EndpointNotFoundFault", "no connected listener takes this shape";
    fn a_sender_that_no_listener_takes_in_time() is NotAccepted,
        "EndpointNotFoundFault", "the listener did not accept the connection in time";
    fn a_sender_whose_listener_leaves() is ListenerLeaves,
        "EndpointNotFoundFault", "no listener is connected";
    fn a_sender_that_is_rejected() is Rejected,
        "ConnectionFailedFault", "the listener rejected the connection with status 403";
    fn a_sender_in_clear_where_tls_is_required() is InClear,
        "NoTransportSecurityFault", "the relay requires transport security";
    fn a_sender_that_comes_while_the_gateway_drains() is Draining,
        "ServerErrorFault", "the gateway is draining";
}
