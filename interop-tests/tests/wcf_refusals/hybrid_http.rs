//! An HTTP request to a hybrid connection is answered with a status, and the words in the reason phrase. Hybrid page 5.7, 6.6.

use interop_tests::relay_play::refused::{Question, RELAY, Told};
use interop_tests::{Answer, Gateway, Request};

use crate::hybrid_websocket::{self, told};
use crate::peer::Peer;

const REQUEST: Peer = Peer {
    other_shape: "stream",
    ask,
    wait: |gateway| {
        let mut wire = gateway.connect();
        request(&Question::default()).send(&mut wire);
        Box::new(wire)
    },
    ..hybrid_websocket::SENDER
};

fn ask(gateway: &Gateway, question: &Question) -> Told {
    let mut wire = gateway.connect();
    request(question).send(&mut wire);
    let answer = Answer::read(&mut wire, "GET");
    assert_eq!(answer.json()["error"]["message"], answer.reason, "the body says the same");
    told(&answer)
}

fn request(question: &Question) -> Request {
    let request = Request::get(&format!("/{RELAY}/below"));
    let request = match question.token(RELAY, "send") {
        Some(token) => request.header("ServiceBusAuthorization", &token),
        None => request,
    };
    if question.unknown_host { request.header("Host", "contosi.servicebus.windows.net") } else { request }
}

refusals! { REQUEST:
    fn a_request_with_a_wrong_key() is WrongKey,
        "401", "InvalidSignature: The token has an invalid signature";
    fn a_request_whose_token_ended() is EndedLately,
        "401", "ExpiredToken: The token is expired.";
    fn a_request_that_may_only_listen() is WrongRight,
        "401", "Unauthorized access. 'Send' claim(s) are required to perform this operation";
    fn a_request_without_a_token() is NoToken,
        "401", "MissingToken: Relay security token is required";
    fn a_request_with_a_malformed_token() is MalformedToken,
        "401", "MalformedToken: The token is malformed";
    fn a_request_with_a_token_for_another_relay() is OtherAudience,
        "401", "InvalidAudience: The authorization header contains a token with a wrong audience";
    fn a_request_when_nobody_listens() is NoListener,
        "404", "There are no listeners connected for the endpoint";
    fn a_request_to_a_relay_that_is_not_there() is UnknownRelay,
        "404", "Endpoint does not exist";
    fn a_request_to_a_relay_that_is_switched_off() is Disabled,
        "403", "The endpoint is disabled";
    fn a_request_to_a_host_of_nobody() is UnknownHost,
        "421", "The host name belongs to no namespace of this relay";
    fn a_request_more_than_the_namespace_may_have() is ConnectionsOfTheNamespace,
        "403", "QuotaExceeded: the maximum number of connections of the namespace, 1, has been reached";
    fn a_request_more_than_may_wait() is SendersThatWait,
        "429", "TooManyRequests: too many senders are waiting for a listener";
    fn a_request_more_than_a_listener_may_be_told_of() is InvitationsOfTheListener,
        "503", "ServerBusy";
    fn a_request_that_no_listener_can_take() is OtherShape,
        "404", "There are no listeners connected for the endpoint that take this kind of request";
    fn a_request_that_no_listener_answers_in_time() is NotAccepted,
        "504", "The request was routed to the listener but the listener did not respond in the required time";
    fn a_request_whose_listener_leaves() is ListenerLeaves,
        "502", "The listener closed its connection before it had answered the request";
    fn a_request_that_comes_while_the_gateway_drains() is Draining,
        "503", "ServerBusy";
}
