use ChannelCommand::{Close, Deliver, Drop, Forget, Ping, Tell, Withdraw};

use super::*;
use crate::entity::limits::{Limits, Timeouts};
use crate::relay::testing::{gateway, inline_request, large_request, registration, response, stream};
use crate::relay::{ListenerId, MeetingId};

const START: UnixTime = UnixTime(1_000_000);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn terms() -> ChannelTerms {
    ChannelTerms::new(&Limits::default(), &Timeouts::default())
}

/// Listener 1, whose token ends long after the test.
fn channel(terms: ChannelTerms, now: Instant) -> ControlChannel {
    ControlChannel::new(registration(1), Some(UnixTime(i64::MAX)), terms, now, START)
}

/// A listener that is never pinged and never silent, to look at its token alone.
fn tokened(expires: i64, now: Instant) -> ControlChannel {
    let terms = ChannelTerms { ping_every: None, silence: None, ..terms() };
    ControlChannel::new(registration(1), Some(UnixTime(START.0 + expires)), terms, now, START)
}

fn later(n: u64) -> UnixTime {
    UnixTime(START.0 + n as i64)
}

fn commands(channel: &mut ControlChannel) -> Vec<ChannelCommand> {
    std::iter::from_fn(|| channel.next_command()).collect()
}

fn invite(meeting: u128, invitation: Invitation) -> ToListenerGateway {
    ToListenerGateway::Invite {
        meeting: MeetingId::new(meeting),
        attempt: 1,
        listener: ListenerId::new(1),
        reply_to: gateway("g0"),
        invitation: Arc::new(invitation),
        within: Some(seconds(30)),
    }
}

fn deliver(invitation: Invitation, request_id: &str) -> ChannelCommand {
    Deliver { invitation: Arc::new(invitation), request_id: request_id.to_owned() }
}

fn tell(message: ToSenderGateway) -> ChannelCommand {
    Tell { gateway: gateway("g0"), message }
}

fn invited(meeting: u128) -> ChannelCommand {
    tell(ToSenderGateway::Invited { meeting: MeetingId::new(meeting), attempt: 1 })
}

fn refused(meeting: u128, reason: RefuseReason) -> ChannelCommand {
    tell(ToSenderGateway::Refused { meeting: MeetingId::new(meeting), attempt: 1, reason })
}

fn responded(meeting: u128) -> ChannelCommand {
    tell(ToSenderGateway::Responded {
        meeting: MeetingId::new(meeting),
        attempt: 1,
        response: response(200),
        body: "ok".into(),
    })
}

fn settled(meeting: u128) -> ToListenerGateway {
    ToListenerGateway::Settled { meeting: MeetingId::new(meeting), attempt: 1, listener: ListenerId::new(1) }
}

fn cancel(meeting: u128) -> ToListenerGateway {
    ToListenerGateway::Cancel { meeting: MeetingId::new(meeting), attempt: 1, listener: ListenerId::new(1) }
}

fn respond(channel: &mut ControlChannel, request_id: &str, now: Instant) -> Result<(), UnknownRequest> {
    channel.handle_response(request_id, response(200), "ok".into(), now)
}

#[test]
fn the_terms_come_from_the_configuration_and_zero_is_never() {
    assert_eq!(
        terms(),
        ChannelTerms {
            ping_every: Some(seconds(30)),
            silence: Some(seconds(90)),
            token_grace: seconds(300),
            drain: seconds(30),
            closing: seconds(60),
            outstanding: 1_000,
            message_bytes: 4 << 20,
        }
    );
    let never = Timeouts { ping: Duration::ZERO, silence: Duration::ZERO, ..Timeouts::default() };
    let terms = ChannelTerms::new(&Limits::default(), &never);
    assert_eq!((terms.ping_every, terms.silence), (None, None));
}

#[test]
fn an_invitation_is_handed_over_and_its_sender_hears_of_it() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(7, stream()), now);
    assert_eq!(commands(&mut channel), [deliver(stream(), &stream().id), invited(7)]);
    channel.handle_message(settled(7), now);
    assert_eq!(commands(&mut channel), []);
    assert_eq!(channel.outstanding(), 0);
}

#[test]
fn a_response_goes_to_the_senders_gateway_once() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    let id = inline_request().id;
    channel.handle_message(invite(7, inline_request()), now);
    commands(&mut channel);
    assert_eq!(respond(&mut channel, &id, now), Ok(()));
    assert_eq!(commands(&mut channel), [responded(7)]);
    assert_eq!(respond(&mut channel, &id, now), Err(UnknownRequest));
    assert_eq!(respond(&mut channel, "other", now), Err(UnknownRequest));
    assert_eq!(commands(&mut channel), []);
}

#[test]
fn a_stream_cannot_be_responded_to() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(7, stream()), now);
    assert_eq!(respond(&mut channel, &stream().id, now), Err(UnknownRequest));
}

#[test]
fn a_doubled_invitation_is_handed_over_once() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(7, inline_request()), now);
    commands(&mut channel);
    channel.handle_message(invite(7, inline_request()), now);
    assert_eq!(commands(&mut channel), []);
    respond(&mut channel, &inline_request().id, now).unwrap();
    commands(&mut channel);
    channel.handle_message(invite(7, inline_request()), now);
    assert_eq!(commands(&mut channel), [], "also not after it was answered");
}

#[test]
fn a_cancellation_that_overtakes_its_invitation_still_counts() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(cancel(7), now);
    channel.handle_message(invite(7, stream()), now);
    assert_eq!(commands(&mut channel), []);
}

#[test]
fn the_response_to_a_cancelled_exchange_is_dropped() {
    let now = Instant::now();
    for end in [cancel(7), settled(7)] {
        let mut channel = channel(terms(), now);
        channel.handle_message(invite(7, inline_request()), now);
        channel.handle_message(end, now);
        commands(&mut channel);
        assert_eq!(respond(&mut channel, &inline_request().id, now), Err(UnknownRequest));
        assert_eq!(commands(&mut channel), []);
    }
}

#[test]
fn two_requests_with_one_tracking_id_never_get_each_others_response() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    let id = inline_request().id;
    channel.handle_message(invite(7, inline_request()), now);
    channel.handle_message(invite(8, inline_request()), now);
    let second = format!("{id}_1");
    assert_eq!(
        commands(&mut channel),
        [deliver(inline_request(), &id), invited(7), deliver(inline_request(), &second), invited(8)]
    );
    respond(&mut channel, &second, now).unwrap();
    respond(&mut channel, &id, now).unwrap();
    assert_eq!(commands(&mut channel), [responded(8), responded(7)]);
}

#[test]
fn the_late_response_to_a_cancelled_request_is_not_taken_for_that_of_a_namesake() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    let id = inline_request().id;
    channel.handle_message(invite(7, inline_request()), now);
    channel.handle_message(cancel(7), now);
    channel.handle_message(invite(8, inline_request()), now);
    commands(&mut channel);
    assert_eq!(respond(&mut channel, &id, now), Err(UnknownRequest));
    assert_eq!(respond(&mut channel, &format!("{id}_1"), now), Ok(()));
    assert_eq!(commands(&mut channel), [responded(8)]);
}

#[test]
fn an_invitation_for_another_listener_is_refused() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    let ToListenerGateway::Invite { meeting, attempt, reply_to, invitation, within, .. } =
        invite(7, stream())
    else {
        unreachable!()
    };
    let listener = ListenerId::new(2);
    channel.handle_message(
        ToListenerGateway::Invite { meeting, attempt, listener, reply_to, invitation, within },
        now,
    );
    assert_eq!(commands(&mut channel), [refused(7, RefuseReason::UnknownListener)]);
}

#[test]
fn a_listener_with_all_it_may_hold_is_busy_until_one_is_settled() {
    let now = Instant::now();
    let mut channel = channel(ChannelTerms { outstanding: 2, ..terms() }, now);
    channel.handle_message(invite(1, stream()), now);
    channel.handle_message(invite(2, inline_request()), now);
    commands(&mut channel);
    channel.handle_message(invite(3, stream()), now);
    assert_eq!(commands(&mut channel), [refused(3, RefuseReason::Busy)]);
    channel.handle_message(settled(1), now);
    channel.handle_message(invite(4, stream()), now);
    assert_eq!(commands(&mut channel), [deliver(stream(), &stream().id), invited(4)]);
}

#[test]
fn a_limit_of_zero_is_none() {
    let now = Instant::now();
    let mut channel = channel(ChannelTerms { outstanding: 0, ..terms() }, now);
    for meeting in 0..2_000 {
        channel.handle_message(invite(meeting, stream()), now);
    }
    assert_eq!(channel.outstanding(), 2_000);
}

#[test]
fn what_its_sender_has_given_up_is_forgotten_even_if_the_word_of_it_was_lost() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(7, inline_request()), now);
    commands(&mut channel);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(30)));
    channel.handle_received(now + seconds(29));
    channel.handle_timeout(now + seconds(30), later(30));
    assert_eq!(channel.outstanding(), 0);
    assert_eq!(commands(&mut channel), []);
    assert_eq!(respond(&mut channel, &inline_request().id, now), Err(UnknownRequest));
}

/// Hybrid page, section 11, point 8.
#[test]
fn when_a_listener_with_six_hundred_pending_accepts_closes_each_sender_is_told() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    for meeting in 1..=600 {
        channel.handle_message(invite(meeting, stream()), now);
    }
    assert_eq!(commands(&mut channel).len(), 1_200);
    channel.handle_closed(now);
    let mut expected = vec![Withdraw];
    expected.extend((1..=600).map(|meeting| refused(meeting, RefuseReason::ListenerGone)));
    assert_eq!(commands(&mut channel), expected);
    assert_eq!(channel.outstanding(), 0);
}

#[test]
fn a_listener_that_never_had_an_invitation_is_forgotten_as_soon_as_it_leaves() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_closed(now);
    assert_eq!(commands(&mut channel), [Withdraw, Forget]);
    channel.handle_message(invite(7, inline_request()), now);
    assert_eq!(commands(&mut channel), [refused(7, RefuseReason::UnknownListener)]);
    channel.handle_closed(now);
    channel.handle_drain(now);
    channel.handle_deleted(now);
    channel.handle_timeout(now + seconds(600), later(600));
    assert_eq!(commands(&mut channel), []);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn for_a_while_after_a_listener_left_it_is_known_what_it_had() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(7, inline_request()), now);
    channel.handle_closed(now + seconds(1));
    commands(&mut channel);
    channel.handle_message(invite(7, inline_request()), now + seconds(2));
    assert_eq!(commands(&mut channel), [], "it had this one");
    channel.handle_message(invite(8, inline_request()), now + seconds(2));
    assert_eq!(commands(&mut channel), [refused(8, RefuseReason::UnknownListener)]);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(31)));
    channel.handle_timeout(now + seconds(31), later(31));
    assert_eq!(commands(&mut channel), [Forget]);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn an_invitation_that_was_refused_is_not_handed_over_when_it_comes_again() {
    let now = Instant::now();
    let mut channel = channel(ChannelTerms { outstanding: 1, ..terms() }, now);
    channel.handle_message(invite(1, inline_request()), now);
    channel.handle_message(invite(2, inline_request()), now);
    channel.handle_message(settled(1), now);
    commands(&mut channel);
    channel.handle_message(invite(2, inline_request()), now);
    assert_eq!(commands(&mut channel), [], "its sender may have gone to another listener");
}

#[test]
fn a_quiet_listener_is_pinged_every_thirty_seconds_and_dropped_after_ninety() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    for n in [30, 60] {
        assert_eq!(channel.poll_timeout(), Some(now + seconds(n)));
        channel.handle_timeout(now + seconds(n), later(n));
        assert_eq!(commands(&mut channel), [Ping]);
    }
    assert_eq!(channel.poll_timeout(), Some(now + seconds(90)));
    channel.handle_timeout(now + seconds(90), later(90));
    assert_eq!(commands(&mut channel), [Withdraw, Drop, Forget]);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn a_silent_listeners_senders_are_told_when_it_is_dropped() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    let sent = now + seconds(80);
    channel.handle_message(invite(7, stream()), sent);
    commands(&mut channel);
    channel.handle_timeout(now + seconds(90), later(90));
    assert_eq!(commands(&mut channel), [Withdraw, refused(7, RefuseReason::ListenerGone), Drop]);
}

#[test]
fn a_listener_that_says_anything_is_neither_pinged_nor_dropped() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    for n in (0..300).step_by(29) {
        channel.handle_timeout(now + seconds(n), later(n));
        channel.handle_received(now + seconds(n));
    }
    assert_eq!(commands(&mut channel), []);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(290 + 30)));
}

/// Hybrid page 0, rule 17.
#[test]
fn a_listener_outlives_its_token_by_the_grace_and_is_then_told_why() {
    let now = Instant::now();
    let mut channel = tokened(3_600, now);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(3_900)));
    channel.handle_timeout(now + seconds(3_899), later(3_899));
    assert_eq!(commands(&mut channel), []);
    channel.handle_timeout(now + seconds(3_900), later(3_900));
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::TokenExpired)]);
    assert_eq!(CloseReason::TokenExpired.code(), 1008);
    assert_eq!(CloseReason::TokenExpired.to_string(), "The token is expired");
}

#[test]
fn a_renewed_token_prolongs_the_stay() {
    let now = Instant::now();
    let mut channel = tokened(3_600, now);
    channel.handle_renewed(Ok(later(7_200)), now + seconds(3_600), later(3_600));
    channel.handle_timeout(now + seconds(3_900), later(3_900));
    assert_eq!(commands(&mut channel), []);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(7_500)));
}

#[test]
fn a_refused_renewal_closes_the_channel_in_the_words_of_the_refusal() {
    let now = Instant::now();
    let mut channel = tokened(3_600, now);
    channel.handle_renewed(Err(AuthError::MissingToken), now, START);
    let reason = CloseReason::RenewalRefused(AuthError::MissingToken);
    assert_eq!(commands(&mut channel), [Withdraw, Close(reason.clone())]);
    assert_eq!(reason.code(), 1008);
    assert_eq!(reason.to_string(), AuthError::MissingToken.to_string());
}

#[test]
fn a_wall_clock_that_was_set_forward_is_noticed_at_the_next_timer() {
    let now = Instant::now();
    let mut channel = ControlChannel::new(registration(1), Some(later(3_600)), terms(), now, START);
    channel.handle_timeout(now + seconds(30), later(10_000));
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::TokenExpired)]);
}

#[test]
fn a_wall_clock_that_was_set_back_does_not_end_a_token_early() {
    let now = Instant::now();
    let mut channel = tokened(3_600, now);
    channel.handle_timeout(now + seconds(3_900), later(300));
    assert_eq!(commands(&mut channel), []);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(3_900 + 3_600)));
}

#[test]
fn a_listener_that_needed_no_token_has_none_to_lose() {
    let now = Instant::now();
    let terms = ChannelTerms { ping_every: None, silence: None, ..terms() };
    let channel = ControlChannel::new(registration(1), None, terms, now, START);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn a_listener_that_does_not_answer_a_close_is_dropped() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_deleted(now);
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::Deleted)]);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(60)));
    channel.handle_received(now + seconds(59));
    channel.handle_timeout(now + seconds(60), later(60));
    assert_eq!(commands(&mut channel), [Drop, Forget]);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn a_listener_that_answers_a_close_is_done_with() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_disabled(now);
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::Disabled)]);
    channel.handle_closed(now);
    assert_eq!(commands(&mut channel), [Forget]);
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn when_its_relay_is_deleted_all_its_senders_are_told() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(1, stream()), now);
    channel.handle_message(invite(2, inline_request()), now);
    commands(&mut channel);
    channel.handle_deleted(now);
    assert_eq!(
        commands(&mut channel),
        [
            Withdraw,
            refused(1, RefuseReason::ListenerGone),
            refused(2, RefuseReason::ListenerGone),
            Close(CloseReason::Deleted)
        ]
    );
}

#[test]
fn an_idle_channel_drains_at_once() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_drain(now);
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::Draining)]);
    assert_eq!(CloseReason::Draining.code(), 1001);
}

#[test]
fn draining_waits_for_exchanges_and_takes_nothing_new() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(1, inline_request()), now);
    commands(&mut channel);
    channel.handle_drain(now);
    assert_eq!(commands(&mut channel), [Withdraw]);
    channel.handle_message(invite(2, stream()), now);
    assert_eq!(commands(&mut channel), [refused(2, RefuseReason::Draining)]);
    respond(&mut channel, &inline_request().id, now).unwrap();
    assert_eq!(commands(&mut channel), [responded(1), Close(CloseReason::Draining)]);
}

#[test]
fn draining_ends_when_the_last_exchange_is_settled_or_cancelled_elsewhere() {
    let now = Instant::now();
    for end in [settled(1), cancel(1)] {
        let mut channel = channel(terms(), now);
        channel.handle_message(invite(1, large_request()), now);
        channel.handle_drain(now);
        commands(&mut channel);
        channel.handle_message(end, now);
        assert_eq!(commands(&mut channel), [Close(CloseReason::Draining)]);
    }
}

#[test]
fn draining_does_not_wait_for_streams_nor_call_them_off() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(1, stream()), now);
    commands(&mut channel);
    channel.handle_drain(now);
    assert_eq!(commands(&mut channel), [Withdraw, Close(CloseReason::Draining)]);
    assert_eq!(channel.outstanding(), 0);
}

#[test]
fn draining_ends_at_its_deadline_and_what_runs_then_is_told_so() {
    let now = Instant::now();
    let terms = ChannelTerms { ping_every: None, drain: seconds(20), ..terms() };
    let mut channel = channel(terms, now);
    channel.handle_message(invite(1, inline_request()), now);
    channel.handle_drain(now);
    commands(&mut channel);
    assert_eq!(channel.poll_timeout(), Some(now + seconds(20)));
    channel.handle_drain(now + seconds(10));
    channel.handle_timeout(now + seconds(20), later(20));
    assert_eq!(
        commands(&mut channel),
        [refused(1, RefuseReason::ListenerGone), Close(CloseReason::Draining)]
    );
}

#[test]
fn a_listener_that_leaves_while_draining_takes_its_senders_along() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    channel.handle_message(invite(1, inline_request()), now);
    channel.handle_drain(now);
    commands(&mut channel);
    channel.handle_closed(now);
    assert_eq!(commands(&mut channel), [refused(1, RefuseReason::ListenerGone)]);
}

#[test]
fn no_more_ended_attempts_are_remembered_than_the_limit() {
    let now = Instant::now();
    let mut channel = channel(terms(), now);
    for meeting in 0..2_000 {
        channel.handle_message(cancel(meeting), now);
    }
    channel.handle_message(invite(1_999, stream()), now);
    assert_eq!(commands(&mut channel), [], "a recent one is remembered");
    channel.handle_message(invite(0, stream()), now);
    assert_eq!(commands(&mut channel).len(), 2, "an old one is not");
}
