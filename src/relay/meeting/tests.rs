use MeetingCommand::{Answer, ForgetRendezvous, Join, Refuse, Tell};

use super::*;
use crate::relay::testing::{gateway, inline_request, large_request, registration, response, stream};

const ID: MeetingId = MeetingId::new(77);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn terms(invitation: Invitation) -> MeetingTerms {
    MeetingTerms {
        id: ID,
        gateway: gateway("g0"),
        filter: ListenerFilter::default(),
        invitation: Arc::new(invitation),
        accept: seconds(30),
        pass_over: seconds(10),
        respond: Some(seconds(60)),
    }
}

/// A sender that meets listeners 1 to `listeners`; they are tried in that order.
fn meeting(invitation: Invitation, listeners: u128, now: Instant) -> Meeting {
    Meeting::new(terms(invitation), (1..=listeners).map(registration).collect(), 0, now)
}

fn commands(meeting: &mut Meeting) -> Vec<MeetingCommand> {
    std::iter::from_fn(|| meeting.next_command()).collect()
}

fn invite(attempt: u32, listener: u128, invitation: Invitation, within: u64) -> MeetingCommand {
    Tell {
        gateway: gateway(&format!("g{listener}")),
        message: ToListenerGateway::Invite {
            meeting: ID,
            attempt,
            listener: ListenerId::new(listener),
            reply_to: gateway("g0"),
            invitation: Arc::new(invitation),
            within: Some(seconds(within)),
        },
    }
}

fn settled(attempt: u32, listener: u128) -> MeetingCommand {
    let message = ToListenerGateway::Settled { meeting: ID, attempt, listener: ListenerId::new(listener) };
    Tell { gateway: gateway(&format!("g{listener}")), message }
}

fn cancel(attempt: u32, listener: u128) -> MeetingCommand {
    let message = ToListenerGateway::Cancel { meeting: ID, attempt, listener: ListenerId::new(listener) };
    Tell { gateway: gateway(&format!("g{listener}")), message }
}

fn invited(attempt: u32) -> ToSenderGateway {
    ToSenderGateway::Invited { meeting: ID, attempt }
}

fn refused(attempt: u32, reason: RefuseReason) -> ToSenderGateway {
    ToSenderGateway::Refused { meeting: ID, attempt, reason }
}

fn responded(attempt: u32, status: u16) -> ToSenderGateway {
    ToSenderGateway::Responded { meeting: ID, attempt, response: response(status), body: "ok".into() }
}

#[test]
fn a_sender_is_joined_with_the_listener_that_comes() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    assert_eq!(commands(&mut meeting), [invite(1, 1, stream(), 30)]);
    meeting.handle_message(invited(1), now);
    assert_eq!(commands(&mut meeting), []);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), [settled(1, 1), Join]);
    assert!(meeting.is_done());
    assert_eq!(meeting.poll_timeout(), None);
}

#[test]
fn a_listener_may_come_before_its_gateway_said_that_it_was_invited() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), [settled(1, 1), Join]);
    meeting.handle_message(invited(1), now);
    assert_eq!(commands(&mut meeting), []);
}

#[test]
fn with_nobody_there_a_sender_is_refused_at_once() {
    let mut meeting = meeting(stream(), 0, Instant::now());
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::NoListener)]);
    assert_eq!(meeting.poll_timeout(), None);
}

#[test]
fn with_everybody_excluded_a_sender_is_told_so() {
    let mut terms = terms(stream());
    terms.filter = ListenerFilter::parse(["0f0d6a6e-6a3a-4f0e-9d0c-2f6f8f1f3b55"], []);
    let mut meeting = Meeting::new(terms, vec![registration(1)], 0, Instant::now());
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::ListenersExcluded)]);
}

#[test]
fn with_nobody_who_takes_the_shape_a_sender_is_told_so() {
    let mut listener = registration(1);
    listener.shapes.exchange = false;
    let mut meeting = Meeting::new(terms(inline_request()), vec![listener], 0, Instant::now());
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::WrongShape)]);
}

#[test]
fn a_listener_that_does_not_come_in_ten_seconds_is_passed_over() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    commands(&mut meeting);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(10)));
    meeting.handle_timeout(now + seconds(9));
    assert_eq!(commands(&mut meeting), []);
    meeting.handle_timeout(now + seconds(10));
    assert_eq!(commands(&mut meeting), [invite(2, 2, stream(), 20)]);
}

#[test]
fn a_listener_that_was_passed_over_may_still_come_first() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    meeting.handle_timeout(now + seconds(10));
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), [settled(1, 1), settled(2, 2), Join]);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), []);
}

#[test]
fn with_nobody_else_to_invite_a_sender_goes_on_waiting() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    commands(&mut meeting);
    meeting.handle_timeout(now + seconds(10));
    assert_eq!(commands(&mut meeting), []);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(30)));
}

#[test]
fn a_listener_that_turns_up_after_the_last_was_passed_over_is_invited_at_once() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    meeting.handle_candidates(vec![registration(1), registration(2)], now + seconds(9));
    assert_eq!(commands(&mut meeting), [invite(1, 1, stream(), 30)]);
    meeting.handle_candidates(vec![registration(1)], now + seconds(9));
    meeting.handle_timeout(now + seconds(10));
    assert_eq!(commands(&mut meeting), []);
    meeting.handle_candidates(vec![registration(1), registration(3)], now + seconds(12));
    assert_eq!(commands(&mut meeting), [invite(2, 3, stream(), 18)]);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(22)));
}

#[test]
fn nobody_came_in_thirty_seconds() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    meeting.handle_message(invited(1), now);
    meeting.handle_timeout(now + seconds(10));
    meeting.handle_timeout(now + seconds(20));
    commands(&mut meeting);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(30)));
    meeting.handle_timeout(now + seconds(30));
    assert_eq!(
        commands(&mut meeting),
        [ForgetRendezvous, cancel(1, 1), cancel(2, 2), Refuse(Refusal::ListenerDidNotAccept)]
    );
}

#[test]
fn a_rejection_ends_the_meeting_in_the_listeners_words() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Rejected { status: 401, description: "Not today".into() }, now);
    let refusal = Refusal::Rejected { status: 401, description: "Not today".into() };
    assert_eq!(commands(&mut meeting), [settled(1, 1), Refuse(refusal)]);
}

#[test]
fn a_rejection_with_a_status_that_is_no_answer_becomes_502() {
    for status in [100, 101, 199] {
        let now = Instant::now();
        let mut meeting = meeting(stream(), 1, now);
        commands(&mut meeting);
        meeting.handle_rendezvous(Arrival::Rejected { status, description: "odd".into() }, now);
        let refusal = Refusal::Rejected { status: 502, description: "odd".into() };
        assert_eq!(commands(&mut meeting), [settled(1, 1), Refuse(refusal)]);
    }
}

#[test]
fn a_rendezvous_spent_at_the_wrong_path_ends_the_meeting() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Spoiled, now);
    assert_eq!(commands(&mut meeting), [cancel(1, 1), Refuse(Refusal::ListenerMisbehaved)]);
}

#[test]
fn a_rendezvous_that_ran_out_of_time_in_the_table_was_not_spoiled() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Spoiled, now + seconds(30));
    assert_eq!(
        commands(&mut meeting),
        [ForgetRendezvous, cancel(1, 1), Refuse(Refusal::ListenerDidNotAccept)]
    );
}

#[test]
fn a_sender_that_leaves_is_told_nothing_and_its_listeners_are_let_go() {
    let now = Instant::now();
    for invitation in [stream(), inline_request(), large_request()] {
        let mut meeting = meeting(invitation, 1, now);
        commands(&mut meeting);
        meeting.handle_sender_gone();
        assert_eq!(commands(&mut meeting), [ForgetRendezvous, cancel(1, 1)]);
        meeting.handle_sender_gone();
        meeting.handle_rendezvous(Arrival::Accepted, now);
        meeting.handle_message(responded(1, 200), now);
        meeting.handle_timeout(now + seconds(600));
        assert_eq!(commands(&mut meeting), []);
    }
}

#[test]
fn when_the_listener_of_a_stream_vanishes_another_is_invited() {
    let now = Instant::now();
    for before in [vec![], vec![invited(1)]] {
        let mut meeting = meeting(stream(), 2, now);
        commands(&mut meeting);
        for message in before {
            meeting.handle_message(message, now);
        }
        meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(2));
        assert_eq!(commands(&mut meeting), [invite(2, 2, stream(), 28)]);
        assert_eq!(meeting.poll_timeout(), Some(now + seconds(12)));
    }
}

#[test]
fn when_all_listeners_of_a_stream_vanish_there_is_no_listener() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now);
    commands(&mut meeting);
    meeting.handle_message(refused(2, RefuseReason::UnknownListener), now);
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::NoListener)]);
}

#[test]
fn while_one_that_was_passed_over_may_still_come_a_sender_waits() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 2, now);
    meeting.handle_timeout(now + seconds(10));
    commands(&mut meeting);
    meeting.handle_message(refused(2, RefuseReason::ListenerGone), now + seconds(11));
    assert_eq!(commands(&mut meeting), []);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(12));
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::NoListener)]);
}

#[test]
fn when_one_that_was_passed_over_vanishes_nobody_else_is_troubled() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 3, now);
    meeting.handle_timeout(now + seconds(10));
    commands(&mut meeting);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(11));
    assert_eq!(commands(&mut meeting), []);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(20)));
}

#[test]
fn busy_and_draining_listeners_are_no_missing_listeners() {
    let now = Instant::now();
    for (reason, refusal) in
        [(RefuseReason::Busy, Refusal::Overloaded), (RefuseReason::Draining, Refusal::Draining)]
    {
        let mut meeting = meeting(stream(), 1, now);
        commands(&mut meeting);
        meeting.handle_message(refused(1, reason), now);
        assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(refusal)]);
    }
}

#[test]
fn an_exchange_is_answered_with_what_the_listener_responded() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 2, now);
    assert_eq!(commands(&mut meeting), [invite(1, 1, inline_request(), 60)]);
    meeting.handle_message(invited(1), now);
    meeting.handle_message(responded(1, 201), now);
    let answer = Answer { response: response(201), body: "ok".into() };
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, answer]);
    meeting.handle_message(responded(1, 201), now);
    assert_eq!(commands(&mut meeting), []);
}

#[test]
fn a_response_may_overtake_the_word_that_the_listener_was_invited() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 1, now);
    commands(&mut meeting);
    meeting.handle_message(responded(1, 204), now);
    let answer = Answer { response: response(204), body: "ok".into() };
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, answer]);
}

#[test]
fn a_response_with_an_interim_status_is_a_fault_of_the_listener() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 1, now);
    commands(&mut meeting);
    meeting.handle_message(responded(1, 101), now);
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::ListenerMisbehaved)]);
}

#[test]
fn an_exchange_whose_listener_dials_is_joined_and_its_deadline_goes_along() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 1, now);
    meeting.handle_message(invited(1), now);
    commands(&mut meeting);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), [settled(1, 1), Join]);
    assert_eq!(meeting.respond_by(), Some(now + seconds(60)));
}

/// Hybrid page, section 11, point 13.
#[test]
fn when_the_listener_of_an_exchange_vanishes_its_sender_is_told_at_once() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 2, now);
    meeting.handle_message(invited(1), now);
    commands(&mut meeting);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(1));
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::ListenerGone)]);
}

#[test]
fn an_exchange_that_a_vanished_listener_had_is_not_done_twice_even_if_the_word_of_it_was_lost() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 2, now);
    commands(&mut meeting);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now);
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::ListenerGone)]);
}

#[test]
fn an_exchange_that_a_listener_never_had_goes_to_another() {
    let now = Instant::now();
    for reason in [RefuseReason::UnknownListener, RefuseReason::Busy, RefuseReason::Draining] {
        let mut meeting = meeting(inline_request(), 2, now);
        commands(&mut meeting);
        meeting.handle_message(refused(1, reason), now + seconds(1));
        assert_eq!(commands(&mut meeting), [invite(2, 2, inline_request(), 59)]);
    }
}

#[test]
fn an_exchange_is_never_passed_over() {
    let now = Instant::now();
    for invitation in [inline_request(), large_request()] {
        let mut meeting = meeting(invitation, 2, now);
        meeting.handle_message(invited(1), now);
        commands(&mut meeting);
        assert_eq!(meeting.poll_timeout(), Some(now + seconds(60)));
        meeting.handle_timeout(now + seconds(59));
        meeting.handle_candidates(vec![registration(3)], now + seconds(59));
        assert_eq!(commands(&mut meeting), []);
    }
}

#[test]
fn a_listener_that_does_not_respond_in_sixty_seconds_did_not_respond() {
    let now = Instant::now();
    for invitation in [inline_request(), large_request()] {
        let mut meeting = meeting(invitation, 2, now);
        meeting.handle_message(invited(1), now);
        commands(&mut meeting);
        meeting.handle_timeout(now + seconds(60));
        assert_eq!(
            commands(&mut meeting),
            [ForgetRendezvous, cancel(1, 1), Refuse(Refusal::ListenerDidNotRespond)]
        );
    }
}

#[test]
fn a_relay_without_a_response_deadline_waits_as_long_as_its_listener_lives() {
    let now = Instant::now();
    let terms = MeetingTerms { respond: None, ..terms(inline_request()) };
    let mut meeting = Meeting::new(terms, vec![registration(1)], 0, now);
    let Some(Tell { message: ToListenerGateway::Invite { within, .. }, .. }) = meeting.next_command() else {
        panic!("no invitation");
    };
    assert_eq!(within, None);
    meeting.handle_message(invited(1), now);
    assert_eq!(meeting.poll_timeout(), None);
    assert_eq!(meeting.respond_by(), None);
    meeting.handle_timeout(now + seconds(86_400));
    assert_eq!(commands(&mut meeting), []);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(86_400));
    assert_eq!(commands(&mut meeting), [ForgetRendezvous, Refuse(Refusal::ListenerGone)]);
}

#[test]
fn without_word_that_an_exchange_was_delivered_even_that_relay_does_not_wait_for_ever() {
    let now = Instant::now();
    let terms = MeetingTerms { respond: None, ..terms(inline_request()) };
    let mut meeting = Meeting::new(terms, vec![registration(1)], 0, now);
    commands(&mut meeting);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(30)));
    meeting.handle_timeout(now + seconds(30));
    assert_eq!(
        commands(&mut meeting),
        [ForgetRendezvous, cancel(1, 1), Refuse(Refusal::ListenerDidNotRespond)]
    );
}

#[test]
fn a_request_that_no_listener_has_seen_yet_may_go_to_another_when_one_vanishes() {
    let now = Instant::now();
    let mut meeting = meeting(large_request(), 2, now);
    meeting.handle_message(invited(1), now);
    commands(&mut meeting);
    meeting.handle_message(refused(1, RefuseReason::ListenerGone), now + seconds(40));
    assert_eq!(commands(&mut meeting), [invite(2, 2, large_request(), 20)]);
    meeting.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(commands(&mut meeting), [settled(2, 2), Join]);
}

#[test]
fn messages_that_are_late_doubled_or_of_another_meeting_change_nothing() {
    let now = Instant::now();
    let mut meeting = meeting(inline_request(), 2, now);
    meeting.handle_message(refused(1, RefuseReason::Busy), now);
    assert_eq!(commands(&mut meeting).len(), 2);
    let strange = [
        refused(1, RefuseReason::Busy),
        refused(1, RefuseReason::ListenerGone),
        responded(1, 200),
        invited(1),
        invited(0),
        refused(0, RefuseReason::ListenerGone),
        refused(3, RefuseReason::ListenerGone),
        responded(u32::MAX, 200),
        ToSenderGateway::Refused {
            meeting: MeetingId::new(1),
            attempt: 2,
            reason: RefuseReason::ListenerGone,
        },
    ];
    for message in strange {
        meeting.handle_message(message, now);
    }
    assert_eq!(commands(&mut meeting), []);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(30)));
    meeting.handle_message(invited(2), now);
    assert_eq!(meeting.poll_timeout(), Some(now + seconds(60)));
}

#[test]
fn a_response_to_a_stream_is_none() {
    let now = Instant::now();
    let mut meeting = meeting(stream(), 1, now);
    commands(&mut meeting);
    meeting.handle_message(responded(1, 200), now);
    assert_eq!(commands(&mut meeting), []);
    assert!(!meeting.is_done());
}

#[test]
fn one_random_number_decides_all_choices_of_a_meeting() {
    let now = Instant::now();
    let order = |random| {
        let mut meeting = Meeting::new(terms(stream()), (1..=3).map(registration).collect(), random, now);
        meeting.handle_timeout(now + seconds(10));
        meeting.handle_timeout(now + seconds(20));
        let invited = commands(&mut meeting).into_iter().filter_map(|command| match command {
            Tell { message: ToListenerGateway::Invite { listener, .. }, .. } => Some(listener),
            _ => None,
        });
        invited.collect::<Vec<_>>()
    };
    let orders: std::collections::HashSet<_> = (0..9).map(order).collect();
    assert_eq!(orders.len(), 6, "three listeners can be asked in six orders");
    assert_eq!(order(u64::MAX), order(u64::MAX));
}

// Relay page 7.2: a listener of WCF Relay is told where to dial, and fetches the request.
#[test]
fn a_request_inside_its_invitation_is_never_handed_to_a_listener_that_has_no_room_for_it() {
    let now = Instant::now();
    let of_wcf = || Registration { wcf: Some(crate::relay::testing::wcf_terms()), ..registration(1) };
    let ask = |invitation, listeners| Meeting::new(terms(invitation), listeners, 0, now);
    let mut alone = ask(inline_request(), vec![of_wcf()]);
    assert_eq!(commands(&mut alone), [ForgetRendezvous, Refuse(Refusal::NoListener)]);
    let mut by_address = ask(large_request(), vec![of_wcf()]);
    assert!(matches!(&commands(&mut by_address)[..], [Tell { .. }]));
    by_address.handle_rendezvous(Arrival::Accepted, now);
    assert_eq!(by_address.joined(), Some(of_wcf().listener));
    // Another one that has room.
    let mut both = ask(inline_request(), vec![of_wcf(), registration(2)]);
    assert_eq!(commands(&mut both), [invite(1, 2, inline_request(), 60)]);
}
