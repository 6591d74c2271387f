use ExchangeCommand::{AbortSender, CloseRendezvous, Done, Finish, Pass, Refuse, Start};

use super::*;
use crate::relay::testing::response;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn terms() -> ExchangeTerms {
    ExchangeTerms { respond: Some(seconds(60)), response_idle: seconds(50), request_idle: seconds(40) }
}

/// The listener had the request inside the invitation, and has dialled.
fn answering(now: Instant) -> Exchange {
    Exchange::new(terms(), RequestBody::Sent { respond_by: Some(now + seconds(55)) }, now)
}

/// The request goes over the rendezvous.
fn uploading(now: Instant) -> Exchange {
    Exchange::new(terms(), RequestBody::Streamed, now)
}

/// The response has begun.
fn responding(now: Instant) -> Exchange {
    let mut exchange = answering(now);
    exchange.handle_response(response(200), ResponseBody::Follows, now);
    assert_eq!(commands(&mut exchange), [Start(response(200))]);
    exchange
}

fn commands(exchange: &mut Exchange) -> Vec<ExchangeCommand> {
    std::iter::from_fn(|| exchange.next_command()).collect()
}

fn closed(code: u16) -> ExchangeCommand {
    CloseRendezvous { code }
}

#[test]
fn the_deadlines_come_from_the_configuration_and_the_relay_goes_before() {
    let timeouts = Timeouts::default();
    assert_eq!(ExchangeTerms::new(&timeouts, None).respond, Some(seconds(60)));
    assert_eq!(ExchangeTerms::new(&timeouts, Some(seconds(5))).respond, Some(seconds(5)));
    assert_eq!(ExchangeTerms::new(&timeouts, Some(Duration::ZERO)).respond, None);
    let none = Timeouts { response: Duration::ZERO, ..timeouts };
    assert_eq!(ExchangeTerms::new(&none, None).respond, None);
}

#[test]
fn a_body_ends_with_its_last_piece() {
    let now = Instant::now();
    let mut exchange = responding(now);
    exchange.handle_piece(Piece::More, now);
    assert_eq!(commands(&mut exchange), [Pass]);
    exchange.handle_piece(Piece::Last, now);
    assert_eq!(commands(&mut exchange), [Pass, Finish, closed(1000), Done]);
}

/// Hybrid page 0, rule 10: Java never sends the last piece.
#[test]
fn a_body_ends_with_an_orderly_close() {
    let now = Instant::now();
    let mut exchange = responding(now);
    exchange.handle_piece(Piece::More, now);
    commands(&mut exchange);
    exchange.handle_close(Some(1000));
    assert_eq!(commands(&mut exchange), [Finish, closed(1000), Done]);
}

#[test]
fn any_other_end_inside_a_body_breaks_the_senders_connection() {
    for code in [Some(1001), Some(1011), None] {
        let mut exchange = responding(Instant::now());
        exchange.handle_close(code);
        assert_eq!(commands(&mut exchange), [AbortSender, closed(1000), Done]);
    }
    let mut exchange = responding(Instant::now());
    exchange.handle_lost();
    assert_eq!(commands(&mut exchange), [AbortSender, Done]);
}

#[test]
fn a_response_without_a_body_is_complete_at_once() {
    let now = Instant::now();
    let mut exchange = answering(now);
    exchange.handle_response(response(204), ResponseBody::None, now);
    assert_eq!(commands(&mut exchange), [Start(response(204)), Finish, closed(1000), Done]);
}

#[test]
fn the_first_thing_a_listener_says_must_be_a_response() {
    let now = Instant::now();
    let misbehaved = [Refuse(Refusal::ListenerMisbehaved), closed(1002), Done];

    let mut exchange = answering(now);
    exchange.handle_piece(Piece::Last, now);
    assert_eq!(commands(&mut exchange), misbehaved);

    let mut exchange = uploading(now);
    exchange.handle_nonsense();
    assert_eq!(commands(&mut exchange), misbehaved);

    let mut exchange = answering(now);
    exchange.handle_response(response(100), ResponseBody::Follows, now);
    assert_eq!(commands(&mut exchange), misbehaved);
}

#[test]
fn a_second_response_breaks_the_protocol() {
    let now = Instant::now();
    let mut exchange = responding(now);
    exchange.handle_response(response(200), ResponseBody::Follows, now);
    assert_eq!(commands(&mut exchange), [AbortSender, closed(1002), Done]);
}

#[test]
fn a_listener_that_leaves_before_it_responded_is_gone() {
    let mut exchange = answering(Instant::now());
    exchange.handle_close(Some(1000));
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::ListenerGone), closed(1000), Done]);

    let mut exchange = uploading(Instant::now());
    exchange.handle_lost();
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::ListenerGone), Done]);
}

#[test]
fn the_response_to_a_request_inside_the_invitation_is_due_when_the_meeting_said() {
    let now = Instant::now();
    let mut exchange = answering(now);
    assert_eq!(exchange.poll_timeout(), Some(now + seconds(55)));
    exchange.handle_timeout(now + seconds(54));
    assert_eq!(commands(&mut exchange), []);
    exchange.handle_timeout(now + seconds(55));
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::ListenerDidNotRespond), closed(1001), Done]);
}

#[test]
fn the_response_to_an_upload_is_due_sixty_seconds_after_its_end() {
    let now = Instant::now();
    let mut exchange = uploading(now);
    exchange.handle_request_piece(now + seconds(30));
    exchange.handle_request_taken(now + seconds(60));
    exchange.handle_request_end(now + seconds(90));
    assert_eq!(exchange.poll_timeout(), Some(now + seconds(150)));
    exchange.handle_timeout(now + seconds(150));
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::ListenerDidNotRespond), closed(1001), Done]);
}

#[test]
fn without_a_response_deadline_a_response_may_take_any_time() {
    let now = Instant::now();
    let mut exchange = Exchange::new(ExchangeTerms { respond: None, ..terms() }, RequestBody::Streamed, now);
    exchange.handle_request_end(now);
    assert_eq!(exchange.poll_timeout(), None);
    exchange.handle_timeout(now + seconds(86_400));
    assert_eq!(commands(&mut exchange), []);
}

#[test]
fn a_sender_that_stops_in_the_middle_of_its_request_is_told_408() {
    let now = Instant::now();
    let mut exchange = uploading(now);
    exchange.handle_request_piece(now + seconds(39));
    exchange.handle_request_taken(now + seconds(39));
    assert_eq!(exchange.poll_timeout(), Some(now + seconds(79)));
    exchange.handle_timeout(now + seconds(79));
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::SenderStalled), closed(1001), Done]);
}

#[test]
fn a_listener_that_takes_no_more_of_a_request_is_not_the_senders_fault() {
    let now = Instant::now();
    let mut exchange = uploading(now);
    exchange.handle_request_piece(now);
    exchange.handle_timeout(now + seconds(40));
    assert_eq!(commands(&mut exchange), []);
    exchange.handle_timeout(now + seconds(50));
    assert_eq!(commands(&mut exchange), [Refuse(Refusal::ListenerDidNotRespond), closed(1001), Done]);
}

#[test]
fn a_listener_may_respond_before_the_request_has_ended() {
    let now = Instant::now();
    let mut exchange = uploading(now);
    exchange.handle_request_piece(now);
    exchange.handle_response(response(413), ResponseBody::Follows, now);
    assert_eq!(commands(&mut exchange), [Start(response(413))]);
    exchange.handle_request_taken(now);
    exchange.handle_request_end(now);
    assert_eq!(exchange.poll_timeout(), Some(now + seconds(50)));
    exchange.handle_piece(Piece::Last, now);
    assert_eq!(commands(&mut exchange), [Pass, Finish, closed(1000), Done]);
}

#[test]
fn silence_inside_a_body_breaks_the_senders_connection() {
    let now = Instant::now();
    let mut exchange = responding(now);
    exchange.handle_piece(Piece::More, now + seconds(30));
    exchange.handle_piece_taken(now + seconds(40));
    commands(&mut exchange);
    exchange.handle_timeout(now + seconds(89));
    assert_eq!(commands(&mut exchange), []);
    exchange.handle_timeout(now + seconds(90));
    assert_eq!(commands(&mut exchange), [AbortSender, closed(1001), Done]);
}

#[test]
fn when_the_sender_breaks_the_listener_is_told_1001_and_the_sender_nothing() {
    let now = Instant::now();
    for mut exchange in [answering(now), uploading(now), responding(now)] {
        exchange.handle_sender_gone();
        assert_eq!(commands(&mut exchange), [closed(1001), Done]);
    }
}

#[test]
fn nothing_happens_after_the_end() {
    let now = Instant::now();
    let mut exchange = responding(now);
    exchange.handle_piece(Piece::Last, now);
    commands(&mut exchange);
    exchange.handle_piece(Piece::Last, now);
    exchange.handle_piece_taken(now);
    exchange.handle_response(response(200), ResponseBody::None, now);
    exchange.handle_request_piece(now);
    exchange.handle_request_taken(now);
    exchange.handle_request_end(now);
    exchange.handle_nonsense();
    exchange.handle_close(Some(1000));
    exchange.handle_lost();
    exchange.handle_sender_gone();
    exchange.handle_timeout(now + seconds(600));
    assert_eq!(commands(&mut exchange), []);
    assert_eq!(exchange.poll_timeout(), None);
}
