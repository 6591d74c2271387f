//! A client of an HTTP binding is told a SOAP fault, anybody else an `Error`, each with its status. Relay page 7.1 and 8.4.

use interop_tests::relay_play::refused::{HTTP_RECORDING, HTTP_RELAY, HttpPeer, Question};

use crate::peer::{HTTP, HYBRID, Heard, Peer, Right};

const SOAP: Peer = Peer {
    right: Right::Send,
    path: HTTP_RELAY,
    listener: HTTP_RECORDING,
    kind: HTTP,
    other_kind: HYBRID,
    other_shape: "stream",
    ask: |gateway, question| HttpPeer::soap(gateway, question).refused(),
    heard: Heard::Invitation,
    wait: |gateway| Box::new(HttpPeer::soap(gateway, &Question::default())),
};

const PLAIN: Peer = Peer {
    ask: |gateway, question| HttpPeer::plain(gateway, question).refused(),
    wait: |gateway| Box::new(HttpPeer::plain(gateway, &Question::default())),
    ..SOAP
};

refusals! { SOAP:
    fn a_soap_request_with_a_wrong_key() is WrongKey,
        "401 AuthorizationFailedFault", "40103: InvalidSignature: The token has an invalid signature";
    fn a_soap_request_whose_token_ended() is EndedLately,
        "401 AuthorizationFailedFault", "40106: ExpiredToken: The token is expired.";
    fn a_soap_request_that_may_only_listen() is WrongRight,
        "403 AuthorizationFailedFault", "40300: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_soap_request_without_a_token() is NoToken,
        "401 AuthorizationFailedFault", "40102: MissingToken: Relay security token is required";
    fn a_soap_request_with_a_malformed_token() is MalformedToken,
        "401 AuthorizationFailedFault", "40105: MalformedToken: The token is malformed";
    fn a_soap_request_with_a_token_for_another_relay() is OtherAudience,
        "401 AuthorizationFailedFault", "40104: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_soap_request_when_nobody_listens() is NoListener,
        "404 EndpointNotFoundFault", "40400: EndpointNotFound: no listener is connected to this relay";
    fn a_soap_request_to_a_relay_that_is_not_there() is UnknownRelay,
        "404 RelayNotFoundFault", "40400: EndpointNotFound: there is no relay at this address";
    fn a_soap_request_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "404 EndpointNotFoundFault", "40400: EndpointNotFound: no listener is connected to this relay";
    fn a_soap_request_to_a_relay_that_is_switched_off() is Disabled,
        "403 EndpointNotFoundFault", "40300: The relay is disabled";
    fn a_soap_request_to_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_soap_request_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "403 QuotaExceededFault", "40300: QuotaExceeded: the namespace has its 1 connections";
    fn a_soap_request_more_than_may_wait() is SendersThatWait,
        "503 ServerErrorFault", "50004: ServerBusy: too many senders are waiting for a listener";
    fn a_soap_request_that_no_listener_can_take() is OtherShape,
        "404 EndpointNotFoundFault", "40400: EndpointNotFound: no connected listener of this relay takes HTTP requests";
    fn a_soap_request_that_no_listener_accepts_in_time() is NotAccepted,
        "504 ServerErrorFault", "50400: The listener did not answer in time; is the service busy, or can it not decode the request?";
    fn a_soap_request_whose_listener_leaves() is ListenerLeaves,
        "404 EndpointNotFoundFault", "40400: EndpointNotFound: no listener is connected to this relay";
    fn a_soap_request_in_clear_where_tls_is_required() is InClear,
        "403 NoTransportSecurityFault", "40101: NoTransportSecurity: the relay takes requests inside TLS alone";
    fn a_soap_request_that_comes_while_the_gateway_drains() is Draining,
        "503 ServerErrorFault", "50004: ServerBusy: try again";
}

refusals! { PLAIN:
    fn a_plain_request_with_a_wrong_key() is WrongKey,
        "401", "40103: InvalidSignature: The token has an invalid signature";
    fn a_plain_request_whose_token_ended() is EndedLately,
        "401", "40106: ExpiredToken: The token is expired.";
    fn a_plain_request_that_may_only_listen() is WrongRight,
        "403", "40300: Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_plain_request_without_a_token() is NoToken,
        "401", "40102: MissingToken: Relay security token is required";
    fn a_plain_request_with_a_malformed_token() is MalformedToken,
        "401", "40105: MalformedToken: The token is malformed";
    fn a_plain_request_with_a_token_for_another_relay() is OtherAudience,
        "401", "40104: InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_plain_request_when_nobody_listens() is NoListener,
        "404", "40400: EndpointNotFound: no listener is connected to this relay";
    fn a_plain_request_to_a_relay_that_is_not_there() is UnknownRelay,
        "404", "Endpoint does not exist";
    fn a_plain_request_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "404", "Endpoint does not exist";
    fn a_plain_request_to_a_relay_that_is_switched_off() is Disabled,
        "403", "40300: The relay is disabled";
    fn a_plain_request_to_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_plain_request_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "403", "40300: QuotaExceeded: the namespace has its 1 connections";
    fn a_plain_request_more_than_may_wait() is SendersThatWait,
        "503", "50004: ServerBusy: too many senders are waiting for a listener";
    fn a_plain_request_that_no_listener_can_take() is OtherShape,
        "404", "40400: EndpointNotFound: no connected listener of this relay takes HTTP requests";
    fn a_plain_request_that_no_listener_accepts_in_time() is NotAccepted,
        "504", "50400: The listener did not answer in time; is the service busy, or can it not decode the request?";
    fn a_plain_request_whose_listener_leaves() is ListenerLeaves,
        "404", "40400: EndpointNotFound: no listener is connected to this relay";
    fn a_plain_request_in_clear_where_tls_is_required() is InClear,
        "403", "40101: NoTransportSecurity: the relay takes requests inside TLS alone";
    fn a_plain_request_that_comes_while_the_gateway_drains() is Draining,
        "503", "50004: ServerBusy: try again";
}
