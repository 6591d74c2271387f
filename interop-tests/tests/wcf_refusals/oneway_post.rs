//! A sender of one-way messages that reaches nothing but HTTP: its POST is answered with a status, and the words in the reason phrase. Relay
//! page 3.5.

use interop_tests::relay_play::refused::{ONEWAY_RELAY, Question, Told, told_by_http};
use interop_tests::{Answer, Gateway, Request, Wire};

use crate::oneway;
use crate::peer::{Heard, Peer};

const SENDER: Peer = Peer {
    ask,
    heard: Heard::Message,
    wait: |gateway| Box::new(asking(gateway, &Question::default())),
    ..oneway::SENDER
};

fn ask(gateway: &Gateway, question: &Question) -> Told {
    told_by_http(&Answer::read(&mut asking(gateway, question), "POST"))
}

fn asking(gateway: &Gateway, question: &Question) -> Wire {
    let mut wire = if question.in_clear { Wire::tcp(gateway.door("http")) } else { gateway.connect() };
    let request = Request::post(&format!("/{ONEWAY_RELAY}"), MESSAGE.as_bytes())
        .header("Content-Type", "application/soap+xml; charset=utf-8; action=\"urn:interop-tests/Say\"");
    let request = match question.token(ONEWAY_RELAY, "send") {
        Some(token) => request.header("ServiceBusAuthorization", &token),
        None => request,
    };
    let request = match question.unknown_host {
        true => request.header("Host", "contosi.servicebus.windows.net"),
        false => request,
    };
    request.send(&mut wire);
    wire
}

/// As WCF writes one.
const MESSAGE: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>\
    <a:Action s:mustUnderstand=\"1\">urn:interop-tests/Say</a:Action>\
    <a:MessageID>urn:uuid:0f5a8d2e-5b0c-4c8f-9d41-5f3f5d3e8a11</a:MessageID>\
    <a:To s:mustUnderstand=\"1\">sb://contoso.servicebus.windows.net/netoneway</a:To></s:Header>\
    <s:Body><Say xmlns=\"urn:interop-tests\">x</Say></s:Body></s:Envelope>";

refusals! { SENDER:
    fn a_post_with_a_wrong_key() is WrongKey,
        "401", "InvalidSignature: The token has an invalid signature";
    fn a_post_whose_token_ended() is EndedLately,
        "401", "ExpiredToken: The token is expired.";
    fn a_post_that_may_only_listen() is WrongRight,
        "401", "Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_post_without_a_token() is NoToken,
        "401", "MissingToken: Relay security token is required";
    fn a_post_with_a_malformed_token() is MalformedToken,
        "401", "MalformedToken: The token is malformed";
    fn a_post_with_a_token_for_another_relay() is OtherAudience,
        "401", "InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_post_when_nobody_listens() is NoListener,
        "404", "There are no listeners connected for the endpoint";
    fn a_post_to_a_relay_that_is_not_there() is UnknownRelay,
        "404 RelayNotFoundFault", "40400: EndpointNotFound: there is no relay at this address";
    fn a_post_to_a_relay_that_nobody_made_yet() is NotMadeYet,
        "404", "There are no listeners connected for the endpoint";
    fn a_post_to_a_relay_that_is_switched_off() is Disabled,
        "403", "The endpoint is disabled";
    fn a_post_to_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_post_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "403", "QuotaExceeded: the maximum number of connections of the namespace, 1, has been reached";
    fn a_post_more_than_a_listener_may_be_given() is InvitationsOfTheListener,
        "503", "ServerBusy";
    fn a_post_that_no_listener_can_take() is OtherShape,
        "404", "There are no listeners connected for the endpoint that take this kind of request";
    fn a_post_that_no_listener_settles_in_time() is NotAccepted,
        "504", "The request was routed to the listener but the listener did not respond in the required time";
    fn a_post_whose_listener_leaves() is ListenerLeaves,
        "502", "The listener closed its connection before it had answered the request";
    fn a_post_in_clear_where_tls_is_required() is InClear,
        "403", "NoTransportSecurity: the endpoint requires transport security";
    fn a_post_that_comes_while_the_gateway_drains() is Draining,
        "503", "ServerBusy";
}
