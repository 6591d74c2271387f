//! A plain net.tcp sender is told a fault of message framing, which is a URI and nothing else. Framing page 5.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interop_tests::relay_play::refused::{HOST, Question, RELAY, Told};
use interop_tests::{Gateway, Wire, preamble};

use crate::peer::Peer;
use crate::rendezvous;

const SENDER: Peer = Peer {
    ask: |gateway, question| {
        let record = asking(gateway, question).receive_to_end();
        let [0x08, length, uri @ ..] = &record[..] else { panic!("no fault record: {record:02x?}") };
        assert_eq!(usize::from(*length), uri.len(), "one record and no more");
        let uri = String::from_utf8(uri.to_vec()).expect("a URI");
        let fault = uri.strip_prefix("http://schemas.microsoft.com/ws/2006/05/framing/faults/");
        Told::new(fault.unwrap_or_else(|| panic!("{uri}")), "")
    },
    wait: |gateway| Box::new(asking(gateway, &Question::default())),
    ..rendezvous::SENDER
};

fn asking(gateway: &Gateway, question: &Question) -> Wire {
    let mut wire = if question.in_clear {
        Wire::tcp(gateway.door("net_tcp"))
    } else {
        Wire::tls(gateway.door("net_tcps"), HOST, gateway.authority())
    };
    let host = if question.unknown_host { "contosi.servicebus.windows.net" } else { HOST };
    let token = question.token(RELAY, "send").map(|token| format!("/$sas/{}", URL_SAFE_NO_PAD.encode(token)));
    wire.send(&preamble(&format!("net.tcp://{host}/{RELAY}{}", token.unwrap_or_default())));
    wire
}

refusals! { SENDER:
    fn a_session_with_a_wrong_key() is WrongKey, "EndpointAccessDenied", "";
    fn a_session_whose_token_ended() is EndedLately, "EndpointAccessDenied", "";
    fn a_session_that_may_only_listen() is WrongRight, "EndpointAccessDenied", "";
    fn a_session_without_a_token() is NoToken, "EndpointAccessDenied", "";
    fn a_session_with_a_malformed_token() is MalformedToken, "EndpointAccessDenied", "";
    fn a_session_with_a_token_for_another_relay() is OtherAudience, "EndpointAccessDenied", "";
    fn a_session_when_nobody_listens() is NoListener, "EndpointNotFound", "";
    fn a_session_with_a_relay_that_is_not_there() is UnknownRelay, "EndpointNotFound", "";
    fn a_session_with_a_relay_that_nobody_made_yet() is NotMadeYet, "EndpointNotFound", "";
    fn a_session_with_a_relay_that_is_switched_off() is Disabled, "EndpointNotFound", "";
    fn a_session_with_a_host_of_nobody() is UnknownHost, "EndpointNotFound", "";
    fn a_session_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace, "ServerTooBusy", "";
    fn a_session_more_than_may_wait() is SendersThatWait, "ServerTooBusy", "";
    fn a_session_more_than_a_listener_may_be_told_of() is InvitationsOfTheListener, "ServerTooBusy", "";
    fn a_session_that_no_listener_can_take() is OtherShape, "EndpointNotFound", "";
    fn a_session_that_no_listener_takes_in_time() is NotAccepted, "EndpointUnavailable", "";
    fn a_session_whose_listener_leaves() is ListenerLeaves, "EndpointNotFound", "";
    fn a_session_that_is_rejected() is Rejected, "EndpointUnavailable", "";
    fn a_session_in_clear_where_tls_is_required() is InClear, "EndpointAccessDenied", "";
    fn a_session_that_comes_while_the_gateway_drains() is Draining, "EndpointUnavailable", "";
}
